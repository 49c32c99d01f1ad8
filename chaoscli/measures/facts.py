"""Facts of the shop's own world, counted: effects that happened twice, messages from the future, anything by its name."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Mapping

from chaoscli.events import Arrived, Happened
from chaoscli.measures.base import Scope
from chaoscli.measures.rows import beginnings
from chaoscli.measures.windows import spans
from chaoscli.recording import Recording

# Every fact the services tell, so that a misspelt one is noticed before the run and not counted as nothing after it.
FACTS: Mapping[str, str] = {
    "stocked": "inventory put a product on its shelf",
    "stock reserved": "inventory gave some of a product away",
    "order created": "order said yes",
    "charged": "payment took money",
    "charge repeated": "payment recognised a charge by its idempotency key, and took nothing",
    "published": "the broker keeps a message",
    "delivered": "the broker handed a message out; it may do so again",
    "acknowledged": "the broker need not deliver a message any more",
    "worked off": "a hop did the work of a message",
    "write applied": "a register took a write",
    "write discarded": "a register held something newer, by its stamps",
    "newer write lost": "a register discarded a write that was in truth the newer one",
    "replication dropped": "a register could not keep a write for its peer",
    "message from the future": "a register was sent something later than its clock showed",
}
# What changes the world, so that doing it twice for one request is wrong. Delivering a message twice is no such thing:
# a broker promises at least once.
EFFECTS = ("stock reserved", "order created", "charged", "worked off")


def count(recording: Recording, scope: Scope) -> float:
    """How often ``scope.what`` happened; everything that did without it."""
    within = spans(recording, scope)
    return float(sum(scope.what in ("", one.what) and one.at in within for one in recording.of(Happened)))


def duplicates(recording: Recording, scope: Scope) -> float:
    """How often a request had an effect again that it had had before. It belongs to the window in which its request began."""
    within, begun = spans(recording, scope), recording.derived(beginnings)
    wanted = (scope.what,) if scope.what else EFFECTS
    effects = [one for one in recording.of(Happened) if one.what in wanted and one.request]
    seen = Counter(_effect(one) for one in effects if begun.get(one.request, one.at) in within)
    return float(sum(times - 1 for times in seen.values()))


def _effect(one: Happened) -> Hashable:
    """One request may reserve two products, and a node work for it from two queues: those are different effects."""
    return one.node, one.what, one.request, one.data.get("product"), one.data.get("topic")


def from_future(recording: Recording, scope: Scope) -> float:
    """Messages that were sent, by the clock of their sender, later than the receiver's clock showed when they came."""
    within, link = spans(recording, scope), scope.link
    return float(
        sum(
            one.sent_wall_s > one.received_wall_s
            and scope.node in ("", one.node)
            and (link is None or (one.caller, one.node) == (link.caller, link.callee))
            and one.at in within
            for one in recording.of(Arrived)
        )
    )
