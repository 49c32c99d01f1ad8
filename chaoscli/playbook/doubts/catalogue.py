"""Everything `chaos check` has doubts about, by the names that `deliberate` knows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from chaoscli.errors import Problem
from chaoscli.playbook.doubts.base import Doubt, Staged
from chaoscli.playbook.doubts.promises import PROMISES
from chaoscli.playbook.doubts.retrying import RETRYING
from chaoscli.playbook.doubts.timing import TIMING
from chaoscli.playbook.doubts.traffic import TRAFFIC
from chaoscli.playbook.doubts.waiting import WAITING
from chaoscli.playbook.nodes import problem

DOUBTS: dict[str, Doubt] = {doubt.name: doubt for doubt in (*WAITING, *RETRYING, *TRAFFIC, *TIMING, *PROMISES)}


def doubts_about(variants: Sequence[Staged], deliberate: Sequence[str]) -> tuple[Problem, ...]:
    """Each doubt once at each place, however many variants or callees it is about, in the order of the text."""
    found: dict[tuple[str, int, int, str], Problem] = {}
    for staged in variants:
        for name, one in _of(staged, deliberate):
            found.setdefault((one.place.file, one.place.line, one.place.column, name), one)
    return tuple(sorted(found.values(), key=lambda one: (one.place.file, one.place.line, one.place.column)))


def _of(staged: Staged, deliberate: Sequence[str]) -> Iterator[tuple[str, Problem]]:
    for doubt in DOUBTS.values():
        if doubt.name not in deliberate:
            for one in doubt.find(staged):
                yield doubt.name, problem(one.place, f"{one.message} [{doubt.name}]", one.hint)
