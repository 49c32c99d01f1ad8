"""What a playbook will do, worked out without playing it: who starts, what happens when, how long callers may wait for each
other, and how many calls one request may become."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from chaoscli.load.offer import asked_for, pace, step_in_words
from chaoscli.load.settings import Load
from chaoscli.playbook.explain import Moment, explain, replicas_in_words, rules
from chaoscli.playbook.meaning import Playbook, Variant
from chaoscli.playbook.usual import usual_s
from chaoscli.resilience.policy import Policy, Retry
from chaoscli.settings import from_plain
from chaoscli.topology import NodeSpec, Topology

# Chains of a playbook's at most two dozen nodes; a net of them has more paths than anybody reads.
MOST_CHAINS = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class Happening:
    """One moment of the play. ``only_in`` names the variants it happens in, when not in all."""

    at_s: float
    text: str
    only_in: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Chain:
    """One way a request goes down, in one variant. ``waits_s`` is how long its first caller may wait for what the others
    wait for (infinite: for as long as the last one says nothing); ``least`` and ``most`` are the calls that the last one gets
    for one request, when nothing fails and when every try does. ``usual_s`` is how long a request of the load takes when all is
    well, whichever ways it goes; it stands with the first of them."""

    variant: str
    path: tuple[str, ...]
    waits_s: float
    least: float
    most: float
    ends: tuple[str, ...] = ()
    usual_s: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """``starts`` are the waves in which services start, ``further`` those that only some variants have, ``offers`` what each
    load sends."""

    name: str
    title: str
    lasts_s: float
    variants: tuple[str, ...]
    starts: tuple[tuple[str, ...], ...]
    further: tuple[str, ...]
    offers: tuple[str, ...]
    happenings: tuple[Happening, ...]
    chains: tuple[Chain, ...]
    expectations: tuple[str, ...]


def plan(playbook: Playbook) -> Plan:
    first = playbook.variants[0].topology.by_group
    return Plan(
        name=playbook.name,
        title=playbook.title,
        lasts_s=playbook.lasts_s,
        variants=tuple(variant.name for variant in playbook.variants),
        starts=tuple(tuple(_described(node, first) for node in wave) for wave in first.waves()),
        further=tuple(_further(playbook)),
        offers=tuple(_offer(node) for node in first.loads),
        happenings=tuple(_happenings(playbook)),
        chains=tuple(chain for variant in playbook.variants for chain in chains_of(variant)),
        expectations=(*rules(playbook), *(one.text for one in playbook.expectations)),
    )


def _described(node: NodeSpec, topology: Topology) -> str:
    kind = "" if node.kind == node.name else f" ({node.kind})"
    return f"{node.name}{kind}{replicas_in_words(node.name, topology, before=': ')}"


def _further(playbook: Playbook) -> Iterator[str]:
    """Services and loads that not every variant has, the first one's among them."""
    having: dict[str, list[str]] = {}
    for variant in playbook.variants:
        for node in variant.topology.by_group.nodes:
            having.setdefault(node.name, []).append(variant.name)
    for name, variants in having.items():
        if len(variants) < len(playbook.variants):
            yield f"{name} only in {', '.join(variants)}"


def _offer(node: NodeSpec) -> str:
    load = from_plain(Load, node.settings)
    return f"{node.name}: {asked_for(load)}, {pace(load)}"


def _happenings(playbook: Playbook) -> Iterator[Happening]:
    found = [Happening(at_s=0.0, text="curtain: the load begins"), Happening(at_s=playbook.lasts_s, text="the end")]
    found += _of_loads(playbook.variants[0].topology, playbook.lasts_s)
    for moment in explain(playbook).timeline:
        begins, ends = (" begins: ", "heals") if moment.is_harm else (": ", "is over")
        found.append(Happening(at_s=moment.at_s, text=f"{moment.name}{begins}{_aimed(moment)}", only_in=moment.only_in))
        if moment.until_s not in (None, moment.at_s):
            found.append(Happening(at_s=moment.until_s, text=f"{moment.name} {ends}", only_in=moment.only_in))
    yield from sorted(found, key=lambda one: one.at_s)


def _of_loads(topology: Topology, lasts_s: float) -> Iterator[Happening]:
    """When a load begins, changes and ends, where that is not with the curtain."""
    for node in topology.loads:
        load = from_plain(Load, node.settings)
        if load.starts:
            yield Happening(at_s=load.starts, text=f"{node.name} begin")
        at_s = load.starts + load.ramp
        for step in load.stages:
            if at_s < lasts_s and (step.rate is not None or step.to is not None):
                yield Happening(at_s=at_s, text=f"{node.name}: {step_in_words(step)}")
            at_s += step.for_
        if load.stops is not None and load.stops < lasts_s:
            yield Happening(at_s=load.stops, text=f"{node.name} end")


def _aimed(moment: Moment) -> str:
    """With where it strikes, unless the words say so themselves."""
    tells = not moment.is_harm or moment.text.startswith("partition")
    return moment.text if tells else f"{moment.text}, {', '.join(moment.targets)}"


def chains_of(variant: Variant) -> Iterator[Chain]:
    topology = variant.topology.by_group
    for load in topology.loads:
        for number, path in enumerate(_paths(topology, (load.name,))):
            if number == MOST_CHAINS:
                return
            chain = _chain(variant, topology, path)
            yield chain if number else replace(chain, usual_s=usual_s(topology, from_plain(Load, load.settings)))


def _paths(topology: Topology, path: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    """Every way down from the end of ``path``; a ring ends where it closes."""
    callees = [callee for callee in topology.node(path[-1]).calls if callee not in path]
    if not callees and len(path) > 1:
        yield path
    for callee in callees:
        yield from _paths(topology, (*path, callee))


def _chain(variant: Variant, topology: Topology, path: tuple[str, ...]) -> Chain:
    links = Topology.along(path)
    waits_s, least, most = math.inf, 1.0, 1.0
    for link in reversed(links):
        caller = topology.node(link.caller)
        policy = _policy(caller, link.callee)
        row, side = calls_for_one(caller, link.callee)
        tries = _most_replicas_tried(caller, len(topology.members(link.callee)))
        waits_s = longest_wait_s(policy, waits_s) * row * tries
        least, most = least * row * side, most * row * side * most_tries(policy) * tries
    ends = tuple(f"{one} -> {other}" for one in topology.members(path[-2]) for other in topology.members(path[-1]))
    return Chain(variant=variant.name, path=path, waits_s=waits_s, least=least, most=most, ends=ends)


def _most_replicas_tried(caller: NodeSpec, replicas: int) -> int:
    """By a gateway, for one request."""
    return min(int(caller.settings.get("tries", 1)), replicas) if caller.kind == "gateway" else 1


def _policy(caller: NodeSpec, callee: str) -> Policy:
    if caller.kind == "load":
        return from_plain(Load, caller.settings).policy
    return from_plain(Policy, dict(caller.calls[callee]))


def calls_for_one(caller: NodeSpec, callee: str) -> tuple[int, int]:
    """How often a node calls one other for each request when all goes well: one after the other, and side by side."""
    settings: Mapping[str, Any] = caller.settings
    if caller.kind == "order" and callee == "inventory" and settings.get("reserve", True):
        return 2, 1  # asks whether there is stock, then takes from it
    if caller.kind == "hop" and not settings.get("batch", False):
        times = int(settings.get("times", 1))
        return (1, times) if settings.get("parallel", False) else (times, 1)
    return 1, 1


def longest_wait_s(policy: Policy, callee_s: float) -> float:
    """How long a caller may wait for one call whose callee answers after ``callee_s``: each layer's part, from the inside out.

    A cache, a throttle or an open breaker only make it shorter.
    """
    waits_s = callee_s
    for layer in reversed(policy.layers):
        if layer == "timeout" and policy.timeout is not None:
            waits_s = min(waits_s, policy.timeout)
        elif layer == "deadline" and policy.deadline is not None:
            waits_s = min(waits_s, policy.deadline)
        elif layer == "retry" and policy.retry is not None:
            waits_s = policy.retry.attempts * waits_s + sum(longest_pauses_s(policy.retry))
        elif layer == "hedge" and policy.hedge is not None:
            waits_s += policy.hedge.copies * policy.hedge.after
        elif layer == "rate_limit" and policy.rate_limit is not None:
            waits_s += policy.rate_limit.wait
        elif layer == "bulkhead" and policy.bulkhead is not None:
            # Those in front leave in rounds of as many as there are slots.
            waits_s *= 1 + math.ceil(policy.bulkhead.queue / policy.bulkhead.slots)
    return waits_s


def longest_pauses_s(retry: Retry) -> Iterator[float]:
    """The longest that each pause between two tries can be; a server's Retry-After is not among them."""
    pause_s = retry.base
    for _ in range(retry.attempts - 1):
        if retry.backoff == "none":
            yield 0.0
        elif retry.jitter == "decorrelated":
            pause_s = min(retry.cap, 3 * pause_s)
            yield pause_s
        else:
            yield min(retry.cap, pause_s)
            pause_s *= retry.factor if retry.backoff == "exponential" else 1.0


def most_tries(policy: Policy) -> float:
    """Calls that one call may become when every try fails; with a budget in the long run, which is what it is for."""
    tries = 1.0
    if policy.retry is not None:
        tries = float(policy.retry.attempts)
        if policy.retry.budget is not None:
            tries = min(tries, 1 + policy.retry.budget)
    return tries * (1 + (policy.hedge.copies if policy.hedge is not None else 0))
