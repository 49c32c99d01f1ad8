"""The plan, by its arithmetic: how long callers wait at most, and what one request may become."""

from __future__ import annotations

import math
from typing import Any

import pytest

from chaoscli.playbook.load import load_playbook, shipped
from chaoscli.playbook.plan import Happening, longest_pauses_s, longest_wait_s, most_tries, plan
from chaoscli.playbook.read import read_playbook
from chaoscli.resilience.policy import Bulkhead, Hedge, Policy, RateLimit, Retry
from tests.playbook.texts import read

SHOP = """\
playbook: shop
services:
  bank: { kind: payment }
  payment: { calls: { bank: { timeout: 1s } } , kind: hop, times: 3 }
  order: { calls: { payment: { timeout: none, retry: { attempts: 3, backoff: constant, base: 100ms } } } , kind: hop }
load:
  shoppers: { request: POST order /x, rate: 30/s, arrivals: constant }
variants:
  plain: {}
  bounded: { order.calls.payment.timeout: 500ms }
faults:
  - { name: storm, latency: order -> payment, delay: 200ms, at: 1s, for: 2s }
lasts: 5s
expect: [success > 10%]
"""


def policy(**settings: Any) -> Policy:
    return Policy(**{"timeout": None, **settings})


@pytest.mark.parametrize(
    ("made", "callee_s", "waits_s"),
    [
        (policy(), math.inf, math.inf),
        (policy(), 2.0, 2.0),
        (policy(timeout=0.5), math.inf, 0.5),
        (policy(timeout=0.5), 0.2, 0.2),
        # three tries of 0.5 s and pauses of 0.1 and 0.2 s
        (policy(timeout=0.5, retry=Retry(attempts=3, backoff="exponential")), math.inf, 1.8),
        (policy(timeout=0.5, deadline=1.0, retry=Retry(attempts=3)), math.inf, 1.0),
        # a deadline inside of the retries is every try's own
        (policy(deadline=1.0, retry=Retry(attempts=3), order=("retry", "deadline")), math.inf, 3.0),
        (policy(timeout=0.5, hedge=Hedge(after=0.1, copies=2)), math.inf, 0.7),
        (policy(timeout=0.5, rate_limit=RateLimit(rate=1.0, wait=2.0)), math.inf, 2.5),
        # eight slots, nine waiting: two rounds before one's own
        (policy(timeout=0.5, bulkhead=Bulkhead(slots=8, queue=9)), math.inf, 1.5),
    ],
)
def test_how_long_a_caller_waits_at_most(made: Policy, callee_s: float, waits_s: float) -> None:
    assert longest_wait_s(made, callee_s) == pytest.approx(waits_s)


@pytest.mark.parametrize(
    ("retry", "pauses_s"),
    [
        (Retry(attempts=4), [0, 0, 0]),
        (Retry(attempts=4, backoff="constant", base=0.2), [0.2, 0.2, 0.2]),
        (Retry(attempts=5, backoff="exponential", base=0.1, cap=0.5), [0.1, 0.2, 0.4, 0.5]),
        (Retry(attempts=4, backoff="exponential", base=0.1, jitter="decorrelated", cap=2.0), [0.3, 0.9, 2.0]),
        (Retry(attempts=1), []),
    ],
)
def test_the_longest_pauses(retry: Retry, pauses_s: list[float]) -> None:
    assert list(longest_pauses_s(retry)) == pytest.approx(pauses_s)


@pytest.mark.parametrize(
    ("made", "tries"),
    [
        (policy(), 1),
        (policy(retry=Retry(attempts=4)), 4),
        (policy(retry=Retry(attempts=4, budget=0.1)), 1.1),
        (policy(hedge=Hedge(copies=1)), 2),
        (policy(retry=Retry(attempts=3), hedge=Hedge(copies=1)), 6),
    ],
)
def test_what_one_call_may_become(made: Policy, tries: float) -> None:
    assert most_tries(made) == pytest.approx(tries)


def test_a_chain_multiplies() -> None:
    made = plan(read_playbook(SHOP.encode(), "shop.yaml"))
    assert {chain.path for chain in made.chains} == {("shoppers", "order", "payment", "bank")}
    # payment asks bank three times, one after the other: 3 s; order tries that three times with two pauses of 0.1 s
    assert {chain.variant: pytest.approx(chain.waits_s) for chain in made.chains} == {"plain": 9.2, "bounded": 1.7}
    assert {(chain.least, chain.most) for chain in made.chains} == {(3.0, 9.0)}


def test_who_starts_and_what_happens_when() -> None:
    made = plan(read_playbook(SHOP.encode(), "shop.yaml"))
    assert made.starts == (("bank (payment)",), ("payment (hop)",), ("order (hop)",))
    assert made.offers == ("shoppers: POST order /x, 30/s, evenly",)
    assert made.happenings == (
        Happening(at_s=0.0, text="curtain: the load begins"),
        Happening(at_s=1.0, text="storm begins: latency 200ms, order -> payment"),
        Happening(at_s=3.0, text="storm heals"),
        Happening(at_s=5.0, text="the end"),
    )
    assert made.expectations == ("success > 10%",)


@pytest.mark.parametrize("name", [one.name for one in shipped()])
def test_every_shipped_playbook_has_a_plan(name: str) -> None:
    made = plan(load_playbook(name))
    assert {chain.variant for chain in made.chains} == set(made.variants)
    assert all(chain.least <= chain.most for chain in made.chains)


def test_a_ring_of_calls_ends() -> None:
    ring = """\
playbook: ring
services:
  a: { kind: register, calls: [b] }
  b: { kind: register, calls: [a] }
load: { clients: { request: GET a /register/x } }
lasts: 1s
"""
    assert [chain.path for chain in plan(read_playbook(ring.encode(), "ring.yaml")).chains] == [("clients", "a", "b")]


def test_loads_that_begin_change_and_end_in_mid_play_are_told() -> None:
    made = plan(
        read(overrides=["shoppers={ request: GET order /, starts: 1s, stages: [{ for: 2s }, { for: 1s, to: 9/s }], stops: 8s }"])
    )
    assert [(one.at_s, one.text) for one in made.happenings] == [
        (0.0, "curtain: the load begins"),
        (1.0, "shoppers begin"),
        (3.0, "shoppers: for 1s to 9/s"),
        (8.0, "shoppers end"),
        (10.0, "the end"),
    ]


def test_who_plays_only_in_some_variants_is_told() -> None:
    more = "variants: { one: {}, two: { services.depot: { kind: hop }, order.calls.inventory: none, inventory: none } }\n"
    assert plan(read(more)).further == ("inventory only in one", "depot only in two")
