"""What services have committed: what they told of it, and what the next life of one that was killed has told again."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import replace

from chaoscli.events import Happened
from chaoscli.recording import Recording

AGAIN = "told again"


def committed(recording: Recording) -> Sequence[Happened]:
    """All facts in their order. One that was only told again stands where that was, and before all that its service did since."""
    return recording.derived(_committed)


def _committed(recording: Recording) -> list[Happened]:
    told: set[Hashable] = set()
    found: list[Happened] = []
    for one in recording.of(Happened):
        fact = one if one.what != AGAIN else replace(one, what=str(one.data["fact"]))
        name = fact.node, fact.what, fact.request, fact.data.get("key")
        if one.what != AGAIN or name not in told:
            found.append(fact)
        told.add(name)
    return found
