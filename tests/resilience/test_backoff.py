from __future__ import annotations

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chaoscli.resilience.backoff import pause_s
from chaoscli.resilience.policy import Retry

RETRIES = st.builds(
    Retry,
    backoff=st.sampled_from(["none", "constant", "exponential"]),
    base=st.floats(0.0, 1e6),
    factor=st.floats(1.0, 1e6),
    cap=st.floats(0.0, 1e6),
    jitter=st.sampled_from(["none", "full"]),
)


def pauses(retry: Retry, seed: int = 7) -> list[float]:
    """Before the first retry and the next five."""
    return [pause_s(retry, before, Random(seed)) for before in range(6)]


def test_no_backoff_tries_again_at_once() -> None:
    assert pauses(Retry(backoff="none")) == [0.0] * 6


def test_constant_backoff_pauses_the_same_each_time() -> None:
    assert pauses(Retry(backoff="constant", base=0.25)) == [0.25] * 6


def test_exponential_backoff_doubles_up_to_the_cap() -> None:
    assert pauses(Retry(backoff="exponential", base=0.1, cap=1.0)) == pytest.approx([0.1, 0.2, 0.4, 0.8, 1.0, 1.0])


def test_the_factor_is_by_how_much_it_grows() -> None:
    assert pauses(Retry(backoff="exponential", base=0.01, factor=3.0)) == pytest.approx([0.01, 0.03, 0.09, 0.27, 0.81, 2.43])


def test_the_cap_holds_for_constant_pauses_too() -> None:
    assert pauses(Retry(backoff="constant", base=30.0, cap=10.0)) == [10.0] * 6


def test_full_jitter_fills_the_whole_pause_evenly() -> None:
    # Ten thousand draws from nothing to 0.4 s: their mean is 0.2 s with a deviation of 0.4 / sqrt(12 * 10,000) = 1.2 ms.
    retry = Retry(backoff="exponential", base=0.1, jitter="full")
    rng = Random(7)
    drawn = [pause_s(retry, 2, rng) for _ in range(10_000)]

    assert sum(drawn) / len(drawn) == pytest.approx(0.2, abs=0.006)
    assert min(drawn) < 0.001
    assert max(drawn) > 0.399


@given(RETRIES, st.integers(0, 100), st.integers())
def test_a_pause_is_never_negative_and_never_beyond_the_cap(retry: Retry, before: int, seed: int) -> None:
    assert 0.0 <= pause_s(retry, before, Random(seed)) <= retry.cap


@given(RETRIES, st.integers(0, 100), st.integers())
def test_jitter_only_shortens(retry: Retry, before: int, seed: int) -> None:
    plain = Retry(backoff=retry.backoff, base=retry.base, factor=retry.factor, cap=retry.cap)

    assert pause_s(retry, before, Random(seed)) <= pause_s(plain, before, Random(seed))


@given(RETRIES, st.integers(0, 100))
def test_without_jitter_pauses_never_shrink_and_need_no_dice(retry: Retry, before: int) -> None:
    plain = Retry(backoff=retry.backoff, base=retry.base, factor=retry.factor, cap=retry.cap)

    assert pause_s(plain, before, Random(1)) <= pause_s(plain, before + 1, Random(2))
