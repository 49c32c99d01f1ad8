"""Expectations of what nothing in the play produces: they would fail for want of data, or hold of nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from chaoscli.checks.sentence import Comparison, Measured, measured_in
from chaoscli.measures.base import Measure
from chaoscli.measures.facts import FACTS
from chaoscli.playbook.doubts.base import Doubt, Found, Staged
from chaoscli.resilience.policy import Policy
from chaoscli.services.catalogue import KINDS
from chaoscli.services.foreign import is_foreign
from chaoscli.topology import Link

# What a policy must have for a measure of its link to be more than nothing, and how to write it.
_MADE_BY: Mapping[str, tuple[Callable[[Policy], bool], str]] = {
    "retries": (lambda policy: policy.retry is not None, "retry"),
    "hedges": (lambda policy: policy.hedge is not None, "hedge"),
    "cached": (lambda policy: policy.cache is not None, "cache"),
    "breaker_open": (lambda policy: policy.breaker is not None, "breaker"),
    "fallbacks": (lambda policy: policy.fallback is not None or policy.fallback_reply is not None, "fallback"),
    "rejected": (
        lambda policy: any((policy.breaker, policy.bulkhead, policy.throttle, policy.rate_limit)),
        "breaker, bulkhead, throttle or rate_limit",
    ),
    "timeouts": (lambda policy: policy.timeout is not None or policy.deadline is not None, "timeout or deadline"),
}


def _never_produced(staged: Staged) -> Iterator[Found]:
    for place, sentence in staged.sentences:
        for read in sentence.measured:
            if read.variant in ("", staged.variant.name):
                more = sentence.comparison is not None and _asks_for_some(sentence.comparison)
                yield from (Found(place=place, message=said, hint=hint) for said, hint in _missing(staged, read, more))


def _asks_for_some(comparison: Comparison) -> bool:
    """Whether a measure must be more than nothing: of what is never produced, any number of nothing holds."""
    at_least = {">": comparison.left, ">=": comparison.left, "<": comparison.right, "<=": comparison.right}
    side = at_least.get(comparison.relation)
    return side is not None and any(measured_in(side))


def _missing(staged: Staged, read: Measured, more: bool) -> Iterator[tuple[str, str]]:
    """What keeps ``read`` from ever being something in this variant. ``more``: it is expected to be more than nothing."""
    here = f"in '{staged.variant.name}'" if len(staged.playbook.variants) > 1 else "here"
    scope, topology = read.scope, staged.variant.topology
    window = scope.window
    known = {plan.name for plan in staged.variant.faults} | {plan.name for plan in staged.variant.cues}
    for name in (window.fault, window.other) if window is not None else ():
        if name and name not in known:
            yield f"'{read.text}' has no data {here}: there is no '{name}' there", "name the variants that have it"
    if scope.link is not None and scope.link not in {*topology.links, *staged.links}:
        yield f"'{read.text}' has no data {here}: there is no call {scope.link}", "name the variants that have it"
    elif scope.node and scope.node not in {node.name for node in topology.nodes} | staged.nodes.keys():
        yield f"'{read.text}' has no data {here}: there is no '{scope.node}'", "name the variants that have it"
    elif silent := _who_tells_nothing(staged, scope.link, scope.node, read.measure):
        hint = "the proxy counts connections and bytes; attempts, success and p99 are told by a caller of ours"
        yield f"'{read.text}' has no data {here}: '{silent}' is a program of your own, and tells nobody of its calls", hint
    elif more and read.measure.name in _MADE_BY:
        makes, written = _MADE_BY[read.measure.name]
        links = _links_of(staged, scope.link, scope.load)
        if links and not any(makes(staged.policies[link]) for link in links):
            yield (
                f"'{read.text}' is always nothing {here}: no policy there has a {written}",
                f"add `{written.split(',')[0]}`",
            )
    teller = _teller(scope.what) if more else ""
    if teller and teller not in {node.kind for node in topology.nodes}:
        yield f"'{scope.what}' never happens {here}: there is no {teller}", "add one"


def _who_tells_nothing(staged: Staged, link: Link | None, node: str, measure: Measure) -> str:
    """The program of the user's own that alone could tell this; empty if somebody does."""
    if link is not None:
        ends = {"callee": link.callee, "caller": link.caller}
        needed = [name for teller, name in ends.items() if teller in measure.told_by]
    else:
        needed = [node] if node and measure.told_by & {"caller", "callee"} else []
    return next((name for name in needed if _is_foreign(staged, name)), "")


def _is_foreign(staged: Staged, name: str) -> bool:
    service = name.partition(":")[0]
    return service in staged.nodes and is_foreign(staged.nodes[service].kind)


def _links_of(staged: Staged, link: Link | None, load: str) -> list[Link]:
    topology = staged.variant.topology
    if link is not None:
        return [link]
    loads = {load} if load else {node.name for node in topology.loads}
    inner = [one for one in topology.links if one.caller not in loads]
    return [one for one in topology.links if one.caller in loads] + inner


def _teller(fact: str) -> str:
    """The kind of service that tells a fact: the first that its description speaks of; empty where it speaks of none."""
    return next((word for word in FACTS.get(fact, "").split() if word in KINDS), "")


def _same_twice(staged: Staged) -> Iterator[Found]:
    """Told at the later of the two."""
    for other in staged.playbook.variants:
        if other.name == staged.variant.name:
            return
        same = (other.topology, other.faults, other.cues) == (staged.variant.topology, staged.variant.faults, staged.variant.cues)
        if same:
            yield Found(
                place=staged.place("variants", staged.variant.name),
                message=f"'{staged.variant.name}' plays just the same as '{other.name}'",
                hint="what is different about it?",
            )
            return


PROMISES = (
    Doubt(name="never-produced", doc="an expectation of what nobody produces", find=_never_produced),
    Doubt(name="same-twice", doc="two variants that play the same", find=_same_twice),
)
