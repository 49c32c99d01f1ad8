"""What was predicted of each chain stands beside what was measured."""

from __future__ import annotations

import math

import pytest

from chaoscli.outcome import Outcome, VariantOutcome
from chaoscli.playbook.plan import Chain
from chaoscli.views.predicted import calls_for_one, multiplies, predicted_table
from tests.views.golden import drawn


def chain(*path: str, waits_s: float = 1.8, most: float = 6.0) -> Chain:
    return Chain(variant="naive", path=path, waits_s=waits_s, least=1.0, most=most)


def naive(**links: dict[str, float | None]) -> VariantOutcome:
    """Links are written with an underscore for the arrow."""
    return VariantOutcome(
        name="naive", measures={"slowest": 1.75}, links={name.replace("_", " -> "): of for name, of in links.items()}
    )


def test_the_table() -> None:
    chains = (chain("shoppers", "order", "inventory"), chain("shoppers", "order", "payment", waits_s=math.inf, most=1.0))
    variant = naive(
        shoppers_order={"attempts": 220.0, "retries": 20.0, "calls": 220.0},
        order_inventory={"calls": 540.0},
        order_payment={"calls": 190.0},
    )
    outcome = Outcome(playbook="p", title="p", seed=1, world="real", variants=(variant,))
    # 540 calls for 200 requests are 2.7 for each, 190 are 0.95
    assert [line.rstrip() for line in drawn(predicted_table(chains, outcome), 100).splitlines()] == [
        "       chain                           waits at most  slowest  calls for one  measured",
        "naive  shoppers -> order -> inventory  1.8s           1.75s    1x to 6x       2.7x",
        "       shoppers -> order -> payment    for ever                1x             0.95x",
    ]


def test_loads_that_share_a_callee_share_its_calls() -> None:
    chains = (chain("buyers", "edge", "order"), chain("visitors", "edge", "order"))
    variant = naive(buyers_edge={"attempts": 30.0}, visitors_edge={"attempts": 70.0}, edge_order={"calls": 150.0})
    assert calls_for_one(variant, chains[0], chains) == pytest.approx(1.5)


def test_without_requests_there_is_nothing_to_say() -> None:
    only = chain("shoppers", "order")
    assert calls_for_one(naive(), only, (only,)) is None
    assert calls_for_one(naive(shoppers_order={"attempts": 0.0, "calls": 0.0}), only, (only,)) is None


def test_where_nothing_multiplies_there_is_nothing_to_predict() -> None:
    assert multiplies((chain("a", "b", most=1.0),)) is False
    assert multiplies((chain("a", "b", most=1.0), chain("a", "c", most=3.0))) is True
