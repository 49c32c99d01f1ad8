"""The seven: what is explored with the mistake and without it, and the promise that tells them apart."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from chaoscli.checks.recovers import RECOVERS_WITHIN_S
from chaoscli.exploration import Subject
from chaoscli.services.catalogue import ServiceKind
from chaoscli.services.order import OrderSettings
from chaoscli.services.shipping import ShippingSettings
from chaoscli.services.work import Capacity
from chaoscli.topology import NodeSpec, Topology
from tests.explore.planted.leases import Lease, Worker, WorkerSettings
from tests.explore.planted.mistakes import HastyOrder, HastyShipping, Shy, ShySettings
from tests.explore.planted.replicas import Front, Replica, ReplicaSettings

PLANTED_KINDS = {
    "hasty-order": ServiceKind(settings=OrderSettings, make=HastyOrder, doc="announces, then commits"),
    "hasty-shipping": ServiceKind(settings=ShippingSettings, make=HastyShipping, doc="acknowledges, then works"),
    "shy": ServiceKind(settings=ShySettings, make=Shy, doc="a breaker"),
    "lease": ServiceKind(settings=Capacity, make=Lease, doc="a lease"),
    "worker": ServiceKind(settings=WorkerSettings, make=Worker, doc="works while it holds the lease"),
    "front": ServiceKind(settings=Capacity, make=Front, doc="fails over"),
    "replica": ServiceKind(settings=ReplicaSettings, make=Replica, doc="one of two copies"),
}
ORDER = {"productId": "BOOK-001", "quantity": 1, "customerId": "CUST-${n}"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Planted:
    """``dangerous`` are moments that a search of the mended one must have reached to mean anything."""

    name: str
    invariant: str
    broken: Subject
    mended: Subject
    dangerous: tuple[str, ...]


def node(name: str, kind: str, calls: Mapping[str, Mapping[str, Any]] | None = None, **settings: Any) -> NodeSpec:
    return NodeSpec(name=name, kind=kind, settings={"service_time": 0.002, **settings}, calls=calls or {})


def load(request: str, rate: float, *, name: str = "clients", json: Any = None) -> NodeSpec:
    settings = {"request": request, "rate": rate, "arrivals": "constant", "timeout": 1.0, "drain": 1.0, "json": json}
    return NodeSpec(name=name, kind="load", settings=settings, calls={request.split()[1]: {"timeout": 1.0}})


def planted(
    name: str, invariant: str, broken: tuple[NodeSpec, ...], mended: tuple[NodeSpec, ...], *dangerous: str, heals_s: float = 2.0,
) -> Planted:  # fmt: skip
    lasts_s = heals_s + (RECOVERS_WITHIN_S + 1.0 if invariant == "recovers" else 0.3)

    def subject(variant: str, nodes: tuple[NodeSpec, ...]) -> Subject:
        return Subject(
            playbook=name, variant=variant, topology=Topology(nodes=nodes), invariants=(invariant,), heals_s=heals_s,
            lasts_s=lasts_s,
        )  # fmt: skip

    return Planted(
        name=name, invariant=invariant, broken=subject("broken", broken), mended=subject("mended", mended), dangerous=dangerous
    )


def _shelf(reserving: str) -> tuple[NodeSpec, ...]:
    shelf = node("inventory", "inventory", reserving=reserving, thinking=0.005, stock={"BOOK-001": 3})
    return shelf, load("POST inventory /api/inventory/reserve/BOOK-001", 5.0)


def _till(*, key: bool) -> tuple[NodeSpec, ...]:
    retry = {"attempts": 3, "backoff": "constant", "base": 0.02}
    order = node("order", "order", {"payment": {"timeout": 0.1, "retry": retry}}, idempotency_key=key)
    return node("payment", "payment"), order, load("POST order /api/orders", 5.0, json=ORDER)


def _desk(order_kind: str = "order", shipping_kind: str = "shipping") -> tuple[NodeSpec, ...]:
    order = node("order", order_kind, {"broker": {"timeout": 0.2}}, outbox=order_kind == "order")
    shipping = node("shipping", shipping_kind, {"broker": {"timeout": 0.4}}, consumers=2)
    return node("broker", "broker", visibility=0.5), order, shipping, load("POST order /api/orders", 5.0, json=ORDER)


def _jobs(*, by_wall_clock: bool) -> tuple[NodeSpec, ...]:
    workers = [node(name, "worker", {"lease": {"timeout": 0.1}}, by_wall_clock=by_wall_clock) for name in ("one", "two")]
    return node("lease", "lease"), *workers, load("GET one /", 1.0)


def _shy(*, tries_again: bool) -> tuple[NodeSpec, ...]:
    return node("hop", "hop"), node("shy", "shy", {"hop": {"timeout": 0.1}}, tries_again=tries_again), load("GET shy /", 10.0)


def _copies(*, waits: bool) -> tuple[NodeSpec, ...]:
    first = node("first", "replica", {"second": {"timeout": 0.1}}, waits=waits)
    front = node("front", "front", {"first": {"timeout": 0.2}, "second": {"timeout": 0.2}})
    readers = load("GET front /pairs/x", 10.0, name="readers")
    return (
        node("second", "replica"),
        first,
        front,
        load("PUT front /pairs/x", 5.0, name="writers", json={"number": "${n}"}),
        readers,
    )


PLANTED = (
    planted("oversell", "no oversell", _shelf("naive"), _shelf("versioned"), "'stock reserved'"),
    planted("charge", "no double charge", _till(key=False), _till(key=True), "'charge repeated'", "a call was tried again"),
    planted(
        "announce", "nothing invented", _desk("hasty-order"), _desk(), "a power cut hit work in progress", "'published'"
    ),
    planted("lease", "one effect per key", _jobs(by_wall_clock=True), _jobs(by_wall_clock=False), "'lease granted'"),
    planted("breaker", "recovers", _shy(tries_again=False), _shy(tries_again=True), "'breaker opened'"),
    planted(
        "acknowledge", "shipped in time", _desk(shipping_kind="hasty-shipping"), _desk(), "a power cut hit work in progress",
        "a message was delivered again",
    ),
    planted("failover", "linearizable", _copies(waits=False), _copies(waits=True), "'failed over'"),
)  # fmt: skip
