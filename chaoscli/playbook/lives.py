"""Whether the cues make sense one after another: nobody can be paused who is dead, or go on who was not paused."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from chaoscli.errors import Place
from chaoscli.playbook.meaning import CuePlan
from chaoscli.playbook.nodes import Problems
from chaoscli.units import format_duration

_WHAT_ENDS = {"kill": "restart", "pause": "resume"}


@dataclass(frozen=True, slots=True)
class _Turn:
    """One thing that happens to one node."""

    at_s: float
    kind: str
    place: Place


@dataclass(frozen=True, slots=True)
class _State:
    """Up, paused or dead, and since when."""

    word: str = "up"
    since_s: float = 0.0
    line: int = 0


def check_lives(cues: Sequence[tuple[CuePlan, Place]], but: frozenset[str], problems: Problems) -> None:
    """Follow each node and load through the play, ``but`` these; of each, the first turn that cannot be is a problem."""
    for name in dict.fromkeys(target for plan, _ in cues for target in plan.targets if target not in but):
        state = _State()
        # At one instant what ends goes before what begins, as it is played.
        for turn in sorted(_turns(name, cues), key=lambda one: (one.at_s, one.kind not in ("restart", "resume"))):
            wrong = _wrong(name, turn, state)
            if wrong:
                problems.add(turn.place, wrong[0], wrong[1])
                break
            state = _after(turn)


def _turns(name: str, cues: Sequence[tuple[CuePlan, Place]]) -> Iterator[_Turn]:
    for plan, place in cues:
        if name not in plan.targets or plan.kind not in ("kill", "restart", "pause", "resume"):
            continue
        for begins, ends in plan.lives:
            yield _Turn(begins, plan.kind, place)
            if ends is not None:
                yield _Turn(ends, _WHAT_ENDS[plan.kind], place)


def _wrong(name: str, turn: _Turn, state: _State) -> tuple[str, str] | None:
    """Message and hint for a turn that cannot be."""
    when, since = format_duration(turn.at_s), f"since {format_duration(state.since_s)}, by line {state.line}"
    if turn.kind == "resume" and state.word != "paused":
        return f"'{name}' is not paused at {when}, so it cannot go on", f"pause it before: `pause: {name}`"
    if turn.kind in ("kill", "pause") and state.word == "dead":
        return f"'{name}' is dead at {when}: {since}", f"restart it before: `restart: {name}`"
    if turn.kind == "pause" and state.word == "paused":
        return f"'{name}' is paused at {when} already: {since}", f"resume it before: `resume: {name}`"
    return None


def _after(turn: _Turn) -> _State:
    word = {"kill": "dead", "pause": "paused"}.get(turn.kind, "up")
    return _State(word, turn.at_s, turn.place.line)
