"""Oversell: whoever looks first and takes afterwards sells one book to two; both cures put back to it do so again."""

from __future__ import annotations

import pytest

from tests.support.simulations import broken, judged


@pytest.mark.parametrize("seed", [1, 4, 5])
def test_every_expectation_holds(seed: int) -> None:
    assert broken("oversell", seed=seed) == []


@pytest.mark.parametrize("cured", ["atomic", "versioned"])
def test_a_cure_that_is_taken_away_sells_every_book_twice(cured: str) -> None:
    assert broken("oversell", changed=[f"{cured}:inventory.reserving=naive"], variants=[cured]) == [
        f"{cured}: no oversell",
        f"{cured}: stock conserved",
        f"{cured}: count(order created) == 20",
        f"{cured}: failed == 20",
    ]


def test_the_naive_one_names_for_each_book_the_one_who_got_what_was_no_longer_there() -> None:
    law = judged("oversell", variants=["naive"]).checks[0]
    assert law.text == "breaks no oversell"
    # Alice and Bob come as a pair, twenty times; the second of each pair is guilty.
    assert sorted(int(request.partition("-")[2]) for request in law.guilty) == list(range(1, 21))
