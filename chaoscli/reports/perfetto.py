"""A recording as Chrome trace events, which Perfetto (ui.perfetto.dev) and chrome://tracing show.

"Trace Event Format" (Duffy, Sinclair): times in microseconds; requests overlap, so spans are asynchronous (``b``, ``e`` with an
id); each service of each variant is a process; ``C`` counts what waits and what is under way, ``i`` marks faults as they come and
go, ``s`` and ``f`` are the arrows from an attempt to the one after it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from itertools import pairwise
from typing import Any

from chaoscli.events import Arrived, BreakerChanged, FaultHealed, FaultInjected, NodeChanged
from chaoscli.recording import Recording, RunRecording
from chaoscli.reports.spans import Span, spans_of

Event = dict[str, Any]
FAULTS = "faults"


def trace_document(run: RunRecording) -> dict[str, Any]:
    """For ``json.dumps``. Nothing is before 0: what came before the curtain moves all by as much."""
    earliest = min((event.at for one in run.variants.values() for event in one.events[:1]), default=0.0)
    builder = _Builder(shift_s=max(0.0, -earliest), many=len(run.variants) > 1)
    for name, recording in run.variants.items():
        builder.variant(name, recording)
    header = run.header
    said = {"playbook": header.playbook, "seed": header.seed, "world": header.world, "chaoscli": header.version}
    return {"displayTimeUnit": "ms", "otherData": said, "traceEvents": builder.events}


class _Builder:
    def __init__(self, *, shift_s: float, many: bool) -> None:
        self.events: list[Event] = []
        self._shift_s = shift_s
        self._many = many
        self._pids: dict[str, int] = {}
        self._ids = 0

    def variant(self, name: str, recording: Recording) -> None:
        prefix = f"{name}: " if self._many else ""
        spans = spans_of(recording)
        for span in spans:
            self.events += self._span(prefix, span)
        self.events += self._retries(prefix, spans)
        self.events += self._counters(prefix, recording, spans)
        self.events += self._faults(prefix, recording)
        self.events += self._turns(prefix, recording)

    def _span(self, prefix: str, span: Span) -> Iterator[Event]:
        self._ids += 1
        usual = {"cat": span.kind, "name": span.name, "pid": self._pid(prefix + span.node), "tid": 0, "id": hex(self._ids)}
        facts = {"request": span.request, **span.said, **({} if span.ended else {"ended": False})}
        yield {"ph": "b", "ts": self._ts(span.starts_s), **usual, "args": facts}
        yield {"ph": "e", "ts": self._ts(span.ends_s), **usual}

    def _retries(self, prefix: str, spans: Iterable[Span]) -> Iterator[Event]:
        """From the end of each attempt to the start of the next of the same call."""
        attempts: defaultdict[tuple[str, str, int | None], list[Span]] = defaultdict(list)
        for span in spans:
            if span.kind == "call":
                attempts[span.request, span.name.partition(" #")[0], span.parent].append(span)
        for alike in attempts.values():
            for one, other in pairwise(alike):
                if other.said["attempt"] == one.said["attempt"] + 1:
                    self._ids += 1
                    usual = {"cat": "retry", "name": "retry", "pid": self._pid(prefix + one.node), "tid": 0, "id": self._ids}
                    yield {"ph": "s", "ts": self._ts(min(one.ends_s, other.starts_s)), **usual}
                    yield {"ph": "f", "bp": "e", "ts": self._ts(other.starts_s), **usual}

    def _counters(self, prefix: str, recording: Recording, spans: Iterable[Span]) -> Iterator[Event]:
        for arrived in recording.of(Arrived):
            counted = {"queue": arrived.queue, "busy": arrived.busy}
            pid = self._pid(prefix + arrived.node)
            yield {"ph": "C", "name": "at work", "ts": self._ts(arrived.at), "pid": pid, "tid": 0, "args": counted}
        changes = sorted(
            (at, by, span.node) for span in spans if span.kind == "request" for at, by in ((span.starts_s, 1), (span.ends_s, -1))
        )
        under_way: defaultdict[str, int] = defaultdict(int)
        for at, by, node in changes:
            under_way[node] += by
            counted = {"requests": under_way[node]}
            yield {"ph": "C", "name": "in flight", "ts": self._ts(at), "pid": self._pid(prefix + node), "tid": 0, "args": counted}

    def _faults(self, prefix: str, recording: Recording) -> Iterator[Event]:
        pid = self._pid(prefix + FAULTS) if recording.of(FaultInjected) else 0
        for injected in recording.of(FaultInjected):
            facts = {"kind": injected.kind, "targets": list(injected.targets)}
            name = injected.text or injected.fault
            yield {"ph": "i", "s": "g", "name": name, "ts": self._ts(injected.at), "pid": pid, "tid": 0, "args": facts}
        for healed in recording.of(FaultHealed):
            yield {"ph": "i", "s": "g", "name": f"{healed.fault} heals", "ts": self._ts(healed.at), "pid": pid, "tid": 0}

    def _turns(self, prefix: str, recording: Recording) -> Iterator[Event]:
        """What became of nodes after the curtain, and of breakers."""
        turns = [(one.at, one.node, one.state) for one in recording.of(NodeChanged) if one.at > 0]
        turns += [(one.at, one.caller, f"breaker -> {one.callee} {one.state}") for one in recording.of(BreakerChanged)]
        for at, node, said in turns:
            yield {"ph": "i", "s": "p", "name": said, "ts": self._ts(at), "pid": self._pid(prefix + node), "tid": 0}

    def _pid(self, name: str) -> int:
        if name not in self._pids:
            self._pids[name] = len(self._pids) + 1
            self.events.append({"ph": "M", "name": "process_name", "pid": self._pids[name], "tid": 0, "args": {"name": name}})
        return self._pids[name]

    def _ts(self, at: float) -> int:
        return round((at + self._shift_s) * 1e6)
