"""What was predicted of each chain stands beside what was measured."""

from __future__ import annotations

import math

import pytest

from chaoscli.outcome import Outcome, VariantOutcome
from chaoscli.playbook.plan import Chain
from chaoscli.views.plan import telling
from chaoscli.views.predicted import calls_for_one, differ, predicted_table
from tests.views.golden import drawn


def chain(*path: str, waits_s: float = 1.8, most: float = 6.0, usual_s: float | None = None, variant: str = "naive") -> Chain:
    return Chain(variant=variant, path=path, waits_s=waits_s, least=1.0, most=most, usual_s=usual_s)


def naive(**links: dict[str, float | None]) -> VariantOutcome:
    """Links are written with an underscore for the arrow."""
    return VariantOutcome(
        name="naive", measures={"slowest": 1.75}, links={name.replace("_", " -> "): of for name, of in links.items()}
    )


def test_the_table() -> None:
    chains = (
        chain("shoppers", "order", "inventory", usual_s=0.02),
        chain("shoppers", "order", "payment", waits_s=math.inf, most=1.0),
    )
    variant = naive(
        shoppers_order={"attempts": 220.0, "retries": 20.0, "calls": 220.0, "p50": 0.024},
        order_inventory={"calls": 540.0},
        order_payment={"calls": 190.0},
    )
    outcome = Outcome(playbook="p", title="p", seed=1, world="real", variants=(variant,))
    # 540 calls for 200 requests are 2.7 for each, 190 are 0.95
    assert [line.rstrip() for line in drawn(predicted_table(chains, outcome), 100).splitlines()] == [
        "       chain                           takes  p50   waits at most  slowest  calls for one  measured",
        "naive  shoppers -> order -> inventory  20ms   24ms  1.8s           1.75s    1x to 6x       2.7x",
        "       shoppers -> order -> payment                 for ever                1x             0.95x",
    ]


def test_of_a_net_of_calls_those_that_multiply_most_are_shown() -> None:
    many = [chain("us", "a", f"b{number}", most=float(number + 1), usual_s=None if number else 0.1) for number in range(20)]
    shown, more = telling(many)
    # The first one tells how long requests take; then the seven that multiply most.
    assert ([one.path[-1] for one in shown], more) == (["b0", *(f"b{number}" for number in range(13, 20))], 12)
    outcome = Outcome(playbook="p", title="p", seed=1, world="real", variants=(naive(),))
    assert "and 12 more, which multiply and wait no more than these" in " ".join(
        drawn(predicted_table(many, outcome), 160).split()
    )


def test_loads_that_share_a_callee_share_its_calls() -> None:
    chains = (chain("buyers", "edge", "order"), chain("visitors", "edge", "order"))
    variant = naive(buyers_edge={"attempts": 30.0}, visitors_edge={"attempts": 70.0}, edge_order={"calls": 150.0})
    assert calls_for_one(variant, chains[0], chains) == pytest.approx(1.5)


def test_of_a_program_that_tells_nothing_what_it_was_sent_is_counted() -> None:
    only = chain("shoppers", "order", "db")
    variant = naive(shoppers_order={"attempts": 100.0, "retries": 0.0}, order_db={"calls": None, "attempts": 250.0})
    assert calls_for_one(variant, only, (only,)) == pytest.approx(2.5)
    assert calls_for_one(naive(shoppers_order={"attempts": 100.0}, order_db={"calls": None}), only, (only,)) is None


def test_without_requests_there_is_nothing_to_say() -> None:
    only = chain("shoppers", "order")
    assert calls_for_one(naive(), only, (only,)) is None
    assert calls_for_one(naive(shoppers_order={"attempts": 0.0, "calls": 0.0}), only, (only,)) is None


def test_where_nothing_multiplies_and_nobody_differs_there_is_nothing_to_predict() -> None:
    same = chain("a", "b", most=1.0, usual_s=0.1)
    assert differ((same, chain("a", "b", most=1.0, usual_s=0.1, variant="other"))) is False
    assert differ((same, chain("a", "c", most=3.0))) is True
    assert differ((same, chain("a", "b", most=1.0, usual_s=0.2, variant="other"))) is True
    assert differ((same, chain("a", "b", most=1.0, waits_s=3.0, variant="other"))) is True
