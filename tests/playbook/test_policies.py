"""Policies as they are written: a mapping for each, whose keys are the settings and whose values read as they are said."""

from __future__ import annotations

from typing import Any

from chaoscli.playbook.read import read_playbook
from chaoscli.resilience.concurrency import Concurrency
from chaoscli.resilience.policy import Breaker, Cache, Hedge, Policy, RateLimit, Reply, Retry, Throttle
from chaoscli.services.inventory import InventorySettings
from chaoscli.settings import from_plain

TEXT = """\
playbook: careful
services:
  inventory:
    workers: 4
    discipline: lifo
    drop_expired: true
    time_needed: 20ms
    retry_after: 1s
    concurrency: { limit: aimd, initial: 10, slow: 300ms }
  order:
    calls:
      inventory:
        timeout: 300ms
        deadline: 1s
        pass_deadline: true
        retry: { attempts: 4, backoff: exponential, base: 50ms, jitter: equal, budget: 10%, on: [timeout, failed], statuses: [429, 503] }
        hedge: { percentile: 95%, after: 100ms }
        throttle: { ratio: 1.1x }
        rate_limit: { rate: 200/s, burst: 10, wait: 50ms }
        breaker: { failures: 30%, within: 2s, slow: 250ms, open_for: 500ms }
        cache: { ttl: 500ms, refresher: everyone, stale: 2s }
        fallback: last_good
        fallback_reply: { json: { available: true, currentStock: 0 }, methods: [GET] }
        idempotency_key: true
        order: [breaker, retry]
load:
  shoppers: { request: POST order /api/orders, rate: 20/s, deadline: 2s, pass_deadline: true }
variants:
  careful: {}
  careless: { order.calls.inventory: { timeout: none }, inventory.discipline: fifo }
  outside-in: { order.calls.inventory.order: [timeout, retry], shoppers.hedge: { after: 50ms } }
lasts: 10s
"""  # noqa: E501


def settings(variant: str, node: str, callee: str) -> tuple[Policy, Any]:
    playbook = read_playbook(TEXT.encode(), "careful.yaml")
    spec = next(one for one in playbook.variants if one.name == variant).topology.node(node)
    return from_plain(Policy, spec.calls[callee]), spec.settings


def test_every_policy_reads_as_it_is_said() -> None:
    assert settings("careful", "order", "inventory")[0] == Policy(
        timeout=0.3,
        deadline=1.0,
        pass_deadline=True,
        retry=Retry(
            attempts=4,
            backoff="exponential",
            base=0.05,
            jitter="equal",
            budget=0.1,
            on=("timeout", "failed"),
            statuses=(429, 503),
        ),
        hedge=Hedge(percentile=0.95, after=0.1),
        throttle=Throttle(ratio=1.1),
        rate_limit=RateLimit(rate=200.0, burst=10, wait=0.05),
        breaker=Breaker(failures=0.3, within=2.0, slow=0.25, open_for=0.5),
        cache=Cache(ttl=0.5, refresher="everyone", stale=2.0),
        fallback="last_good",
        fallback_reply=Reply(json={"available": True, "currentStock": 0}, methods=("GET",)),
        idempotency_key=True,
        order=("breaker", "retry"),
    )


def test_what_a_node_does_for_itself_is_among_its_settings() -> None:
    playbook = read_playbook(TEXT.encode(), "careful.yaml")
    node = playbook.variants[0].topology.node("inventory")

    assert from_plain(InventorySettings, node.settings) == InventorySettings(
        workers=4,
        discipline="lifo",
        drop_expired=True,
        time_needed=0.02,
        retry_after=1.0,
        concurrency=Concurrency(limit="aimd", initial=10, slow=0.3),
    )


def test_shoppers_have_policies_too() -> None:
    policy, _ = settings("careful", "shoppers", "order")

    assert policy == Policy(timeout=None, deadline=2.0, pass_deadline=True)


def test_a_variant_replaces_a_policy_or_a_piece_of_it() -> None:
    assert settings("careless", "order", "inventory")[0] == Policy(timeout=None)
    piece = settings("outside-in", "order", "inventory")[0]
    assert (piece.order, piece.breaker is not None) == (("timeout", "retry"), True)
    assert settings("outside-in", "shoppers", "order")[0].hedge == Hedge(after=0.05)
