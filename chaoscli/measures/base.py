"""What a measure is: a number over one variant's recording, within a scope; and what it says when there is nothing to measure."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, get_args

from chaoscli.recording import Recording
from chaoscli.topology import Link
from chaoscli.units import RATE, Unit, format_duration, parse_factor

When = Literal["during", "before", "after", "between", "from"]
Taking = Literal["load", "link", "node", "result", "what"]
Teller = Literal["caller", "callee", "load", "proxy", "stage"]


def _format_count(count: float) -> str:
    return f"{count:.0f}" if count == round(count) or abs(count) >= 100 else f"{count:.3g}"


COUNT = Unit("number", "12", parse_factor, _format_count)
# Reads like a rate and is compared like one; an idle second is still "0/s".
PER_SECOND = RATE


class NoData(Exception):
    """There is nothing to measure; the message is the reason, a lower-case clause."""


@dataclass(frozen=True, slots=True)
class Window:
    """A part of the play. Told by a fault: while it lasted, before it first came, after it last healed; "between": after
    ``fault`` last healed and before ``other`` came next. Told by the clock ("from"): ``seconds`` since the curtain rose."""

    when: When
    fault: str = ""
    other: str = ""
    seconds: tuple[float, float] = (-math.inf, math.inf)

    def __str__(self) -> str:
        if self.when == "between":
            return f"between {self.fault} and {self.other}"
        return _clocked(*self.seconds) if self.when == "from" else f"{self.when} {self.fault}"


def _clocked(starts_s: float, ends_s: float) -> str:
    if math.isinf(starts_s):
        return f"before {format_duration(ends_s)}"
    starts = format_duration(starts_s)
    return f"after {starts}" if math.isinf(ends_s) else f"from {starts} to {format_duration(ends_s)}"


EVERY_WINDOW: frozenset[When] = frozenset(get_args(When))


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """What is measured. Without a load, link or node: the requests of all loads. ``result`` is a result's word,
    "failures" (all that did not succeed) or "any"; empty is the measure's own choice. ``what`` names a fact of the shop."""

    load: str = ""
    link: Link | None = None
    node: str = ""
    result: str = ""
    what: str = ""
    window: Window | None = None


Compute = Callable[[Recording, Scope], float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Measure:
    """``takes`` says which scopes it understands, ``needs`` the one it cannot do without, ``windows`` which windows, ``told_by``
    whose word it rests on: of a link the caller's or the callee's, of a node its own for either; or somebody's who always tells.
    ``compute`` raises NoData; infinite is "never"."""

    name: str
    doc: str
    unit: Unit
    compute: Compute
    takes: frozenset[Taking] = frozenset({"load"})
    needs: Taking | None = None
    windows: frozenset[When] = EVERY_WINDOW
    told_by: frozenset[Teller] = frozenset({"caller"})

    def read(self, recording: Recording, scope: Scope | None = None) -> float | None:
        """The value, or None when there is no data."""
        try:
            return self.compute(recording, scope or Scope())
        except NoData:
            return None

    def show(self, value: float | None) -> str:
        """The value with its unit: ``148ms``, ``97.2%``; "no data", "never"."""
        if value is None:
            return "no data"
        return "never" if math.isinf(value) else self.unit.format(value)
