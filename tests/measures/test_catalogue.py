"""The table of measures is whole: every name works on anything, and shows its unit."""

from __future__ import annotations

import math

import pytest

from chaoscli.measures.base import COUNT, Scope
from chaoscli.measures.catalogue import MEASURES, STANDARD, STANDARD_OF_LINKS
from chaoscli.topology import Link
from tests.support.recordings import recording

# What can be counted is 0 where nothing happened; everything else has no data then.
COUNTED = {
    "requests", "ok", "fallbacks", "failed", "timeouts", "refused", "resets", "unanswered", "skipped",
    "attempts", "retries", "calls", "hedges", "rejected", "cached", "turned_away", "expired", "abandoned",
    "duplicates", "mischarged", "overheard", "lost_writes", "from_future", "count",
}  # fmt: skip


@pytest.mark.parametrize("name", MEASURES)
def test_an_empty_recording_is_counted_as_nothing_and_measured_as_no_data(name: str) -> None:
    assert MEASURES[name].read(recording()) == (0.0 if name in COUNTED else None)


@pytest.mark.parametrize("name", MEASURES)
def test_a_measure_reads_every_scope_it_says_it_takes(name: str) -> None:
    play = recording().curtain(12).request(at=1, took=0.1).call("order -> inventory", "shoppers-1", at=1, took=0.1).fell(13)
    scopes = {
        "load": Scope(load="shoppers"),
        "link": Scope(link=Link("order", "inventory")),
        "node": Scope(node="inventory"),
        "result": Scope(result="any"),
        "what": Scope(what="charged"),
    }
    for taking in MEASURES[name].takes:
        value = MEASURES[name].read(play, scopes[taking])
        assert value is None or math.isfinite(value)


def test_the_tables_name_measures_that_exist_and_that_links_have() -> None:
    assert set(STANDARD) <= MEASURES.keys()
    assert all("link" in MEASURES[name].takes for name in STANDARD_OF_LINKS)


@pytest.mark.parametrize(
    ("name", "value", "shown"),
    [
        ("p99", 0.14821, "148ms"),
        ("success", 0.972, "97.2%"),
        ("peak", 131.0, "131/s"),
        ("amplification", 2.4, "2.4x"),
        ("requests", 1200.0, "1200"),
        ("duplicates", 0.0, "0"),
        ("bytes", 14_700.0, "14.7KB"),
        ("cost", 0.00412, "$0.0041"),
        ("cost", 1.5, "$1.50"),
        ("recovery", math.inf, "never"),
        ("p50", None, "no data"),
    ],
)
def test_a_value_is_shown_with_its_unit(name: str, value: float | None, shown: str) -> None:
    assert MEASURES[name].show(value) == shown


def test_a_mean_of_counts_may_have_a_fraction() -> None:
    assert [COUNT.format(value) for value in (3.0, 2.5, 1234.5)] == ["3", "2.5", "1234"]
