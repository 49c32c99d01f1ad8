"""Nothing invented: what was charged, sent out or delivered had been ordered, accepted or published by somebody."""

from __future__ import annotations

from collections.abc import Iterator

from chaoscli.checks.laws import Finding, Invariant
from chaoscli.checks.orders import accepted
from chaoscli.events import Happened, RequestStarted
from chaoscli.measures.base import NoData
from chaoscli.recording import Recording

ASKED_FOR = ("stock reserved", "order created", "charged")
KEPT = ("published", "message recovered")


def _judge(recording: Recording) -> Finding:
    facts = [one for one in recording.of(Happened) if one.what in (*ASKED_FOR, "shipped", "delivered")]
    if not facts:
        raise NoData("nothing was reserved, ordered, charged, sent out or delivered")
    invented = list(_invented(recording, facts))
    shown = ", ".join(f"{one.what} for '{one.request}' out of nothing" for one in invented[:3])
    guilty = tuple(dict.fromkeys(one.request for one in invented))
    return Finding(shown=shown or f"{len(facts)} effects, each of them asked for", guilty=guilty)


def _invented(recording: Recording, facts: list[Happened]) -> Iterator[Happened]:
    """Whatever order the events of different processes came in: what it takes must be somewhere in the recording."""
    requests = {one.request for one in recording.of(RequestStarted)}
    orders = accepted(recording)
    messages = {(one.node, one.data.get("message")) for one in recording.of(Happened) if one.what in KEPT}
    messages |= {(one.node, one.data.get("aside")) for one in recording.of(Happened) if one.what == "dead letter"}
    for one in facts:
        if one.what in ASKED_FOR:
            is_invented = bool(requests) and one.request not in requests
        elif one.what == "shipped":
            is_invented = str(one.data.get("order")) not in orders
        else:
            is_invented = (one.node, one.data.get("message")) not in messages
        if is_invented:
            yield one


NOTHING_INVENTED = Invariant(
    name="nothing invented",
    doc="what is reserved or charged was asked for, what is sent out was ordered, what is delivered was published",
    judge=_judge,
)
