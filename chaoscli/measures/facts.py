"""Facts of the shop's own world, counted: effects that happened twice, messages from the future, anything by its name."""

from __future__ import annotations

from collections import Counter

from chaoscli.events import Arrived, Happened
from chaoscli.measures.base import Scope
from chaoscli.measures.windows import spans
from chaoscli.recording import Recording

# What changes the world, so that doing it twice for one request is wrong. Delivering a message twice is no such thing:
# a broker promises at least once.
EFFECTS = ("stock reserved", "charged", "worked")


def count(recording: Recording, scope: Scope) -> float:
    """How often ``scope.what`` happened; everything that did without it."""
    within = spans(recording, scope)
    return float(sum(scope.what in ("", one.what) and one.at in within for one in recording.of(Happened)))


def duplicates(recording: Recording, scope: Scope) -> float:
    """How often a request had an effect again that it had had before, on the same node."""
    within = spans(recording, scope)
    wanted = (scope.what,) if scope.what else EFFECTS
    seen = Counter(
        (one.node, one.what, one.request)
        for one in recording.of(Happened)
        if one.what in wanted and one.request and one.at in within
    )
    return float(sum(times - 1 for times in seen.values()))


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
