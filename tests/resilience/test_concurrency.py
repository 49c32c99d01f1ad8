from __future__ import annotations

import heapq
from random import Random
from typing import Any, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chaoscli.faults.base import BadSetting
from chaoscli.resilience.concurrency import SAMPLE, Concurrency, Limiter, Sample, limiter_of

Kind = Literal["fixed", "aimd", "gradient"]


def limiter(kind: Kind, **settings: Any) -> Limiter:
    return limiter_of(Concurrency(limit=kind, **settings))


def after(made: Limiter, *seconds: float, inside: int = 1000, dropped: bool = False) -> int:
    """The limit after answers that took so long, one each second."""
    for number, took in enumerate(seconds, start=1):
        made.ended(Sample(began=float(number) - took, seconds=took, inside=inside, dropped=dropped), float(number))
    return made.limit


def test_a_fixed_limit_learns_nothing() -> None:
    assert after(limiter("fixed", initial=7), 9.0, 0.001, 9.0) == 7


# -- AIMD ----------------------------------------------------------------------------------------------------------------------


def test_each_answer_in_time_adds_one_while_the_limit_is_in_use() -> None:
    assert after(limiter("aimd", initial=20), 0.1, 0.1, 0.1) == 23
    assert after(limiter("aimd", initial=20), 0.1, 0.1, 0.1, inside=9) == 20  # less than half of it
    assert after(limiter("aimd", initial=20), *[0.1] * 500) == 200


def test_a_late_answer_takes_a_tenth_away_and_so_does_one_that_was_dropped() -> None:
    assert after(limiter("aimd", initial=20), 0.6) == 18
    assert after(limiter("aimd", initial=20), 0.1, dropped=True) == 18
    assert after(limiter("aimd", initial=20), *[0.6] * 100) == 2


def test_it_is_cut_once_for_all_that_was_inside_already() -> None:
    made = limiter("aimd", initial=20)
    for number in range(15):  # all came at the same time, and were late together
        made.ended(Sample(began=0.0, seconds=1.0 + number / 100, inside=15), 1.0 + number / 100)
    assert made.limit == 18
    made.ended(Sample(began=1.5, seconds=1.0, inside=15), 2.5)  # came after the cut, and was late all the same
    assert made.limit == 16


# -- the gradient --------------------------------------------------------------------------------------------------------------


def test_while_answers_are_as_quick_as_ever_the_limit_grows_by_its_square_root_smoothed() -> None:
    # 16 * 0.8 + (16 + 4) * 0.2 = 16.8; the same from there: 16.8 + 0.2 * 4.1 = 17.6
    made = limiter("gradient", initial=16)

    assert after(made, *[0.02] * (SAMPLE - 1)) == 16
    assert after(made, 0.02) == 16
    assert after(made, *[0.02] * SAMPLE) == 17


def test_answers_slower_than_is_tolerated_bring_it_down() -> None:
    made = limiter("gradient", initial=100)
    after(made, *[0.02] * SAMPLE)  # idle: 20 ms; 100 * 0.8 + 110 * 0.2 = 102
    # Four times that, twice is tolerated: gradient 0.5; 102 * 0.8 + (51 + 10.1) * 0.2 = 93.8
    assert after(made, *[0.08] * SAMPLE) == 93


def test_an_idle_node_says_nothing_about_its_limit() -> None:
    assert after(limiter("gradient", initial=20), *[0.02] * 100, inside=3) == 20


def test_what_was_dropped_brings_it_down_whatever_the_others_took() -> None:
    # 20 * 0.8 + 20 * 0.9 * 0.2 = 19.6
    assert after(limiter("gradient", initial=20), *[0.02] * SAMPLE, dropped=True) == 19


# -- against a server ------------------------------------------------------------------------------------------------------------


def played(
    made: Limiter, *, workers: int, service_s: float, rate: float, lasts_s: float, seed: int = 7
) -> tuple[int, float, float]:
    """A node with so many workers under Poisson arrivals: its limit at the end, and over the last half answers a second and
    their mean time inside."""
    rng, now, ends = Random(seed), 0.0, list[tuple[float, float]]()
    free, done = [0.0] * workers, list[float]()
    while now < lasts_s:
        now += rng.expovariate(rate)
        while ends and ends[0][0] <= now:
            at, began = heapq.heappop(ends)
            made.ended(Sample(began=began, seconds=at - began, inside=len(ends) + 1), at)
            if at > lasts_s / 2:
                done.append(at - began)
        if len(ends) < made.limit:
            start = max(now, heapq.heappop(free))
            heapq.heappush(free, start + service_s)
            heapq.heappush(ends, (start + service_s, now))
    return made.limit, len(done) / (lasts_s / 2), sum(done) / max(1, len(done))


@pytest.mark.parametrize("kind", ["aimd", "gradient"])
def test_under_twice_the_load_an_adaptive_limit_keeps_the_workers_busy_and_the_wait_short(kind: Kind) -> None:
    # Four workers at 20 ms do 200 a second; 400 come. With 200 let in everybody would wait a second.
    settings = Concurrency(limit=kind, initial=50, slow=0.1)
    limit, rate, inside_s = played(limiter_of(settings), workers=4, service_s=0.02, rate=400.0, lasts_s=10.0)
    _, fixed_rate, fixed_s = played(limiter("fixed", initial=200), workers=4, service_s=0.02, rate=400.0, lasts_s=10.0)

    assert 4 < limit < 40
    assert rate == pytest.approx(fixed_rate, rel=0.05)
    assert (inside_s < 0.15, fixed_s > 0.9) == (True, True)


@pytest.mark.parametrize("kind", ["aimd", "gradient"])
def test_a_load_that_the_node_can_bear_is_let_in(kind: Kind) -> None:
    settings = Concurrency(limit=kind)
    _, rate, _ = played(limiter_of(settings), workers=4, service_s=0.02, rate=100.0, lasts_s=10.0)

    assert rate == pytest.approx(100.0, rel=0.1)


SAMPLES = st.builds(Sample, began=st.floats(0, 100), seconds=st.floats(0, 100), inside=st.integers(0, 300), dropped=st.booleans())


@given(st.sampled_from(["fixed", "aimd", "gradient"]), st.lists(SAMPLES, max_size=80))
def test_a_limit_never_leaves_its_bounds(kind: Kind, samples: list[Sample]) -> None:
    made = limiter(kind, initial=10, least=3, most=30)
    for sample in samples:
        made.ended(sample, sample.began + sample.seconds)
        assert 3 <= made.limit <= 30


@pytest.mark.parametrize("wrong", [{"least": 0}, {"initial": 1}, {"most": 19}, {"most": 5000, "initial": 20}])
def test_bounds_that_contradict_each_other_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(BadSetting, match=r"must lie between least .* and most .*, and those between 1 and 2048"):
        Concurrency(**wrong)
