"""The rule for replicas: in proportion at once when there is too much to do, and back only after a while without changes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chaoscli.faults.base import BadSetting
from chaoscli.playbook.autoscale import Autoscale, Autoscaler

RULE = Autoscale(min=2, max=8, target=0.5, every=0.5, cooldown=3.0)


def test_it_grows_in_proportion_at_once() -> None:
    scaler = Autoscaler(RULE)
    assert scaler.decide(1.0, 2, 1.0) == 4  # twice the target: twice as many
    assert scaler.decide(1.5, 4, 0.8) == 7  # 4 * 0.8 / 0.5 = 6.4
    assert scaler.decide(2.0, 7, 3.0) == 8  # never more than that


def test_a_deviation_of_a_tenth_changes_nothing() -> None:
    assert [Autoscaler(RULE).decide(1.0, 4, used) for used in (0.46, 0.5, 0.54)] == [4, 4, 4]
    assert Autoscaler(RULE).decide(1.0, 4, 0.56) == 5


def test_it_shrinks_only_when_nothing_has_changed_for_a_while() -> None:
    scaler = Autoscaler(RULE)
    assert scaler.decide(1.0, 2, 1.0) == 4
    assert scaler.decide(3.9, 4, 0.2) == 4
    assert scaler.decide(4.0, 4, 0.2) == 2
    assert scaler.decide(4.5, 2, None) == 2  # nothing arrived, and two is the least


@given(st.lists(st.tuples(st.floats(0.0, 20.0), st.none() | st.floats(0.0, 50.0)), max_size=50))
def test_it_never_leaves_its_bounds(looks: list[tuple[float, float | None]]) -> None:
    scaler, replicas = Autoscaler(RULE), 2
    for now, utilisation in sorted(looks, key=lambda one: one[0]):
        replicas = scaler.decide(now, replicas, utilisation)
        assert 2 <= replicas <= 8


@pytest.mark.parametrize(
    ("settings", "field"),
    [({"min": 3, "max": 2}, "max"), ({"max": 2, "target": 0.0}, "target"), ({"max": 2, "every": 0.05}, "every")],
)
def test_a_rule_that_cannot_be_followed_is_refused(settings: dict[str, float], field: str) -> None:
    with pytest.raises(BadSetting) as refused:
        Autoscale(**settings)  # type: ignore[arg-type]
    assert refused.value.field == field
