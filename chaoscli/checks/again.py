"""What a recording was expected to show, read again from its header, so that a file alone can be judged."""

from __future__ import annotations

from collections.abc import Iterator

from chaoscli.checks.expectation import parse_expectation
from chaoscli.checks.sentence import Expectation, ExpectationError, Names
from chaoscli.events import CurtainRose, FaultInjected, RequestStarted
from chaoscli.recording import RunRecording


def expectations_of(run: RunRecording) -> tuple[Expectation, ...]:
    """Those that the recording knows enough names for: one that speaks of a fault which never came is left out."""
    return tuple(_parsed(run))


def _parsed(run: RunRecording) -> Iterator[Expectation]:
    names = _names(run)
    for text in run.header.expectations:
        try:
            yield parse_expectation(text, names)
        except ExpectationError:
            continue


def _names(run: RunRecording) -> Names:
    recordings = run.variants.values()
    nodes = [node for one in recordings for rose in one.of(CurtainRose) for node in rose.nodes]
    return Names(
        variants=tuple(run.variants),
        links=tuple(dict.fromkeys(link for one in recordings for link in one.links)),
        nodes=tuple(dict.fromkeys(nodes)),
        loads=tuple(dict.fromkeys(started.load for one in recordings for started in one.of(RequestStarted))),
        faults=tuple(dict.fromkeys(injected.fault for one in recordings for injected in one.of(FaultInjected))),
        facts=(),
    )
