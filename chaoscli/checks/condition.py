"""A sentence that is asked while a play goes on: ``errors > 90% over 2s``. Asked of what ended in the last while, and not before
that while is over, so that the first failure of a play is not all there is to judge by."""

from __future__ import annotations

import re
from dataclasses import dataclass

from chaoscli.checks.evaluate import evaluate
from chaoscli.checks.expectation import parse_expectation
from chaoscli.checks.quantities import read_quantity
from chaoscli.checks.sentence import Expectation, ExpectationError, Names
from chaoscli.checks.when import within
from chaoscli.events import CurtainRose, FaultHealed, FaultInjected
from chaoscli.measures.base import PER_SECOND, Window
from chaoscli.recording import Header, Recording, RunRecording

_OVER = re.compile(r"\s+over\s+(?P<while>\S+)\s*$")
USUAL_OVER_S = 1.0
# Shorter, and a handful of requests decides; longer, and it is a question for the end of the play.
SHORTEST_OVER_S, LONGEST_OVER_S = 0.1, 60.0
# What processes tell of one instant is heard within this time, and in no one order.
HEARD_WITHIN_S = 0.25
# Kept whatever their age: windows and lengths are told by them.
_KEPT = (CurtainRose, FaultInjected, FaultHealed)


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """``text`` as written; ``expectation`` is its claim; judged over what ended in the last ``over_s`` seconds."""

    text: str
    expectation: Expectation
    over_s: float


def parse_condition(text: str, names: Names) -> Condition:
    """ExpectationError says what is wrong with ``text``, and where."""
    over = _OVER.search(text)
    claim = text[: over.start()] if over else text
    expectation = parse_expectation(claim, names)
    if expectation.comparison is None:
        raise ExpectationError(
            "a law is for the end of a play: what is asked meanwhile is a measure and its bound", width=len(claim)
        )
    if expectation.variants or any(read.variant for read in expectation.measured):
        raise ExpectationError("this is asked of each variant by itself: it cannot name one", width=len(claim))
    within(expectation.comparison, Window("from", seconds=(0.0, USUAL_OVER_S)), 0)  # refuses what has no while
    return Condition(text=" ".join(text.split()), expectation=expectation, over_s=_over_s(over))


def _over_s(over: re.Match[str] | None) -> float:
    if over is None:
        return USUAL_OVER_S
    quantity = read_quantity(over["while"])
    if quantity.dimension != 1 or not SHORTEST_OVER_S <= quantity.value <= LONGEST_OVER_S:
        message = f"'over' needs a time from {SHORTEST_OVER_S:g}s to {LONGEST_OVER_S:g}s, not '{over['while']}'"
        raise ExpectationError(message, offset=over.start("while"), width=len(over["while"]))
    return quantity.value


def met(condition: Condition, heard: Recording, now: float) -> str:
    """With which values it holds just now; empty while it does not, where there is no data, and before its time is over."""
    since = now - condition.over_s
    comparison = condition.expectation.comparison
    if since < 0.0 or comparison is None:
        return ""
    # What happens so often a second is counted by the clock; everything else is of what is left of the recording.
    asked = within(comparison, Window("from", seconds=(since, now)), 0, only=lambda read: read.measure.unit is PER_SECOND)
    run = RunRecording(header=Header(playbook=""), variants={heard.name: _since(heard, since)})
    (check,) = evaluate(Expectation(text=condition.text, claim=condition.text, comparison=asked), run)
    return check.shown if check.held else ""


def _since(heard: Recording, since: float) -> Recording:
    """What came to an end in the last while, whenever it began: a request that hangs is heard of when its caller gives up."""
    events = []
    for event in reversed(heard.events):
        if event.at < since - HEARD_WITHIN_S:
            break
        if event.at >= since:
            events.append(event)
    kept = [one for kind in _KEPT for one in heard.of(kind) if one.at < since]
    return Recording(heard.name, [*sorted(kept, key=lambda one: one.at), *reversed(events)])
