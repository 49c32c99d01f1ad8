from __future__ import annotations

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chaoscli.messages import Response, Result
from chaoscli.resilience.ending import Ending, answered
from chaoscli.resilience.policy import Throttle
from chaoscli.resilience.throttle import Throttling

GOOD = answered(Response(status=200))
BAD = answered(Response(status=503))


def after(requests: int, accepts: int, **settings: float) -> Throttling:
    throttling = Throttling(Throttle(**settings))
    for number in range(requests):
        throttling.admits(0.0, Random(7))
        throttling.ended(GOOD if number < accepts else BAD, 0.0)
    return throttling


@pytest.mark.parametrize(
    ("requests", "accepts", "share"),
    [
        (0, 0, 0.0),
        (100, 100, 0.0),
        (100, 50, 0.0),  # K = 2: half may fail before anything is held back
        (100, 40, 20 / 101),
        (100, 0, 100 / 101),
        (1, 0, 0.5),
    ],
)
def test_the_share_held_back_is_that_of_the_book(requests: int, accepts: int, share: float) -> None:
    assert after(requests, accepts).holds_back_share(0.0) == pytest.approx(share)


def test_a_smaller_ratio_holds_back_sooner() -> None:
    # (100 - 1.1 * 80) / 101
    assert after(100, 80, ratio=1.1).holds_back_share(0.0) == pytest.approx(12 / 101)
    assert after(100, 80).holds_back_share(0.0) == 0.0


def test_an_answer_that_says_no_is_accepted_and_what_was_turned_away_further_in_is_not() -> None:
    throttling = Throttling(Throttle(ratio=1.0))
    for ending in (answered(Response(status=404)), Ending(result=Result.REFUSED, rejected=True)):
        throttling.admits(0.0, Random(7))
        throttling.ended(ending, 0.0)

    assert throttling.holds_back_share(0.0) == pytest.approx((2 - 1) / 3)


def test_what_was_long_ago_counts_no_more() -> None:
    throttling = after(100, 0, within=5.0)

    assert throttling.holds_back_share(4.4) > 0.9
    assert throttling.holds_back_share(5.5) == 0.0


def test_against_a_callee_that_fails_all_little_goes_out_but_always_something() -> None:
    # A hundred calls a second for ten seconds; all fail. What is held back counts as wanted, so some 500 in the window make the
    # share 500 / 501: about one in five hundred goes out once the window is full, and before that ever fewer.
    throttling, rng = Throttling(Throttle(within=5.0)), Random(7)
    out = [number for number in range(1000) if throttling.admits(number / 100, rng)]

    assert 3 <= len(out) <= 20


@pytest.mark.parametrize("seed", range(8))
def test_it_lets_all_out_again_some_seconds_after_the_callee_is_well(seed: int) -> None:
    # A hundred calls a second, a window of one second, well again after three. Let n of the hundred be accepted: then
    # (1 + 2n) / 101 go out, so n grows e-fold in a second, from the first to the hundredth in ln(100) = 4.6, give or take when
    # the dice let the first one out.
    throttling, rng, out = Throttling(Throttle()), Random(seed), []
    for number in range(1200):
        now, well = number / 100, number >= 300
        out.append(throttling.admits(now, rng))
        if out[-1]:
            throttling.ended(GOOD if well else BAD, now)
    each_second = [sum(out[second : second + 100]) for second in range(0, 1200, 100)]

    assert max(each_second[1:3]) <= 5
    assert 4 <= next(second for second, count in enumerate(each_second) if count >= 95) <= 9
    assert each_second[-2:] == [100, 100]


@given(st.lists(st.tuples(st.floats(0, 1), st.sampled_from([GOOD, BAD])), max_size=80), st.floats(1.0, 5.0))
def test_the_share_is_one_and_nobody_is_held_back_from_a_callee_that_accepts_all(
    steps: list[tuple[float, Ending]], ratio: float
) -> None:
    throttling, kind, now = Throttling(Throttle(ratio=ratio)), Throttling(Throttle(ratio=ratio)), 0.0
    for step, ending in steps:
        now += step
        throttling.admits(now, Random(7))
        throttling.ended(ending, now)
        assert kind.admits(now, Random(7))
        kind.ended(GOOD, now)
        assert 0.0 <= throttling.holds_back_share(now) < 1.0
