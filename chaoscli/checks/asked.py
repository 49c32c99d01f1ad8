"""What was asked of each fault beside what it achieved, from what the proxy measured and what the nodes told."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from statistics import fmean, median

from chaoscli.events import Answered, Arrived, FaultHealed, FaultInjected, FaultMeasured, Overheard
from chaoscli.measures.base import COUNT
from chaoscli.measures.facts import CATCHES
from chaoscli.measures.windows import Spans, fault_lives
from chaoscli.outcome import FaultReport, Figure
from chaoscli.recording import Recording
from chaoscli.units import DURATION, FACTOR, OFFSET, SHARE, SIZE, Unit, format_duration


def fault_reports(recording: Recording) -> tuple[FaultReport, ...]:
    """One for each fault, in the order in which they first came."""
    first: dict[str, FaultInjected] = {}
    for injected in recording.of(FaultInjected):
        first.setdefault(injected.fault, injected)
    return tuple(_report(recording, one) for one in first.values())


def _report(recording: Recording, fault: FaultInjected) -> FaultReport:
    measured = [one for one in recording.of(FaultMeasured) if one.fault == fault.fault]
    return FaultReport(
        variant=recording.name,
        fault=fault.fault,
        kind=fault.kind,
        text=fault.text,
        targets=fault.targets,
        figures=(*_instants(recording, fault.fault), *_kept(recording, fault, measured)),
        met=sum(one.met for one in measured) if measured else None,
        touched=sum(one.touched for one in measured) if measured else None,
        counted=("requests" if "probability" in fault.settings else "chunks") if measured else "",
    )


def _instants(recording: Recording, fault: str) -> Iterator[Figure]:
    """When it was due and when it came, and the same of its heal; of several times, the first, and the worst in the note."""
    for what, events in (("begins", recording.of(FaultInjected)), ("ends", recording.of(FaultHealed))):
        times = [(one.asked_at, one.at) for one in events if one.fault == fault]
        if times:
            worst = max((at - asked for asked, at in times), key=abs)
            note = f"off by {format_duration(worst)}" + (f" at worst of {len(times)} times" if len(times) > 1 else "")
            yield figure(what, DURATION, *times[0], note=note)


def _kept(recording: Recording, fault: FaultInjected, measured: Sequence[FaultMeasured]) -> Iterator[Figure]:
    """What is particular to its kind."""
    if fault.kind == "slow":
        yield from _slow(recording, fault)
    elif fault.kind == "clock_skew":
        yield from _skew(recording, fault)
    elif fault.kind == "eavesdrop":
        yield from _overheard(recording, fault)
    elif "probability" in fault.settings:
        yield from _share(fault, measured)
    else:
        yield from _delay(measured)


def _delay(measured: Sequence[FaultMeasured]) -> Iterator[Figure]:
    """Delays over all links and directions, each by the chunks it delayed; errors are the worst of them."""
    delayed = [one for one in measured if one.touched and one.asked_mean_s > 0.0]
    chunks = sum(one.touched for one in delayed)
    if chunks:
        asked = math.fsum(one.asked_mean_s * one.touched for one in delayed) / chunks
        achieved = math.fsum(one.achieved_mean_s * one.touched for one in delayed) / chunks
        p50 = max((one.error_p50_s for one in delayed), key=abs)
        p99 = max((one.error_p99_s for one in delayed), key=abs)
        note = f"off by {format_duration(p50)} at p50, {format_duration(p99)} at p99"
        yield figure("delay", DURATION, asked, achieved, note=note)
    held = sum(one.held_bytes for one in measured)
    if held:
        yield figure("held", SIZE, None, float(held))


def _share(fault: FaultInjected, measured: Sequence[FaultMeasured]) -> Iterator[Figure]:
    """A share was asked of all requests it met; the first n, or the nth, is no share of anything."""
    met = sum(one.met for one in measured)
    if not met or fault.settings.get("first") is not None or fault.settings.get("nth") is not None:
        return
    touched = sum(one.touched for one in measured)
    yield figure("share", SHARE, float(fault.settings["probability"]), touched / met, note=f"{touched} of {met} requests")


def _slow(recording: Recording, fault: FaultInjected) -> Iterator[Figure]:
    """How much longer a piece of a node's own work took while it lasted than before, in the median: hiccups only ever add."""
    lives = _spans(recording, fault.fault)
    works = [(one.at - one.worked_s, one.own_s) for one in recording.of(Answered) if one.node in fault.targets]
    ramp_s = float(fault.settings.get("ramp") or 0.0)
    during = [own_s for began, own_s in works if began in lives and lives.seconds_into(began) >= ramp_s]
    before = [own_s for began, own_s in works if began < lives.starts[0]]
    if during and before and median(before) > 0.0:
        note = f"work {format_duration(median(before))} before, {format_duration(median(during))} during"
        yield figure("work", FACTOR, fault.settings.get("by"), median(during) / median(before), note=note)


def _skew(recording: Recording, fault: FaultInjected) -> Iterator[Figure]:
    """How far the node's clock was ahead of the truth, by its own stamps.

    The truth is the clock of the same node before, or of nodes that no skew was aimed at: they share the host's.
    """
    skewed = {target for one in recording.of(FaultInjected) if one.kind == "clock_skew" for target in one.targets}
    lives = _spans(recording, fault.fault)
    stamps = [(one.node, one.at, one.received_wall_s - one.at) for one in recording.of(Arrived) if one.received_wall_s]
    truth = [ahead for node, at, ahead in stamps if node not in skewed or at < lives.starts[0]]
    seen = [(at, ahead) for node, at, ahead in stamps if node in fault.targets and at in lives]
    if not truth or not seen or "offset" not in fault.settings:
        return
    drift = -1.0 if fault.settings.get("freeze") else float(fault.settings.get("drift") or 0.0) * 1e-6
    asked = float(fault.settings["offset"]) + drift * fmean(lives.seconds_into(at) for at, _ in seen)
    base = median(truth)
    achieved = fmean(ahead - base for _, ahead in seen)
    worst = max((ahead - base for _, ahead in seen), key=lambda ahead: abs(ahead - asked))
    yield figure("offset", OFFSET, asked, achieved, note=f"{format_duration(worst)} at worst, of {len(seen)} stamps")


def _overheard(recording: Recording, fault: FaultInjected) -> Iterator[Figure]:
    """What was caught, and the first of it; where nothing was, how that sounds which passed."""
    heard = [one for one in recording.of(Overheard) if one.fault == fault.fault]
    caught = [one for one in heard if one.what in CATCHES]
    sample = next((one.text for one in (caught or heard)), "")
    yield figure("caught", COUNT, None, float(len(caught)), note=sample)


def _spans(recording: Recording, fault: str) -> Spans:
    lives = fault_lives(recording, fault)
    return Spans(tuple(start for start, _ in lives), tuple(end for _, end in lives))


def figure(what: str, unit: Unit, asked: float | None, achieved: float | None, *, note: str = "") -> Figure:
    return Figure(
        what=what,
        unit=unit.name,
        asked=asked,
        achieved=achieved,
        asked_shown="" if asked is None else unit.format(asked),
        achieved_shown="" if achieved is None else unit.format(achieved),
        note=note,
    )
