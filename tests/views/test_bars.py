from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chaoscli.messages import Result
from chaoscli.views.bars import Scale, bar, bridged, delays, errors, scale_of, traffic
from chaoscli.views.glyphs import ASCII, UNICODE, Glyphs
from chaoscli.views.scene import Column, HopColumn, Lane, Mark, Stage, Tally, Tone

# Four rows for four tenfolds: a row each.
SCALE = Scale(0.001, 10.0)
EMPTY = (" ", "")


def column(*marks: tuple[Result, int, float, float], hanging: int = 0, oldest: float = 0.0) -> Column:
    return Column(
        marks=tuple(Mark(result=result, count=count, median_s=median, worst_s=worst) for result, count, median, worst in marks),
        hanging=hanging,
        oldest_s=oldest,
    )


def picture(one: Column, rows: int = 4) -> str:
    """Top to bottom, as one reads it."""
    return "".join(sign for sign, _ in reversed(bar(one, SCALE, rows, UNICODE, EMPTY)))


def lane(*columns: Column) -> Lane:
    return Lane(name="one", stage=Stage.OVER, columns=columns, tally=Tally())


@pytest.mark.parametrize(
    ("one", "expected"),
    [
        (column(), "    "),
        # 10 ms is one tenfold above the bottom: one full row; the worst, 100 ms, is on the second row.
        (column((Result.OK, 9, 0.01, 0.01)), "   █"),
        (column((Result.OK, 9, 0.01, 0.1)), "  ·█"),
        (column((Result.OK, 9, 0.0316, 0.0316)), "  ▄█"),
        (column((Result.OK, 9, 3.16, 3.16)), "▄▓▓▓"),
        (column((Result.FALLBACK, 9, 1.0, 1.0)), " ▒▒▒"),
        (column((Result.TIMEOUT, 9, 1.0, 1.0)), " ×││"),
        (column((Result.FAILED, 9, 1.0, 1.0)), " !││"),
        (column((Result.REFUSED, 9, 0.0011, 0.0011)), "   ø"),
        (column(hanging=3, oldest=5.0), "?┆┆┆"),
        # What is taller stands behind what is shorter.
        (column((Result.OK, 5, 0.01, 0.01), (Result.TIMEOUT, 4, 1.0, 1.0)), " ×│█"),
        (column((Result.OK, 5, 0.01, 0.01), hanging=1, oldest=2.0), "?┆┆█"),
    ],
)
def test_a_column_is_as_high_as_its_latency_and_its_sign_is_the_result(one: Column, expected: str) -> None:
    assert picture(one) == expected


@given(latency=st.floats(1e-6, 1e4), rows=st.integers(1, 8))
def test_every_latency_has_a_height_within_the_lane(latency: float, rows: int) -> None:
    assert 1 <= SCALE.eighths(latency, rows) <= rows * 8


@given(latencies=st.lists(st.floats(1e-5, 300), min_size=2, max_size=2), rows=st.integers(1, 8))
def test_longer_is_never_lower(latencies: list[float], rows: int) -> None:
    shorter, longer = sorted(latencies)
    assert SCALE.eighths(shorter, rows) <= SCALE.eighths(longer, rows)


@given(medians=st.lists(st.floats(1e-4, 100), min_size=1, max_size=5), factor=st.floats(1, 50))
def test_a_scale_holds_all_it_was_made_for_between_round_ends(medians: list[float], factor: float) -> None:
    scale = scale_of([lane(*(column((Result.OK, 1, median, median * factor)) for median in medians))])

    assert scale.bottom_s <= min(medians)
    assert scale.top_s >= max(medians) * factor * 0.999
    for end in (scale.bottom_s, scale.top_s):
        digit = end / 10 ** math.floor(math.log10(end) + 1e-9)
        assert min(abs(digit - 1), abs(digit - 3)) < 1e-6


def test_a_scale_is_there_before_anything_has_ended() -> None:
    assert scale_of([lane(Column(), Column())]) == Scale(0.003, 1.0)


def test_a_scale_labels_every_power_of_ten_and_its_ends() -> None:
    assert [round(tick, 6) for tick in Scale(0.003, 3.0).ticks()] == [0.003, 0.01, 0.1, 1.0, 3.0]


@pytest.mark.parametrize(
    ("good", "bad", "expected"),
    [(8, 0, " "), (7, 1, "▁"), (99, 1, "▁"), (4, 4, "▄"), (1, 7, "▇"), (0, 8, "█")],
)
def test_errors_are_nothing_where_all_is_well_and_one_among_many_shows(good: int, bad: int, expected: str) -> None:
    marks = [(Result.OK, good, 0.01, 0.01)] * bool(good) + [(Result.FAILED, bad, 0.01, 0.01)] * bool(bad)

    assert errors(column(*marks), UNICODE)[0] == expected


def test_where_nothing_has_ended_errors_are_an_open_question() -> None:
    assert errors(column(hanging=2, oldest=1.0), UNICODE)[0] == "?"
    assert errors(Column(), UNICODE)[0] == " "


def test_traffic_is_as_high_as_the_busiest_column_and_failures_have_a_texture_of_their_own() -> None:
    columns = [HopColumn(), HopColumn(calls=8), HopColumn(calls=4), HopColumn(calls=4, failed=3), HopColumn(calls=2, hanging=2)]

    assert "".join(sign for sign, _ in traffic(columns, UNICODE, busiest=8)) == " █▆⣶┆"


def test_a_burst_of_traffic_leaves_the_rest_its_differences() -> None:
    # sqrt(c / 64) * 8 is 1, 2, 4 and 8 eighths: the usual, four times that, sixteen times, and the burst.
    columns = [HopColumn(calls=calls, failed=failed) for calls in (1, 4, 16, 64) for failed in (0, calls)]
    assert "".join(sign for sign, _ in traffic(columns, UNICODE, busiest=64)) == "▂⣀▃⣤▅⣶█⣿"


def test_delays_are_as_high_as_the_latency_of_what_went_well() -> None:
    columns = [HopColumn(calls=1, median_s=0.01), HopColumn(calls=1, median_s=0.1), HopColumn(calls=2, failed=2), HopColumn()]

    assert "".join(sign for sign, _ in delays(columns, UNICODE, SCALE)) == "▂▄⣿ "


def test_a_gap_of_one_column_in_the_middle_of_life_is_bridged_and_silence_is_not() -> None:
    one, two = column((Result.OK, 1, 0.01, 0.01)), column((Result.OK, 1, 0.02, 0.02))

    assert bridged([one, Column(), two]) == [one, one, two]
    assert bridged([one, Column(), Column(), two]) == [one, Column(), Column(), two]
    assert bridged([one, Column()]) == [one, Column()]
    assert bridged([Column(), one]) == [Column(), one]


@pytest.mark.parametrize("signs", [UNICODE, ASCII], ids=["unicode", "ascii"])
def test_every_result_and_every_tone_has_a_sign_of_its_own(signs: Glyphs) -> None:
    assert set(signs.results) == set(Result)
    assert len(set(signs.results.values())) == len(Result)
    assert len(set(signs.tones.values())) == len(Tone)
    assert len({signs.results[Result.OK], signs.late, signs.results[Result.FALLBACK], signs.band, signs.hanging}) == 5
    assert (len(signs.levels), len(signs.bad)) == (8, 8)
