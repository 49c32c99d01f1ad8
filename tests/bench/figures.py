"""Medians of interleaved rounds, their ratios to other subjects of the same round, and the bounds they are held to. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from statistics import median

from tests.bench.subjects import DELAYS_MS

OURS, POLLING, DIRECT, TOXIPROXY = "chaoscli", "chaoscli --poll 200us", "direct", "toxiproxy"


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    round: int
    subject: str
    figure: str
    value: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """One bound, what was measured, and whether it held; None when there was nothing to compare with."""

    bound: str
    measured: str
    holds: bool | None


class Results:
    """All samples of a run."""

    def __init__(self, samples: Sequence[Sample]) -> None:
        self.samples = tuple(samples)
        self._values = {(one.subject, one.figure, one.round): one.value for one in samples}

    @property
    def subjects(self) -> list[str]:
        return list(dict.fromkeys(one.subject for one in self.samples))

    @property
    def figures(self) -> list[str]:
        return list(dict.fromkeys(one.figure for one in self.samples))

    def values(self, subject: str, figure: str) -> list[float]:
        return [value for (who, what, _), value in self._values.items() if (who, what) == (subject, figure)]

    def median(self, subject: str, figure: str) -> float | None:
        values = self.values(subject, figure)
        return median(values) if values else None

    def paired(self, subject: str, other: str, figure: str, combine: Callable[[float, float], float]) -> float | None:
        """The median of what ``combine`` makes of both subjects' values of the same round."""
        pairs = [
            combine(value, self._values[other, figure, turn])
            for (who, what, turn), value in self._values.items()
            if (who, what) == (subject, figure) and (other, figure, turn) in self._values
        ]
        return median(pairs) if pairs else None

    def ratio(self, subject: str, other: str, figure: str) -> float | None:
        return self.paired(subject, other, figure, lambda one, two: one / two if two else 0.0)

    def added(self, subject: str, figure: str) -> float | None:
        """What the subject adds to the direct way."""
        return self.paired(subject, DIRECT, figure, lambda one, two: one - two)


def table(results: Results) -> list[list[str]]:
    """A row for each figure: its name, then each subject's median and, where there is one, the ratio to direct."""
    rows = [["", *results.subjects]]
    for figure in results.figures:
        row = [figure]
        for subject in results.subjects:
            value, ratio = results.median(subject, figure), results.ratio(subject, DIRECT, figure)
            text = "" if value is None else f"{value:,.3g}" if abs(value) < 1000 else f"{value:,.0f}"
            row.append(f"{text} ({ratio:.2f})" if text and ratio and subject != DIRECT else text)
        rows.append(row)
    return rows


def bounds(results: Results) -> list[Held]:
    """What the proxy is held to, on two cores, medians of interleaved rounds."""
    many, zero, each = "round trips/s", "round trips/s, 0 ms", "connections/s"
    held = [
        _least("round trips a second, of direct", results.ratio(OURS, DIRECT, many), 0.38),
        _least("round trips a second, of toxiproxy", results.ratio(OURS, TOXIPROXY, many), 1.2),
        _most(
            "added p50, of what toxiproxy adds", _share(results.added(OURS, "p50 us"), results.added(TOXIPROXY, "p50 us")), 0.8
        ),
        _most("added p50 where polling is allowed, us", results.added(POLLING, "p50 us"), 60.0),
        _least("connections a second, of toxiproxy", results.ratio(OURS, TOXIPROXY, each), 2.0),
    ]
    for figure, of_direct in (("down GB/s", 0.6), ("up GB/s", 0.6), ("both GB/s", 0.4)):
        held.append(_least(f"{figure}, of direct", results.ratio(OURS, DIRECT, figure), of_direct))
        held.append(_least(f"{figure}, of toxiproxy", results.ratio(OURS, TOXIPROXY, figure), 4.0))
    for when in ("", ", busy"):
        held.extend(bound for delay_ms in DELAYS_MS for bound in _delay_bounds(results, delay_ms, when))
    held.append(_most("bandwidth error, %", _size(results.median(OURS, "bandwidth error %")), 1.0))
    held.append(_least("through a fault of 0 ms, of clean", _share(results.median(OURS, zero), results.median(OURS, many)), 0.5))
    held.append(_least("through a fault of 0 ms, of toxiproxy", results.ratio(OURS, TOXIPROXY, zero), 1.0))
    held.append(_most("memory when idle, MB", results.median(OURS, "memory MB"), 40.0))
    held.append(_most("memory for each idle connection, KB", results.median(OURS, "memory KB/connection"), 4.0))
    return held


def _delay_bounds(results: Results, delay_ms: int, when: str) -> list[Held]:
    p50, p99 = f"error p50 ms at {delay_ms} ms{when}", f"error p99 ms at {delay_ms} ms{when}"
    ours, theirs = _size(results.median(OURS, p50)), _size(results.median(TOXIPROXY, p50))
    mine, others = results.median(OURS, p99), results.median(TOXIPROXY, p99)
    return [
        _most(p50, ours, 0.2),
        _most(f"{p50}, of toxiproxy's", _share(ours, theirs), 0.5),
        _most(f"{p99}, of toxiproxy's", _share(mine, others), 1.0),
    ]


def _least(name: str, value: float | None, bound: float) -> Held:
    return Held(bound=f"{name} >= {bound:g}", measured=_text(value), holds=None if value is None else value >= bound)


def _most(name: str, value: float | None, bound: float) -> Held:
    return Held(bound=f"{name} <= {bound:g}", measured=_text(value), holds=None if value is None else value <= bound)


def _share(one: float | None, other: float | None) -> float | None:
    return None if one is None or not other else one / other


def _size(value: float | None) -> float | None:
    return None if value is None else abs(value)


def _text(value: float | None) -> str:
    return "" if value is None else f"{value:.3g}"


def aligned(rows: Sequence[Sequence[str]]) -> str:
    """Columns side by side, the first to the left."""
    widths = [max(len(row[place]) for row in rows) for place in range(len(rows[0]))]
    return "\n".join(
        "  ".join(
            cell.ljust(width) if not place else cell.rjust(width)
            for place, (cell, width) in enumerate(zip(row, widths, strict=True))
        )
        for row in rows
    )


def document(results: Results, machine: Mapping[str, str]) -> dict[str, object]:
    """Everything, for a program to read."""
    return {
        "machine": dict(machine),
        "medians": {who: {what: results.median(who, what) for what in results.figures} for who in results.subjects},
        "bounds": [{"bound": one.bound, "measured": one.measured, "holds": one.holds} for one in bounds(results)],
        "samples": [
            {"round": one.round, "subject": one.subject, "figure": one.figure, "value": one.value} for one in results.samples
        ],
    }
