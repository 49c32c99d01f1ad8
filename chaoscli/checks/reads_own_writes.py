"""Reads own writes: who has written and was told that it is written finds it again, or something newer.

A session guarantee of Terry et al., "Session Guarantees for Weakly Consistent Replicated Data" (PDIS 1994).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence

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
    written = by_value(operations)
    for read in operations:
        if read.kind != "read" or read.outcome != "ok":
            continue
        own = [one for one in operations if one.client == read.client and one.kind == "write" and one.returned <= read.invoked]
        latest = max((one for one in own if one.outcome == "ok"), key=lambda one: one.returned, default=None)
        if latest is not None and is_older(read, latest, written):
            yield read


def by_value(operations: Sequence[Operation]) -> Mapping[str, Sequence[Operation]]:
    """The writes that may have had an effect; a value that is written twice has two."""
    written: defaultdict[str, list[Operation]] = defaultdict(list)
    for one in operations:
        if one.kind == "write" and one.outcome != "failed":
            written[one.value].append(one)
    return written


def is_older(read: Operation, than: Operation, written: Mapping[str, Sequence[Operation]]) -> bool:
    """Is what was read certainly older than what ``than`` wrote or read? By versions where there are some, else by time: its
    write was over before the other began. Where a value was written more than once, whichever of its writes it was."""
    if read.value == than.value:
        return False
    if read.version is not None and than.version is not None:
        return read.version < than.version
    origins, others = _origins(read, written), _origins(than, written)
    if read.value == NOTHING and not origins:
        return True
    if not origins or not others or (than.kind == "read" and than.value == NOTHING):
        return False
    return max(one.returned for one in origins) < min(one.invoked for one in others)


def _origins(of: Operation, written: Mapping[str, Sequence[Operation]]) -> Sequence[Operation]:
    """The writes that this read may have found; of a write, itself."""
    return [of] if of.kind == "write" else [one for one in written.get(of.value, ()) if one.invoked <= of.returned]


READS_OWN_WRITES = Invariant(
    name="reads own writes", doc="who was told that a write is done reads it, or something newer", judge=_judge
)
