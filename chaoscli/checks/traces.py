"""Where the failures of a run came from, of those that came from far."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from chaoscli.measures.tracing import trails
from chaoscli.outcome import TraceReport
from chaoscli.recording import RunRecording

# Along fewer services than these a failure is found by looking.
FAR = 4
# The rest is noise; what is wrong is among the first.
MOST_OF_A_VARIANT = 3


def trace_reports(run: RunRecording) -> tuple[TraceReport, ...]:
    """The most frequent trails of each variant; none at all in a run in which none is long."""
    reports = tuple(report for variant in run.variants for report in _of_variant(run, variant))
    return reports if any(len(report.path) >= FAR for report in reports) else ()


def _of_variant(run: RunRecording, variant: str) -> Iterator[TraceReport]:
    counts = Counter(run.variants[variant].derived(trails).values())
    for trail, count in counts.most_common(MOST_OF_A_VARIANT):
        yield TraceReport(variant=variant, path=trail.path, how=trail.how, found=trail.found, count=count, of=counts.total())
