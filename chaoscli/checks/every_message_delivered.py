"""Every message delivered: what a broker has accepted reaches somebody."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence

from chaoscli.checks.laws import Finding, Invariant
from chaoscli.events import Happened
from chaoscli.measures.base import NoData
from chaoscli.recording import Recording

DELIVERED = ("delivered", "acknowledged")


def _judge(recording: Recording) -> Finding:
    """A broker hands out its oldest message first, to every group. One that a group was handed nothing of, but a younger one of
    its topic, is lost; one with nothing but others behind it still waits for somebody who has the time."""
    facts = recording.of(Happened)
    published = [one for one in facts if one.what == "published"]
    if not published:
        raise NoData("nothing was published")
    groups = _groups(facts)
    lost, waiting = list[Happened](), list[Happened]()
    for one in published:
        missed = [group for group in groups[one.node, one.data["topic"]] if one.data["message"] not in group.numbers]
        if any(one.data["message"] < group.latest for group in missed):
            lost.append(one)
        elif missed or not groups[one.node, one.data["topic"]]:
            waiting.append(one)
    shown = f"{len(published) - len(lost) - len(waiting)} of {len(published)} messages delivered, {len(waiting)} waiting"
    return Finding(shown=shown, guilty=tuple(dict.fromkeys(one.request for one in lost)))


class _Group:
    """``numbers`` of the messages it was handed, or that were gone before it came; ``latest`` of those it was handed."""

    def __init__(self) -> None:
        self.numbers: set[int] = set()
        self.latest = 0


def _groups(facts: Sequence[Happened]) -> Mapping[tuple[str, str], Collection[_Group]]:
    """By broker and topic."""
    groups: defaultdict[tuple[str, str], defaultdict[str, _Group]] = defaultdict(lambda: defaultdict(_Group))
    gone: defaultdict[tuple[str, str], set[int]] = defaultdict(set)
    for one in facts:
        place = one.node, str(one.data.get("topic", ""))
        if one.what == "group joined":
            groups[place][str(one.data["group"])].numbers |= gone[place]
        elif one.what in DELIVERED:
            group, number = groups[place][str(one.data.get("group", ""))], int(one.data["message"])
            group.numbers.add(number)
            group.latest = max(group.latest, number)
            if one.what == "acknowledged":
                gone[place].add(number)
    return defaultdict(list, {place: list(of.values()) for place, of in groups.items()})


EVERY_MESSAGE_DELIVERED = Invariant(
    name="every message delivered", doc="a message that the broker accepted is delivered at least once", judge=_judge
)
