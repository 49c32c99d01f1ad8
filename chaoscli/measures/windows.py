"""Which seconds of the play a window means, by when faults really came and went."""

from __future__ import annotations

import math
from bisect import bisect_right
from dataclasses import dataclass

from chaoscli.events import FaultHealed, FaultInjected
from chaoscli.measures.base import NoData, Scope, Window
from chaoscli.recording import Recording


@dataclass(frozen=True, slots=True)
class Spans:
    """Stretches of time, each from its start up to but not including its end, in order and apart."""

    starts: tuple[float, ...]
    ends: tuple[float, ...]

    def __contains__(self, at: float) -> bool:
        place = bisect_right(self.starts, at) - 1
        return place >= 0 and at < self.ends[place]

    def seconds_into(self, at: float) -> float:
        """How long the span that holds ``at`` has lasted by then."""
        return at - self.starts[bisect_right(self.starts, at) - 1]

    def seconds_within(self, since: float, until: float) -> float:
        pairs = zip(self.starts, self.ends, strict=True)
        return sum(max(0.0, min(end, until) - max(start, since)) for start, end in pairs)


ALWAYS = Spans((-math.inf,), (math.inf,))


def spans(recording: Recording, scope: Scope) -> Spans:
    """The seconds of a scope's window. NoData when its fault never came, or never healed."""
    return ALWAYS if scope.window is None else _spans_of(recording, scope.window)


def _spans_of(recording: Recording, window: Window) -> Spans:
    if window.when == "from":
        return Spans(window.seconds[:1], window.seconds[1:])
    lives = fault_lives(recording, window.fault)
    if not lives:
        raise NoData(f"fault '{window.fault}' was never injected")
    if window.when == "before":
        return Spans((-math.inf,), (lives[0][0],))
    if window.when == "after":
        return Spans((last_heal(recording, window.fault),), (math.inf,))
    if window.when == "between":
        return _between(recording, window)
    return Spans(tuple(start for start, _ in lives), tuple(end for _, end in lives))


def _between(recording: Recording, window: Window) -> Spans:
    healed_at = last_heal(recording, window.fault)
    came_at = min((start for start, _ in fault_lives(recording, window.other) if start >= healed_at), default=None)
    if came_at is None:
        raise NoData(f"fault '{window.other}' did not come after '{window.fault}' had healed")
    return Spans((healed_at,), (came_at,))


def fault_lives(recording: Recording, fault: str) -> list[tuple[float, float]]:
    """Each time the fault was there, from its injection to its heal; one that never healed lasted to the end."""
    lives: list[tuple[float, float]] = []
    since: float | None = None
    begun = [(event.at, True) for event in recording.of(FaultInjected) if event.fault == fault]
    healed = [(event.at, False) for event in recording.of(FaultHealed) if event.fault == fault]
    over_at = -math.inf
    for at, injected in sorted(begun + healed):
        if injected and at == over_at:  # a cue that is over in the moment it is done
            lives.append((at, at))
        elif injected:
            since = at if since is None else since
        elif since is None:
            over_at = at
        else:
            lives.append((since, at))
            since = None
    if since is not None:
        lives.append((since, math.inf))
    return lives


def last_heal(recording: Recording, fault: str = "") -> float:
    """When the fault (or, unnamed, the last of all faults) was healed for good. NoData when that never came."""
    names = [fault] if fault else list(dict.fromkeys(event.fault for event in recording.of(FaultInjected)))
    ends = [life[1] for name in names for life in fault_lives(recording, name)]
    if not ends:
        raise NoData(f"fault '{fault}' was never injected" if fault else "no fault was injected")
    if math.isinf(max(ends)):
        raise NoData(f"fault '{fault}' was never healed" if fault else "the faults were never all healed")
    return max(ends)


def first_injection(recording: Recording, fault: str = "") -> float:
    """When the fault (or the first of all) came; NoData when none did."""
    starts = [event.at for event in recording.of(FaultInjected) if fault in ("", event.fault)]
    if not starts:
        raise NoData(f"fault '{fault}' was never injected" if fault else "no fault was injected")
    return min(starts)
