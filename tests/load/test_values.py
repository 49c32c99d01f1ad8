"""Values that requests are filled with: which one request number n gets follows from the seed and from nothing else."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chaoscli.faults.base import BadSetting
from chaoscli.load.values import Value, chosen, fraction_of, values_of


def first(value: Value, count: int) -> list[Any]:
    return [values_of({"x": value}, 7, "shoppers", n)["x"] for n in range(1, count + 1)]


def test_a_list_in_turn_goes_round() -> None:
    assert first(Value(each=("a", "b", 3)), 5) == ["a", "b", 3, "a", "b"]


def test_a_counter_counts_and_begins_again_behind_its_end() -> None:
    assert first(Value(from_=5), 3) == [5, 6, 7]
    assert first(Value(from_=1, to=3), 5) == [1, 2, 3, 1, 2]


def test_a_list_is_drawn_from_as_often_as_its_weights_say() -> None:
    drawn = Counter(first(Value(one_of=("hot", "cold", "never"), weights=(9.0, 1.0, 0.0)), 2000))
    assert set(drawn) == {"hot", "cold"}
    # 200 of 2000 at p = 0.1, give or take four times the standard deviation, which is 13.4.
    assert 146 < drawn["cold"] < 254


def test_random_numbers_stay_within_their_bounds_and_reach_them() -> None:
    assert set(first(Value(random=(1, 3)), 200)) == {1, 2, 3}
    fractions = first(Value(random=(0.5, 1.5)), 200)
    assert all(0.5 <= one <= 1.5 and one == round(one, 3) for one in fractions)
    assert len(set(fractions)) > 100


def test_the_same_seed_draws_the_same_and_another_load_or_value_draws_its_own() -> None:
    whole = Value(random=(0, 10**9))
    assert first(whole, 5) == first(whole, 5)
    drawn = values_of({"x": whole, "y": whole}, 7, "shoppers", 1)
    assert drawn["x"] != drawn["y"]
    assert values_of({"x": whole}, 7, "shoppers", 1) == {"x": drawn["x"]}
    assert values_of({"x": whole}, 7, "robots", 1) != {"x": drawn["x"]}
    assert values_of({"x": whole}, 8, "shoppers", 1) != {"x": drawn["x"]}


@given(st.lists(st.floats(0, 1e6), min_size=1, max_size=9).filter(any), st.floats(0, 1, exclude_max=True))
def test_what_has_no_weight_is_never_chosen(weights: list[float], fraction: float) -> None:
    assert weights[chosen(tuple(weights), fraction)] > 0


def test_a_fraction_is_below_one() -> None:
    found = [fraction_of(7, "mix", "shoppers", n) for n in range(1000)]
    assert 0.0 <= min(found) < 0.01 < 0.99 < max(found) < 1.0


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({}, "one_of is missing: a value has one of one_of, each, from, random"),
        ({"one_of": (1,), "each": (1,)}, "each and 'one_of' are two values"),
        ({"each": ()}, "each has nothing in it"),
        ({"one_of": (1, 2), "weights": (1.0,)}, "weights has one weight for each of `one_of`"),
        ({"each": (1, 2), "weights": (1.0, 2.0)}, "weights has one weight for each of `one_of`"),
        ({"one_of": (1, 2), "weights": (0.0, 0.0)}, "weights are not negative, and at least one is above 0"),
        ({"one_of": (1, 2), "weights": (2.0, -1.0)}, "weights are not negative, and at least one is above 0"),
        ({"from_": 3, "to": 2}, "to ends a counter that begins at `from`, so it is not below it"),
        ({"random": (2, 1)}, "random has two numbers, the lower one first, like [1, 100]"),
        ({"random": (True, 3)}, "random has two numbers, the lower one first, like [1, 100]"),
        ({"random": (1, 2, 3)}, "random has two numbers, the lower one first, like [1, 100]"),
    ],
)
def test_a_value_that_is_none_is_refused(settings: dict[str, Any], message: str) -> None:
    with pytest.raises(BadSetting) as refused:
        Value(**settings)
    assert str(refused.value) == message
