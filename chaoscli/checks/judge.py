"""From events to a verdict: checks, measures, what the faults did, and what makes the run itself doubtful."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from chaoscli.checks.asked import fault_reports
from chaoscli.checks.evaluate import evaluate
from chaoscli.checks.sentence import Expectation
from chaoscli.checks.traces import trace_reports
from chaoscli.events import Aborted, EventsLost, FaultHealed, FaultInjected, Happened, NodeChanged
from chaoscli.measures.base import Scope
from chaoscli.measures.catalogue import MEASURES, STANDARD, STANDARD_OF_LINKS
from chaoscli.outcome import Check, Outcome, RunProblem, VariantOutcome
from chaoscli.recording import Recording, RunRecording
from chaoscli.topology import Link
from chaoscli.units import format_duration

# A load that is this late in the median no longer offers what the playbook says: at 50 requests a second it is a whole
# request behind. A hiccup of the machine makes single requests late, and those are only reported.
MOST_LATENESS_S = 0.02
# A cue that is this late is another experiment than the one asked for: its fault was not there when it should have been.
# A busy machine makes them some tens of milliseconds late; more means that the conductor stood still (Ctrl-Z, a laptop's lid).
MOST_CUE_LATENESS_S = 0.5


def judge(run: RunRecording, expectations: Sequence[Expectation]) -> Outcome:
    """The outcome of a run, whole or interrupted; pure, so judging a recording again says the same."""
    recordings = run.variants.values()
    facts = tuple(dict.fromkeys(read.scope.what for one in expectations for read in one.measured if read.scope.what))
    header = run.header
    return Outcome(
        playbook=header.playbook,
        title=header.title,
        seed=header.seed,
        world=header.world,
        version=header.version,
        complete=bool(recordings) and all(recording.complete for recording in recordings),
        variants=tuple(_variant(recording, facts) for recording in recordings),
        checks=(
            *(check for recording in recordings for check in _aborted(recording)),
            *(check for expectation in expectations for check in evaluate(expectation, run)),
        ),
        faults=tuple(report for recording in recordings for report in fault_reports(recording)),
        traces=trace_reports(run),
        problems=tuple(problem for recording in recordings for problem in _problems(recording)),
    )


def _aborted(recording: Recording) -> Iterator[Check]:
    """A play that a rule of its own ended has not held, whatever else is said of it."""
    for one in recording.of(Aborted):
        yield Check(
            text=f"abort: {one.rule}", written=f"abort: {one.rule}", variant=recording.name, held=False, shown=one.shown,
            reason=f"the play was ended at {format_duration(one.at)}", kind="abort",
        )  # fmt: skip


def _variant(recording: Recording, facts: Sequence[str]) -> VariantOutcome:
    happened = Counter(one.what for one in recording.of(Happened))
    return VariantOutcome(
        name=recording.name,
        facts={fact: happened[fact] for fact in facts},
        measures={name: MEASURES[name].read(recording) for name in STANDARD},
        links={str(link): _link(recording, link) for link in recording.links},
    )


def _link(recording: Recording, link: Link) -> dict[str, float | None]:
    scope = Scope(link=link)
    return {name: MEASURES[name].read(recording, scope) for name in STANDARD_OF_LINKS}


def _problems(recording: Recording) -> Iterator[RunProblem]:
    for change in recording.of(NodeChanged):
        if change.state == "died":
            why = f": {change.detail}" if change.detail else ""
            yield RunProblem(variant=recording.name, text=f"{change.node} died by itself{why}", at=change.at)
    lost: Counter[str] = Counter()
    for one in recording.of(EventsLost):
        lost[one.source] += one.count
    for source, count in lost.items():
        yield RunProblem(variant=recording.name, text=f"{count} events of {source} were lost, so what is measured is too little")
    yield from _late_cues(recording)
    yield from _late_load(recording)


def _late_cues(recording: Recording) -> Iterator[RunProblem]:
    for done, events in (("came", recording.of(FaultInjected)), ("healed", recording.of(FaultHealed))):
        for one in events:
            if one.at - one.asked_at > MOST_CUE_LATENESS_S:
                text = f"fault '{one.fault}' {done} {format_duration(one.at - one.asked_at)} late: something stood still"
                yield RunProblem(variant=recording.name, text=text, at=one.at)


def _late_load(recording: Recording) -> Iterator[RunProblem]:
    median = MEASURES["lateness_p50"].read(recording)
    worst = MEASURES["lateness_max"].read(recording)
    if median is not None and worst is not None and median > MOST_LATENESS_S:
        text = f"the load could not keep up: {format_duration(median)} late in the median, {format_duration(worst)} at worst"
        yield RunProblem(variant=recording.name, text=text)
