"""Two worlds side by side: a row for each difference, the count, and a word about a busy host."""

from __future__ import annotations

from dataclasses import replace
from io import StringIO

from rich.console import Console

from chaoscli.checks.agreement import Comparison
from chaoscli.views.agreement import Agreement

SAME = Comparison(variant="naive", what="success", real="97%", simulated="98%", tolerance="3%", agrees=True)
OTHER = Comparison(
    variant="naive", what="p50 of a -> b", real="25ms", simulated="12ms", tolerance="15 %, at least 4ms", agrees=False
)


def drawn(agreement: Agreement) -> list[str]:
    console = Console(file=StringIO(), width=100, color_system=None)
    console.print(agreement)
    assert isinstance(console.file, StringIO)
    return [line.rstrip() for line in console.file.getvalue().splitlines()]


def test_worlds_that_agree_take_one_line() -> None:
    assert drawn(Agreement("drops", [SAME])) == ["✓ drops: the worlds agree on 1 of 1"]


def test_a_difference_is_a_row_and_the_rest_is_counted() -> None:
    lines = drawn(Agreement("drops", [SAME, OTHER]))
    assert len(lines) == 3
    assert lines[0].split() == ["real", "simulated", "may", "differ", "by"]
    assert lines[1].split("  ")[0] == "✗"
    assert "p50 of a -> b" in lines[1]
    assert lines[2] == "✗ drops: the worlds agree on 1 of 2"


def test_all_rows_are_shown_when_asked_for() -> None:
    lines = drawn(Agreement("drops", [SAME, OTHER], all_rows=True))
    assert [line[0] for line in lines[1:3]] == ["✓", "✗"]


def test_a_difference_with_a_reason_is_shown_with_it_and_does_not_count() -> None:
    right = replace(OTHER, reason="the host has two cores")
    lines = drawn(Agreement("drops", [SAME, right]))
    assert lines[1][0] == "·"
    assert lines[1].endswith("the host has two cores")
    assert lines[2] == "✓ drops: the worlds agree on 1 of 2, and differ with a reason on 1"


def test_a_busy_host_is_named() -> None:
    assert drawn(Agreement("drops", [SAME], late_s=0.25))[-1].endswith("the real load was up to 250ms late, by a busy host")
    assert "busy" not in drawn(Agreement("drops", [SAME], late_s=0.005))[-1]
