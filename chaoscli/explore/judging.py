"""Which promises a run broke, and when: by those who watched every fact as it happened, and by the history at the end."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from chaoscli.checks.catalogue import INVARIANTS
from chaoscli.checks.laws import Watch
from chaoscli.events import Event, Happened, RequestEnded
from chaoscli.exploration import Violation
from chaoscli.measures.base import NoData
from chaoscli.recording import Recording


class Witness:
    """A recorder that also watches: when a fact breaks a law for good, that is the guilty moment."""

    def __init__(self, recording: Recording, invariants: Sequence[str]) -> None:
        self.recording = recording
        self.moments: dict[str, float] = {}
        self._watches: Mapping[str, Watch] = {
            name: made() for name in invariants if name in INVARIANTS and (made := INVARIANTS[name].watch) is not None
        }

    def record(self, event: Event) -> None:
        self.recording.add(event)
        if isinstance(event, Happened):
            for name, breaks in self._watches.items():
                if breaks(event):
                    self.moments.setdefault(name, event.at)


def violations(witness: Witness, invariants: Sequence[str]) -> tuple[Violation, ...]:
    """Of those promises, the ones that this run broke. A law about what did not happen in it is kept."""
    return tuple(_violations(witness, invariants))


def _violations(witness: Witness, invariants: Sequence[str]) -> Iterator[Violation]:
    recording = witness.recording
    for name in invariants:
        if name not in INVARIANTS:
            continue
        try:
            finding = INVARIANTS[name].judge(recording)
        except NoData:
            continue
        if finding.guilty:
            at_s = witness.moments.get(name)
            at_s = _moment_of(recording, finding.guilty) if at_s is None else at_s
            yield Violation(invariant=name, at_s=at_s, shown=finding.shown, guilty=finding.guilty)


def _moment_of(recording: Recording, guilty: Sequence[str]) -> float:
    """The last thing that happened for the first of the guilty."""
    first = guilty[0]
    told = [fact.at for fact in recording.of(Happened) if fact.request == first]
    told = told or [ended.at for ended in recording.of(RequestEnded) if ended.request == first]
    return max(told, default=recording.events[-1].at if recording.events else 0.0)
