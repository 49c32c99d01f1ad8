"""Outcomes of the plays, as a judge might have come to them."""

from __future__ import annotations

from chaoscli.events import CurtainRose
from chaoscli.measures.base import Scope
from chaoscli.measures.catalogue import MEASURES
from chaoscli.outcome import Check, FaultReport, Figure, Outcome, VariantOutcome
from chaoscli.recording import Recording, RunRecording
from chaoscli.topology import Link
from chaoscli.views.final import Ending

ENDING = Ending(
    notice="""
        Nothing was lost in the first lane: TCP kept every request, and every shopper, waiting for four seconds.
        A timeout turns the wait into an answer; only the fallback turns it into a good one.
    """,
    next_playbook="timeouts",
    repeat="chaos run partition --seed 7",
)


def outcome_of(run: RunRecording, *checks: Check, faults: tuple[FaultReport, ...] = ()) -> Outcome:
    """With the measures worked out from the run."""
    return Outcome(
        playbook=run.header.playbook,
        title=run.header.title,
        seed=run.header.seed,
        world=run.header.world,
        variants=tuple(_measured(recording) for recording in run.variants.values()),
        checks=checks,
        faults=faults,
    )


def partition_outcome(run: RunRecording, *, broken: bool = False) -> Outcome:
    checks = [
        Check(text="slowest during partition >= 3s", variant="no-timeout", held=True, shown="4s >= 3s"),
        Check(text="slowest during partition <= 1.5s", variant="timeout", held=True, shown="1s <= 1.5s"),
        Check(text="success(fallback) > success(timeout)", variant="", held=True, shown="100% > 75.2%"),
        Check(text="no oversell", variant="no-timeout", held=True, kind="invariant"),
    ]
    if broken:
        checks.append(
            Check(
                text="success >= 99% during partition",
                variant="timeout",
                held=False,
                shown="1.2% >= 99%",
                guilty=("shoppers-80", "shoppers-81", "shoppers-82", "shoppers-83"),
            )
        )
        checks.append(
            Check(text="recovery <= 2s after storm", variant="timeout", held=False, shown="no data <= 2s", reason="no fault")
        )
    return outcome_of(run, *checks, faults=tuple(_partition_report(name) for name in run.variants))


def _partition_report(variant: str) -> FaultReport:
    return FaultReport(
        variant=variant,
        fault="partition",
        kind="partition",
        text="order cannot reach inventory",
        targets=("order -> inventory",),
        figures=(
            Figure(what="begins", unit="s", asked=3.0, achieved=3.001, asked_shown="3s", achieved_shown="3s"),
            Figure(what="ends", unit="s", asked=7.0, achieved=7.001, asked_shown="7s", achieved_shown="7s"),
        ),
    )


def _measured(recording: Recording) -> VariantOutcome:
    return VariantOutcome(
        name=recording.name,
        measures={name: measure.read(recording) for name, measure in MEASURES.items() if "load" in measure.takes},
        links={
            link: {
                name: measure.read(recording, Scope(link=Link.parse(link)))
                for name, measure in MEASURES.items()
                if "link" in measure.takes
            }
            for link in recording.of(CurtainRose)[0].links
        },
    )
