from __future__ import annotations

import pytest

from tests.bench.figures import DIRECT, OURS, TOXIPROXY, Results, Sample, aligned, bounds, document, table


def _results(**figures: dict[str, list[float]]) -> Results:
    """Samples by subject and figure, one value for each round."""
    return Results(
        [
            Sample(round=turn, subject=subject, figure=figure, value=value)
            for subject, values_of in figures.items()
            for figure, values in values_of.items()
            for turn, value in enumerate(values)
        ]
    )


def test_a_ratio_is_the_median_of_pairs_and_not_the_ratio_of_medians() -> None:
    results = _results(direct={"round trips/s": [100.0, 10.0, 1.0]}, chaoscli={"round trips/s": [50.0, 6.0, 0.9]})
    # 0.5, 0.6 and 0.9; the medians' ratio would be 0.6 as well by chance of 6 / 10
    assert results.ratio(OURS, DIRECT, "round trips/s") == pytest.approx(0.6)
    results = _results(direct={"f": [100.0, 10.0, 1.0]}, chaoscli={"f": [50.0, 1.0, 0.9]})
    # 0.5, 0.1, 0.9 of each round; the ratio of medians is 1 / 10
    assert results.ratio(OURS, DIRECT, "f") == pytest.approx(0.5)


def test_what_is_added_is_what_is_more_than_direct_in_the_same_round() -> None:
    results = _results(direct={"p50 us": [10.0, 90.0, 12.0]}, chaoscli={"p50 us": [40.0, 121.0, 44.0]})
    assert results.added(OURS, "p50 us") == 31.0


def test_the_table_has_a_column_for_each_subject_with_its_ratio_to_direct() -> None:
    results = _results(direct={"GB/s": [4.0]}, chaoscli={"GB/s": [2.0], "memory MB": [31.04]})
    assert table(results) == [["", "direct", "chaoscli"], ["GB/s", "4", "2 (0.50)"], ["memory MB", "", "31"]]
    assert aligned(table(results)).splitlines() == [
        "           direct  chaoscli",
        "GB/s            4  2 (0.50)",
        "memory MB                31",
    ]


def test_bounds_hold_are_missed_or_have_nothing_to_compare_with() -> None:
    results = _results(
        direct={"round trips/s": [100.0], "down GB/s": [4.0]},
        chaoscli={"round trips/s": [50.0], "down GB/s": [1.0]},
    )
    by_name = {held.bound: held for held in bounds(results)}
    assert by_name["round trips a second, of direct >= 0.38"].holds is True
    assert by_name["down GB/s, of direct >= 0.6"].holds is False
    assert by_name["down GB/s, of direct >= 0.6"].measured == "0.25"
    assert by_name["down GB/s, of toxiproxy >= 4"].holds is None


def test_an_error_early_is_held_to_the_same_bound_as_one_late() -> None:
    for error_ms, holds in ((0.15, True), (-0.15, True), (-0.25, False), (0.25, False)):
        results = _results(chaoscli={"error p50 ms at 5 ms": [error_ms]}, toxiproxy={"error p50 ms at 5 ms": [0.6]})
        by_name = {held.bound: held for held in bounds(results)}
        assert by_name["error p50 ms at 5 ms <= 0.2"].holds is holds
        assert by_name["error p50 ms at 5 ms, of toxiproxy's <= 0.5"].holds is True


def test_the_document_has_medians_bounds_and_every_sample() -> None:
    results = _results(direct={"f": [1.0, 3.0]}, chaoscli={"f": [1.0, 2.0]}, toxiproxy={"f": [5.0, 5.0]})
    plain = document(results, {"system": "here"})
    assert plain["machine"] == {"system": "here"}
    assert plain["medians"] == {DIRECT: {"f": 2.0}, OURS: {"f": 1.5}, TOXIPROXY: {"f": 5.0}}
    samples = plain["samples"]
    assert isinstance(samples, list)
    assert len(samples) == 6
