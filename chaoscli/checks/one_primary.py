"""One primary: once writes count in a newer term none begins to count in an older one, and no term has two primaries."""

from __future__ import annotations

import math
from collections import defaultdict

from chaoscli.checks.acknowledged import Write, acknowledged
from chaoscli.checks.laws import Finding, Invariant
from chaoscli.recording import Recording


def _judge(recording: Recording) -> Finding:
    """The guilty were accepted by a primary whose time was over, and acknowledged all the same; or by the second of one term.

    What was accepted in time and only told late is in order: a majority had it by then, and so had the next primary.
    """
    writes = acknowledged(recording)
    first: defaultdict[int, float] = defaultdict(lambda: math.inf)
    primaries: defaultdict[int, list[str]] = defaultdict(list)
    for one in writes:
        assert one.acknowledged is not None
        first[one.term] = min(first[one.term], one.acknowledged)
        if one.node not in primaries[one.term]:
            primaries[one.term].append(one.node)

    def over(one: Write) -> bool:
        newer = min((at for term, at in first.items() if term > one.term), default=math.inf)
        return one.accepted > newer or one.node != primaries[one.term][0]

    late = [one for one in writes if over(one)]
    by = ", ".join(dict.fromkeys(f"{one.node} in term {one.term}" for one in late))
    shown = f"{len(late)} of {len(writes)} writes acknowledged beside another primary" + (f", by {by}" if by else "")
    return Finding(shown=shown, guilty=tuple(dict.fromkeys(one.request or one.operation for one in late)))


ONE_PRIMARY = Invariant(
    name="one primary", doc="no write counts that an older term's primary took once a newer term has one", judge=_judge
)
