"""Which replica is next: tables of picks, with the counts, the time and the dice passed in."""

from __future__ import annotations

from random import Random

from hypothesis import given
from hypothesis import strategies as st

from chaoscli.services.balancing import Balancer, Outliers


def no_dice() -> Random:
    raise AssertionError("nothing here is left to chance")


def test_round_robin_takes_turns() -> None:
    balancer = Balancer("round_robin", {})
    assert "".join(str(balancer.pick("abc", no_dice)) for _ in range(7)) == "abcabca"


def test_weights_are_kept_and_spread_as_evenly_as_they_can_be() -> None:
    # nginx's own example of the smooth order: 5, 1 and 1.
    balancer = Balancer("round_robin", {"a": 5})
    assert "".join(str(balancer.pick("abc", no_dice)) for _ in range(7)) == "aabacaa"


def test_a_weight_of_nothing_gets_nothing() -> None:
    balancer = Balancer("round_robin", {"a": 0})
    assert "".join(str(balancer.pick("ab", no_dice)) for _ in range(3)) == "bbb"
    assert balancer.pick("a", no_dice) is None
    assert balancer.pick("", no_dice) is None


def test_the_least_loaded_is_next_and_equals_take_turns() -> None:
    balancer = Balancer("least_loaded", {})
    balancer.at_work.update({"a": 2, "b": 1, "c": 1})
    assert "".join(str(balancer.pick("abc", no_dice)) for _ in range(4)) == "bcbc"


def test_who_is_twice_as_strong_may_have_twice_as_much_to_do() -> None:
    balancer = Balancer("least_loaded", {"a": 4})
    balancer.at_work.update({"a": 2, "b": 0})
    assert balancer.pick("ab", no_dice) == "a"  # (2 + 1) / 4 < (0 + 1) / 1


@given(st.integers(0, 1000), st.dictionaries(st.sampled_from("abcdef"), st.integers(0, 9), min_size=3))
def test_of_two_choices_never_the_one_with_most_to_do(seed: int, at_work: dict[str, int]) -> None:
    balancer = Balancer("two_choices", {})
    balancer.at_work.update(at_work)
    most = max(at_work.values())
    chosen = balancer.pick(sorted(at_work), lambda: Random(seed))
    alone = [name for name, count in at_work.items() if count == most]
    assert chosen not in alone or len(alone) > 1


def test_so_many_failures_in_a_row_leave_a_replica_out_for_a_while() -> None:
    outliers = Outliers(3, 1.0)
    failures = [outliers.ended("a", failed=failed, now=0.0) for failed in (True, True, False, True, True, True)]
    assert failures == [False, False, False, False, False, True]
    assert [outliers.is_out("a", now) for now in (0.0, 0.999, 1.0)] == [True, True, False]
    assert not outliers.is_out("b", 0.0)


def test_nobody_is_left_out_where_nobody_is_to_be() -> None:
    outliers = Outliers(None, 1.0)
    assert not any(outliers.ended("a", failed=True, now=0.0) for _ in range(100))
