"""When something of the script happens: at an instant or for a while, once or again and again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from chaoscli.playbook.model import Fields, optional, quantity
from chaoscli.playbook.nodes import MappingNode, Problems
from chaoscli.units import DURATION, format_duration

# Each is a cue, a band on one screen and a row of events; a script of more is a fuzzer's.
MOST_TIMES = 100
# Times are sums of floats: what is equal on paper must not be a moment late.
NEARLY_S = 1e-9


Span = tuple[float, float | None]


def lives(at_s: float, until_s: float | None, again: Sequence[float]) -> tuple[Span, ...]:
    """Beginning and end of each time that something comes; None: it has no end of its own."""
    lasts_s = None if until_s is None else until_s - at_s
    return ((at_s, until_s), *((one, None if lasts_s is None else one + lasts_s) for one in again))


@dataclass(frozen=True, slots=True, kw_only=True)
class Times:
    """From ``at_s`` until ``until_s`` (None: no end of its own), and again, as long each time, at each instant of ``again``."""

    at_s: float = 0.0
    until_s: float | None = None
    again: tuple[float, ...] = ()


def time_fields(*, may_last: bool = True) -> Fields:
    """The keys that say when."""
    fields: Fields = {"at": (quantity(DURATION), optional("when it begins, after the start of the play"))}
    if may_last:
        fields["for"] = (quantity(DURATION), optional("how long it lasts; to the end of the play without"))
    until = "with `every`: when it comes no more"
    if may_last:
        until = f"when it ends, instead of `for`; {until}"
    return fields | {
        "every": (quantity(DURATION), optional("come again after so long, each time as long as `for` says")),
        "until": (quantity(DURATION), optional(until)),
        "when": (str, optional("come once a measure crosses a bound, like `queue(order) > 10 over 2s`; not before `at`")),
    }


def read_times(written: MappingNode, given: dict[str, Any], lasts_s: float | None, what: str, problems: Problems) -> Times:
    """``given`` are the values of ``written`` that could be read; ``what`` names the thing ("a fault"). ``lasts_s`` None: not
    known, so nothing is held against it."""
    return _Reading(written, given, lasts_s, what, problems).times()


@dataclass
class _Reading:
    written: MappingNode
    given: dict[str, Any]
    lasts_s: float | None
    what: str
    problems: Problems

    def times(self) -> Times:
        at_s: float = self.given.get("at", 0.0)
        every_s: float | None = self.given.get("every")
        until_s: float | None = self.given.get("until")
        if "when" in self.given:
            return self._conditional(at_s)
        if every_s is not None:
            return self._repeated(at_s, every_s, until_s)
        ending = "until"
        if "for" in self.given:
            if until_s is not None:
                self._problem("until", f"{self.what} has `for` or `until`, not both", "leave one of them out")
            until_s, ending = at_s + self.given["for"], "for"
        self._check_end(at_s, until_s, ending)
        return Times(at_s=at_s, until_s=until_s)

    def _conditional(self, at_s: float) -> Times:
        """Whatever begins when nobody can say beforehand lasts for a time, or until the play is over."""
        for key in ("every", "until"):
            if key in self.given:
                self._problem(key, f"{self.what} that waits for its `when` has no `{key}`", "say with `for` how long it lasts")
        for_s: float | None = self.given.get("for")
        until_s = None if for_s is None else at_s + for_s
        self._check_end(at_s, until_s, "for")
        return Times(at_s=at_s, until_s=until_s)

    def _repeated(self, at_s: float, every_s: float, until_s: float | None) -> Times:
        for_s: float | None = self.given.get("for")
        ends_s = None if for_s is None else at_s + for_s
        if every_s <= 0.0:
            self._problem("every", "it would come again at once, for ever", "give it a time, like `every: 2s`")
            return Times(at_s=at_s, until_s=ends_s)
        if for_s is not None and for_s >= every_s:
            message = f"it would come again after {format_duration(every_s)}, before the {format_duration(for_s)} are over"
            self._problem("every", message, "make `for` shorter")
            return Times(at_s=at_s, until_s=ends_s)
        self._check_end(at_s, ends_s, "for")
        if until_s is not None:
            self._check_end(at_s, until_s, "until")
        last_s = min(one for one in (until_s, self.lasts_s, at_s + MOST_TIMES * every_s) if one is not None)
        if (last_s - at_s) / every_s >= MOST_TIMES:
            self._problem("every", f"it would come more than {MOST_TIMES} times", "make it rarer, or end it earlier with `until`")
            return Times(at_s=at_s, until_s=ends_s)
        instants = (at_s + number * every_s for number in range(1, MOST_TIMES))
        fits = tuple(one for one in instants if one + (for_s or 0.0) <= last_s + NEARLY_S and one < last_s - NEARLY_S)
        return Times(at_s=at_s, until_s=ends_s, again=fits)

    def _check_end(self, at_s: float, until_s: float | None, ending: str) -> None:
        lasts_s = self.lasts_s
        if until_s is not None and until_s <= at_s:
            message = "it lasts no time at all" if ending == "for" else f"it ends before it begins, at {format_duration(at_s)}"
            self._problem(ending, message)
        elif lasts_s is not None and at_s >= lasts_s:
            self._problem("at", f"the play is over by then: it lasts {format_duration(lasts_s)}")
        elif lasts_s is not None and until_s is not None and until_s > lasts_s + NEARLY_S:
            end, lasts = format_duration(until_s), format_duration(lasts_s)
            self._problem(
                ending, f"it would end at {end}, after the play, which lasts {lasts}", "leave it out: it ends with the play"
            )

    def _problem(self, key: str, message: str, hint: str = "") -> None:
        self.problems.add(self.written.entries[key].value.place, message, hint)
