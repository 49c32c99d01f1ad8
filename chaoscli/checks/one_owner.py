"""One owner: what a lease protects is touched by its latest holder only, and by nobody whose lease was given to another since."""

from __future__ import annotations

from collections import defaultdict

from chaoscli.checks.laws import Finding, Invariant
from chaoscli.events import Happened
from chaoscli.measures.base import NoData
from chaoscli.recording import Recording

WRITTEN = "vault written"


def _judge(recording: Recording) -> Finding:
    """The guilty are the writes under an older token than one that had been written under before them: of two owners at once
    the one whose time was over."""
    written = [one for one in recording.of(Happened) if one.what == WRITTEN]
    if not written:
        raise NoData("nothing was written under a lease")
    highest: defaultdict[tuple[str, str], int] = defaultdict(int)
    late: list[Happened] = []
    for one in written:
        place, token = (one.node, str(one.data["lease"])), int(one.data["token"])
        if token < highest[place]:
            late.append(one)
        highest[place] = max(highest[place], token)
    by = ", ".join(dict.fromkeys(str(one.data["holder"]) for one in late))
    shown = f"{len(late)} of {len(written)} writes by who was no longer the owner" + (f": {by}" if by else "")
    return Finding(shown=shown, guilty=tuple(dict.fromkeys(one.request for one in late)))


ONE_OWNER = Invariant(
    name="one owner", doc="what a lease protects is written by nobody after its next owner has written", judge=_judge
)
