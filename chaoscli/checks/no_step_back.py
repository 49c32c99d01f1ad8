"""No step back: who has seen a state never sees an older one after it (monotonic reads, Terry et al., PDIS 1994)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from chaoscli.checks.histories import Operation, histories
from chaoscli.checks.laws import Finding, Invariant
from chaoscli.checks.reads_own_writes import by_value, is_older
from chaoscli.recording import Recording


def _judge(recording: Recording) -> Finding:
    """The guilty are the reads that found an older state than their client had found before."""
    keys = histories(recording)
    back = [one for operations in keys.values() for one in _steps_back(operations)]
    reads = sum(one.kind == "read" and one.outcome == "ok" for operations in keys.values() for one in operations)
    return Finding(
        shown=f"{len(back)} of {reads} reads went back to an older state",
        guilty=tuple(dict.fromkeys(one.request or one.id for one in back)),
    )


def _steps_back(operations: Sequence[Operation]) -> Iterator[Operation]:
    written = by_value(operations)
    seen: dict[str, Operation] = {}
    for read in sorted((one for one in operations if one.kind == "read" and one.outcome == "ok"), key=lambda one: one.returned):
        before = seen.get(read.client)
        if before is None or before.returned > read.invoked:  # the two overlapped: either may have been first
            seen[read.client] = read
        elif is_older(read, before, written):
            yield read
        else:
            seen[read.client] = read


NO_STEP_BACK = Invariant(name="no step back", doc="who has read a state never reads an older one after it", judge=_judge)
