"""Facts of the shop's own world: effects that happened twice, writes lost, what clocks say of a message, anything by its name."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterator, Mapping

from chaoscli.events import Arrived, Happened, Overheard
from chaoscli.measures.base import NoData, Scope
from chaoscli.measures.latency import quantile
from chaoscli.measures.rows import beginnings
from chaoscli.measures.windows import spans
from chaoscli.recording import Recording

NEWER_WRITE_LOST = "newer write lost"
# Every fact the services tell, so that a misspelt one is noticed before the run and not counted as nothing after it.
FACTS: Mapping[str, str] = {
    "stocked": "inventory put a product on its shelf",
    "stock reserved": "inventory gave some of a product away",
    "stock released": "inventory put back what it had given away",
    "told again": "a service that was killed found in its database what it had done last; it may have been told before",
    "order created": "order said yes",
    "order undone": "order had everything undone that was done for an order it rejected",
    "order not published": "order could not tell the broker of an order, and will not try again",
    "order recovered": "an order that was killed found this order in its database",
    "charged": "payment took money",
    "refunded": "payment gave back what it had charged",
    "bank charged": "the bank moved money to the shop",
    "bank refunded": "the bank moved money back",
    "priced": "pricing said what a line costs",
    "charge repeated": "payment recognised a charge by its idempotency key, and took nothing",
    "shipped": "shipping sent an order out",
    "shipment repeated": "shipping recognised an order that it had sent out, and sent nothing",
    "published": "the broker keeps a message",
    "message recovered": "a broker that was killed found this message in its database",
    "delivered": "the broker handed a message out; it may do so again",
    "acknowledged": "the broker need not deliver a message any more",
    "group joined": "a group of consumers asked the broker for the first time",
    "dead letter": "the broker put a message aside that had come back too often",
    "worked off": "a hop did the work of a message",
    "unsigned call refused": "a guarded door turned away a call without a signature",
    "forged call refused": "a guarded door turned away a call whose signature does not fit it",
    "expired call refused": "a guarded door turned away a call that was signed too long ago, or too far ahead",
    "replayed call refused": "a guarded door turned away a call that it had let in before",
    "stranger refused": "a guarded door turned away a caller that may not call there",
    "registered": "the registry lists an instance",
    "deregistered": "an instance left the registry",
    "registration expired": "the registry had not heard of an instance for too long",
    "ejected": "a gateway leaves out a replica that failed too often",
    "share moved": "a gateway sends another share of the requests to where a path is moved",
    "answers differ": "a gateway that asked old and new got two answers, and gave the old one's",
    "rolled back": "a gateway has given up a move: all requests go to the old one again",
    "scaled": "a rule changed how many replicas of a service there are",
    "starts again": "a node that had crashed is started by its policy",
    "replica unhealthy": "a gateway found a replica ill, and leaves it out",
    "replica healthy": "a gateway found a replica well again",
    "read invoked": "a client of a store asked to read",
    "read returned": "a store answered that, or could not",
    "write invoked": "a client of a store asked to write",
    "write returned": "a store answered that, or could not",
    "became primary": "a replica takes the writes of its group from now on",
    "stepped down": "a primary was told of a newer term, and is one no longer",
    "fenced off": "a replica refused what came from the primary of an older term",
    "write accepted": "a primary put a write into its log",
    "write acknowledged": "a primary said that a write counts",
    "write rolled back": "a replica took back an entry that its primary never heard of",
    "lease granted": "the lock gave a lease to another holder, or to the same after it had ended",
    "lease given back": "a holder was done with its lease before it ended",
    "vault written": "the vault took what a holder wrote",
    "vault refused": "a fenced vault was shown a token that is over",
    "transaction begun": "a coordinator wrote down that it begins",
    "transaction committed": "a coordinator decided that all of it happens",
    "transaction aborted": "a coordinator decided that none of it does",
    "prepared": "a participant voted yes, and is in doubt until it is told",
    "taken": "a participant took its part",
    "given back": "a participant gave its part back",
    "let go": "a participant unlocked what it had voted for, and took nothing",
    "in doubt again": "a participant that was killed found in its database that it is in doubt",
    "write applied": "a register took a write",
    "write discarded": "a register held something newer, by its stamps",
    NEWER_WRITE_LOST: "a register discarded a write that was in truth the newer one",
    "replication dropped": "a register could not keep a write for its peer",
    "message from the future": "a register was sent something later than its clock showed",
}
# What an eavesdropper listened for; the first bytes it heard are only shown.
CATCHES = ("card number", "text")
# What changes the world, so that doing it twice for one request is wrong. Delivering a message twice is no such thing:
# a broker promises at least once.
EFFECTS = ("stock reserved", "order created", "charged", "shipped", "worked off")


def count(recording: Recording, scope: Scope) -> float:
    """How often ``scope.what`` happened; everything that did without it."""
    within = spans(recording, scope)
    return float(sum(scope.what in ("", one.what) and one.at in within for one in recording.of(Happened)))


def completion(recording: Recording, scope: Scope) -> float:
    """Median time from when a request was to begin until the last ``scope.what`` that came of it, however long ago it had been
    answered. Requests of which none has come are not in it: ``count`` tells whether there are any."""
    within, begun = spans(recording, scope), recording.derived(beginnings)
    last: dict[str, float] = {}
    for one in recording.of(Happened):
        if one.what == scope.what and one.request in begun and begun[one.request] in within:
            last[one.request] = max(one.at, last.get(one.request, one.at))
    if not last:
        raise NoData(f"'{scope.what}' came of no request")
    return quantile(sorted(at - begun[request] for request, at in last.items()), 0.5)


def duplicates(recording: Recording, scope: Scope) -> float:
    """How often a request had an effect again that it had had before. It belongs to the window in which its request began."""
    within, begun = spans(recording, scope), recording.derived(beginnings)
    wanted = (scope.what,) if scope.what else EFFECTS
    effects = [one for one in recording.of(Happened) if one.what in wanted and one.request]
    seen = Counter(effect_of(one) for one in effects if begun.get(one.request, one.at) in within)
    return float(sum(times - 1 for times in seen.values()))


def effect_of(one: Happened) -> Hashable:
    """Equal for what must not happen twice. One request may reserve two products, and a node work for it from two queues:
    those are different effects."""
    return one.node, one.what, one.request, one.data.get("product"), one.data.get("topic")


def lost_writes(recording: Recording, scope: Scope) -> float:
    """Writes that a register discarded in the moment it took them: the newest there were, and older by their stamps."""
    within = spans(recording, scope)
    return float(
        sum(one.what == NEWER_WRITE_LOST and scope.node in ("", one.node) and one.at in within for one in recording.of(Happened))
    )


def overheard(recording: Recording, scope: Scope) -> float:
    """What eavesdroppers caught of what they listened for."""
    within, link = spans(recording, scope), scope.link
    caught = [one for one in recording.of(Overheard) if one.what in CATCHES and one.at in within]
    return float(sum(link is None or one.link == str(link) for one in caught))


def mischarged(recording: Recording, scope: Scope) -> float:
    """Orders that were charged another sum than they came to. They belong to the window in which their requests began."""
    within, begun = spans(recording, scope), recording.derived(beginnings)
    sums = {one.request: one.data["amount"] for one in recording.of(Happened) if one.what == "charged" and one.request}
    made = [one for one in recording.of(Happened) if one.what == "order created" and "amount" in one.data]
    return float(
        sum(
            sums.get(one.request, one.data["amount"]) != one.data["amount"]
            for one in made
            if begun.get(one.request, one.at) in within
        )
    )


def from_future(recording: Recording, scope: Scope) -> float:
    """Messages that were sent, by the clock of their sender, later than the receiver's clock showed when they came."""
    return float(sum(one.sent_wall_s > one.received_wall_s for one in _messages(recording, scope)))


def one_way(recording: Recording, scope: Scope) -> float:
    """The median of received less sent, each by the clock of its own node, in seconds: the one-way delay of RFC 7679 as two
    clocks that disagree measure it. Below zero where messages come from the future."""
    found = sorted(one.received_wall_s - one.sent_wall_s for one in _messages(recording, scope) if one.sent_wall_s)
    if not found:
        raise NoData("no message came with the time it was sent")
    return quantile(found, 0.5)


def _messages(recording: Recording, scope: Scope) -> Iterator[Arrived]:
    within, link = spans(recording, scope), scope.link
    return (
        one
        for one in recording.of(Arrived)
        if scope.node in ("", one.node)
        and (link is None or (one.caller, one.node) == (link.caller, link.callee))
        and one.at in within
    )
