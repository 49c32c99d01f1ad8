"""Every order published: an order that was accepted is told to the broker; between writing and telling none gets lost."""

from __future__ import annotations

from collections import Counter

from chaoscli.checks.laws import Finding, Invariant
from chaoscli.checks.orders import accepted, under_way
from chaoscli.events import Happened
from chaoscli.measures.base import NoData
from chaoscli.recording import Recording


def _judge(recording: Recording) -> Finding:
    """Told more than once is told: a broker promises no less. Requests still under way have their telling before them."""
    over = under_way(recording)
    orders = Counter(one.request for one in accepted(recording).values() if one.request not in over)
    told = Counter(one.request for one in recording.of(Happened) if one.what in ("published", "message recovered"))
    gave_up = any(one.what == "order not published" for one in recording.of(Happened))
    if not orders or not (gave_up or set(orders) & set(told)):
        raise NoData("no order was to be published")
    guilty = tuple(request for request, times in orders.items() if told[request] < times)
    forgotten = sum(orders[request] - told[request] for request in guilty)
    return Finding(shown=f"{orders.total() - forgotten} of {orders.total()} orders published", guilty=guilty)


EVERY_ORDER_PUBLISHED = Invariant(
    name="every order published", doc="an order that was accepted is told to the broker", judge=_judge
)
