"""A fault that grows is a right fault of its kind at every share, and the whole of it at the end."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chaoscli.faults.bandwidth import Bandwidth
from chaoscli.faults.clock_skew import ClockSkew
from chaoscli.faults.corrupt import Corrupt
from chaoscli.faults.drop import Drop
from chaoscli.faults.growing import grown, why_it_cannot_grow
from chaoscli.faults.latency import Latency
from chaoscli.faults.loss import Loss
from chaoscli.faults.silence import Silence
from chaoscli.faults.slow import Slow

WHOLE = (
    Latency(delay=0.3, jitter=0.05), Loss(rate=0.2), Corrupt(rate=0.01), Drop(probability=0.5), Slow(by=4.0),
    Bandwidth(rate=1000.0),
)  # fmt: skip


@pytest.mark.parametrize("fault", WHOLE, ids=lambda fault: fault.kind)
def test_all_of_it_is_what_was_asked(fault: Any) -> None:
    assert why_it_cannot_grow(fault) == ""
    assert grown(fault, 1.0) == fault


def test_half_of_it_is_half_the_harm() -> None:
    assert [grown(fault, 0.5) for fault in WHOLE] == [
        Latency(delay=0.15, jitter=0.025), Loss(rate=0.1), Corrupt(rate=0.005), Drop(probability=0.25), Slow(by=2.5),
        Bandwidth(rate=2000.0),
    ]  # fmt: skip


@given(st.sampled_from(WHOLE), st.floats(0.001, 1.0))
def test_any_share_of_it_is_a_right_fault(fault: Any, share: float) -> None:
    assert type(grown(fault, share)) is type(fault)


@pytest.mark.parametrize(
    ("fault", "why"),
    [
        (Silence(), "it is there or it is not"),
        (Drop(nth=3), "it harms requests by their number"),
        (Bandwidth(rate=0.0), "a rate of nothing is not come to little by little"),
        (ClockSkew(offset=1.0), "a clock that gains says so with `drift`"),
    ],
)
def test_what_cannot_grow_says_why(fault: Any, why: str) -> None:
    assert why_it_cannot_grow(fault) == why
