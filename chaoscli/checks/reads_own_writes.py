"""Reads own writes: who has written and was told that it is written finds it again, or something newer.

A session guarantee of Terry et al., "Session Guarantees for Weakly Consistent Replicated Data" (PDIS 1994).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from chaoscli.checks.histories import NOTHING, Operation, histories
from chaoscli.checks.laws import Finding, Invariant
from chaoscli.recording import Recording


def _judge(recording: Recording) -> Finding:
    """The guilty are the reads that found what their own client had overwritten."""
    keys = histories(recording)
    stale = [one for operations in keys.values() for one in _stale(operations)]
    reads = sum(one.kind == "read" and one.outcome == "ok" for operations in keys.values() for one in operations)
    shown = f"{len(stale)} of {reads} reads missed what their own client had written before"
    return Finding(shown=shown, guilty=tuple(dict.fromkeys(one.request or one.id for one in stale)))


def _stale(operations: Sequence[Operation]) -> Iterator[Operation]:
    written = {one.value: one for one in operations if one.kind == "write"}
    for read in operations:
        if read.kind != "read" or read.outcome != "ok":
            continue
        own = [one for one in operations if one.client == read.client and one.kind == "write" and one.returned <= read.invoked]
        latest = max((one for one in own if one.outcome == "ok"), key=lambda one: one.returned, default=None)
        if latest is not None and is_older(read, latest, written):
            yield read


def is_older(read: Operation, than: Operation, written: dict[str, Operation]) -> bool:
    """Is what was read certainly older than what ``than`` wrote or read? By versions where there are some, else by time: its
    write was over before the other began."""
    if read.value == than.value:
        return False
    if read.version is not None and than.version is not None:
        return read.version < than.version
    if read.value == NOTHING:
        return True
    origin, other = written.get(read.value), written.get(than.value)
    return origin is not None and other is not None and origin.returned < other.invoked


READS_OWN_WRITES = Invariant(
    name="reads own writes", doc="who was told that a write is done reads it, or something newer", judge=_judge
)
