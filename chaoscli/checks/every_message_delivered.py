"""Every message delivered: what a broker has accepted reaches somebody."""

from __future__ import annotations

from collections import Counter

from chaoscli.checks.laws import Finding, Invariant
from chaoscli.events import Happened
from chaoscli.measures.base import NoData
from chaoscli.recording import Recording

DELIVERED = ("delivered", "acknowledged")


def _judge(recording: Recording) -> Finding:
    """A broker hands out its oldest message first. One that was passed over by a younger one of its topic is lost; one with
    nothing but others behind it still waits for somebody who has the time."""
    facts = recording.of(Happened)
    published = [one for one in facts if one.what == "published"]
    if not published:
        raise NoData("nothing was published")
    delivered = {(one.node, one.data["message"]) for one in facts if one.what in DELIVERED}
    latest: Counter[tuple[str, str]] = Counter()
    for one in facts:
        if one.what in DELIVERED:
            place = one.node, str(one.data["topic"])
            latest[place] = max(latest[place], int(one.data["message"]))
    left = [one for one in published if (one.node, one.data["message"]) not in delivered]
    lost = [one for one in left if int(one.data["message"]) < latest[one.node, str(one.data["topic"])]]
    shown = f"{len(published) - len(left)} of {len(published)} messages delivered, {len(left) - len(lost)} waiting"
    return Finding(shown=shown, guilty=tuple(dict.fromkeys(one.request for one in lost)))


EVERY_MESSAGE_DELIVERED = Invariant(
    name="every message delivered", doc="a message that the broker accepted is delivered at least once", judge=_judge
)
