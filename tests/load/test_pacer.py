from __future__ import annotations

from itertools import pairwise
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chaoscli.load.course import pacer_of
from chaoscli.load.pacer import Arrivals, Pacer, Profile, Stage, starts
from chaoscli.load.settings import Load


def pacer(*stages: Stage, arrivals: Arrivals = "constant", seed: int = 7) -> Pacer:
    return Pacer(Profile(stages), arrivals, Random(seed))


def steady(starts_s: float, ends_s: float, rate: float) -> Stage:
    return Stage.steady(starts_s, ends_s, rate)


def ramp(starts_s: float, ends_s: float, rate: float, end_rate: float) -> Stage:
    return Stage(starts_s=starts_s, ends_s=ends_s, rate=rate, end_rate=end_rate)


def test_constant_arrivals_are_evenly_spaced_and_end_before_the_end() -> None:
    assert list(starts(pacer(steady(1.0, 2.0, 4.0)))) == [1.0, 1.25, 1.5, 1.75]


def test_constant_arrivals_do_not_drift() -> None:
    found = list(starts(pacer(steady(0.0, 1000.0, 30.0))))

    assert found == [n / 30.0 for n in range(30_000)]


def test_a_ramp_starts_more_and_more() -> None:
    # From 0 to 4 a second in 2 s, t * t requests are due by t: the n-th after the first starts at sqrt(n).
    assert list(starts(pacer(ramp(0.0, 2.0, 0.0, 4.0)))) == pytest.approx([0.0, 1.0, 2**0.5, 3**0.5])


def test_stages_follow_each_other_and_a_gap_is_quiet() -> None:
    profile = (steady(0.0, 1.0, 2.0), steady(3.0, 4.0, 0.0), steady(4.0, 5.0, 4.0))

    assert list(starts(pacer(*profile))) == [0.0, 0.5, 4.0, 4.25, 4.5, 4.75]


def test_a_change_of_the_rate_leaves_the_past_and_keeps_the_place_between_two_requests() -> None:
    one = pacer(steady(0.0, 2.0, 1.0))
    one.step()
    assert one.upcoming() == 1.0
    one.change_rate(0.5, 10.0)  # half of the way to the next is done; the other half takes a tenth of what it would have

    assert list(starts(one)) == pytest.approx([0.55 + n / 10 for n in range(15)])


def test_a_rate_of_nothing_is_quiet_until_it_changes() -> None:
    one = pacer(steady(0.0, 2.0, 0.0))
    assert one.upcoming() is None
    one.change_rate(1.0, 2.0)

    assert list(starts(one)) == [1.0, 1.5]


def test_changing_the_rate_after_the_end_changes_nothing() -> None:
    one = pacer(steady(0.0, 1.0, 1.0))
    one.step()
    one.change_rate(5.0, 100.0)

    assert one.upcoming() is None


def test_changing_the_rate_before_the_beginning_does_not_begin_earlier() -> None:
    one = pacer(steady(3.0, 4.0, 1.0))
    one.change_rate(0.0, 2.0)

    assert list(starts(one)) == [3.0, 3.5]


def test_a_load_begins_and_ends_within_the_play() -> None:
    load = Load(request="GET order /", rate=2.0, arrivals="constant", starts=1.0, stops=9.0)

    assert list(starts(pacer_of("shoppers", load, lasts_s=2.5, seed=7))) == [1.0, 1.5, 2.0]
    assert list(starts(pacer_of("shoppers", load, lasts_s=1.0, seed=7))) == []


def test_the_schedule_depends_on_the_seed_and_the_name_and_not_on_the_policy() -> None:
    patient = Load(request="GET order /", rate=50.0)
    hasty = Load(request="GET order /", rate=50.0, timeout=0.1)

    def schedule(name: str, load: Load, seed: int) -> list[float]:
        return list(starts(pacer_of(name, load, lasts_s=10.0, seed=seed)))

    assert schedule("shoppers", patient, 7) == schedule("shoppers", hasty, 7)
    assert schedule("shoppers", patient, 7) != schedule("shoppers", patient, 8)
    assert schedule("shoppers", patient, 7) != schedule("visitors", patient, 7)


def test_a_faster_load_rolls_the_same_dice() -> None:
    slow = list(starts(pacer(steady(0.0, 10.0, 10.0), arrivals="poisson")))
    fast = list(starts(pacer(steady(0.0, 10.0, 20.0), arrivals="poisson")))

    assert [at / 2 for at in slow] == pytest.approx(fast[: len(slow)])


@pytest.mark.parametrize("seed", range(20))
def test_poisson_arrivals_have_the_mean_and_the_spread_of_their_rate(seed: int) -> None:
    # 100/s for 100 s: 10,000 expected with a deviation of 100; five deviations happen once in two million seeds, and these
    # twenty are fixed. Gaps are exponential: their deviation equals their mean (10 ms), here within 5 %.
    found = list(starts(pacer(steady(0.0, 100.0, 100.0), arrivals="poisson", seed=seed)))
    gaps = [after - before for before, after in pairwise(found)]
    mean = sum(gaps) / len(gaps)
    deviation = (sum((gap - mean) ** 2 for gap in gaps) / len(gaps)) ** 0.5

    assert abs(len(found) - 10_000) < 500
    assert deviation == pytest.approx(0.01, rel=0.05)


RATES = st.just(0.0) | st.floats(0.01, 200.0)
STAGES = st.lists(st.tuples(st.floats(0.0, 1.0), st.floats(0.01, 2.0), RATES, RATES), min_size=1, max_size=5)


def laid_out(pieces: list[tuple[float, float, float, float]]) -> list[Stage]:
    """Stages one after the other: (gap before, length, rate, end rate)."""
    stages, at = [], 0.0
    for gap, length, rate, end_rate in pieces:
        stages.append(ramp(at + gap, at + gap + length, rate, end_rate))
        at = stages[-1].ends_s
    return stages


@given(STAGES, st.sampled_from(["constant", "poisson"]), st.integers(0, 1000))
def test_starts_come_in_order_within_the_stages_and_as_many_as_are_due(
    pieces: list[tuple[float, float, float, float]], arrivals: Arrivals, seed: int
) -> None:
    stages = laid_out(pieces)
    found = list(starts(pacer(*stages, arrivals=arrivals, seed=seed)))

    assert found == sorted(found)
    assert all(any(stage.starts_s <= at <= stage.ends_s for stage in stages) for at in found)
    if arrivals == "constant":
        due = sum((stage.rate + stage.end_rate) / 2 * (stage.ends_s - stage.starts_s) for stage in stages)
        assert abs(len(found) - due) <= 1.0


@given(STAGES, st.floats(0.0, 10.0))
def test_what_is_due_and_when_it_is_due_are_each_other_turned_round(
    pieces: list[tuple[float, float, float, float]], share: float
) -> None:
    profile = Profile(laid_out(pieces))
    due = share / 10.0 * 0.999 * profile.due(1000.0)
    at = profile.instant(due)

    if at is not None:
        assert profile.due(at) == pytest.approx(due, abs=1e-6)


@given(STAGES, st.floats(0.0, 12.0), RATES)
def test_a_change_of_the_rate_never_moves_what_was_due_before(
    pieces: list[tuple[float, float, float, float]], at: float, rate: float
) -> None:
    stages = laid_out(pieces)
    before = [one for one in starts(pacer(*stages)) if one < at]
    changed = pacer(*stages)
    changed.change_rate(at, rate)

    assert [one for one in starts(changed) if one < at][: len(before)] == pytest.approx(before, abs=1e-6)
