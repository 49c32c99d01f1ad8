"""Who tells nobody what he does: a program that is not ours. That nothing is heard of its calls is not that there are none."""

from __future__ import annotations

from chaoscli.events import CurtainRose
from chaoscli.measures.base import Compute, NoData, Scope, Teller
from chaoscli.recording import Recording


def heard(compute: Compute, told_by: frozenset[Teller]) -> Compute:
    """The same, but NoData where it rests on the word of a program that tells nothing."""

    def computed(recording: Recording, scope: Scope) -> float:
        if scope.link is not None:
            if "caller" in told_by and is_silent(recording, scope.link.caller):
                raise _no_word(scope.link.caller, "sends")
            if "callee" in told_by and is_silent(recording, scope.link.callee):
                raise _no_word(scope.link.callee, "is sent")
        elif scope.node and told_by & {"caller", "callee"} and is_silent(recording, scope.node):
            raise _no_word(scope.node, "is sent")
        return compute(recording, scope)

    return computed


def is_silent(recording: Recording, node: str) -> bool:
    return any(node in rose.foreign for rose in recording.of(CurtainRose))


def _no_word(node: str, does: str) -> NoData:
    return NoData(f"'{node}' is a program of your own, and tells nobody what it {does}")
