"""Who tells nobody what he does: a program that is not ours. That nothing is heard of its calls is not that there are none."""

from __future__ import annotations

from chaoscli.events import CurtainRose
from chaoscli.measures.base import NoData, Scope
from chaoscli.recording import Recording


def need_word_of_callers(recording: Recording, scope: Scope) -> None:
    """NoData where what is asked for is told by a caller, and that one tells nothing."""
    if scope.link is not None:
        _need_word_of(recording, scope.link.caller, "sends")


def need_word_of_callees(recording: Recording, scope: Scope) -> None:
    """The same for what is told by whom the calls reach."""
    _need_word_of(recording, scope.link.callee if scope.link is not None else scope.node, "is sent")


def _need_word_of(recording: Recording, node: str, does: str) -> None:
    if any(node in rose.foreign for rose in recording.of(CurtainRose)):
        raise NoData(f"'{node}' is a program of your own, and tells nobody what it {does}")
