from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chaoscli.resilience.budget import MOST_SAVED, Budget


def after(share: float, first_tries: int) -> Budget:
    budget = Budget(share)
    for _ in range(first_tries):
        budget.first_try()
    return budget


def spent(budget: Budget) -> int:
    """How many retries go out when as many as possible are asked for."""
    count = 0
    while budget.spend():
        count += 1
    return count


@pytest.mark.parametrize(
    ("share", "first_tries", "retries"),
    [(0.1, 0, 0), (0.1, 9, 0), (0.1, 10, 1), (0.1, 19, 1), (0.1, 50, 5), (0.2, 5, 1), (1.0, 3, 3), (0.0, 1000, 0)],
)
def test_retries_are_a_share_of_the_first_tries(share: float, first_tries: int, retries: int) -> None:
    assert spent(after(share, first_tries)) == retries


def test_a_calm_saves_up_only_so_much_for_a_storm() -> None:
    assert spent(after(0.1, 1_000_000)) == MOST_SAVED


def test_a_denied_retry_costs_nothing() -> None:
    budget = after(0.5, 1)

    assert not budget.spend()
    assert budget.saved == 0.5


@given(st.floats(0.0, 1.0), st.lists(st.booleans(), max_size=300))
def test_retries_never_exceed_their_share_whatever_the_order(share: float, steps: list[bool]) -> None:
    budget = Budget(share)
    first_tries = retries = 0
    for is_first_try in steps:
        if is_first_try:
            budget.first_try()
            first_tries += 1
        else:
            retries += budget.spend()
        # shares are counted in millionths, rounded: half a millionth for each first try, at most
        assert retries <= first_tries * (share + 5e-7)
        assert 0.0 <= budget.saved <= MOST_SAVED
