"""Things that come too late to matter."""

from __future__ import annotations

from collections.abc import Iterator

from chaoscli.load.course import ends_at
from chaoscli.measures.recovery import STAYS_S
from chaoscli.playbook.cue_kinds import CUES
from chaoscli.playbook.doubts.base import Doubt, Found, Staged
from chaoscli.playbook.meaning import CuePlan, FaultPlan
from chaoscli.units import format_duration


def _after_the_load(staged: Staged) -> Iterator[Found]:
    lasts_s = staged.playbook.lasts_s
    ends_s = max((ends_at(staged.loads[load.name], lasts_s) for load in staged.topology.loads), default=lasts_s)
    for number, plan in enumerate(staged.variant.faults):
        if ends_s <= plan.at_s < lasts_s:
            yield Found(
                place=staged.place_of_item("faults", number, "at"),
                message=f"'{plan.name}' comes when nobody asks any more: the load ends at {format_duration(ends_s)}",
                hint="let it come earlier, or the load end later",
            )


def _no_time_to_recover(staged: Staged) -> Iterator[Found]:
    lasts_s = staged.playbook.lasts_s
    plans: dict[str, FaultPlan | CuePlan] = {plan.name: plan for plan in staged.variant.faults}
    plans |= {plan.name: plan for plan in staged.variant.cues}
    for place, sentence in staged.sentences:
        for read in sentence.measured:
            if read.measure.name != "recovery" or read.variant not in ("", staged.variant.name):
                continue
            window = read.scope.window
            healing = [plans[window.fault]] if window is not None and window.fault in plans else list(staged.variant.faults)
            late = [plan for plan in healing if _ends_s(plan, lasts_s) + STAYS_S > lasts_s]
            if late and healing:
                yield Found(
                    place=place,
                    message=f"nothing can be seen to recover: '{late[0].name}' leaves less than {format_duration(STAYS_S)} of"
                    " load",
                    hint="`recovery` needs a second of load after the heal",
                )


def _ends_s(plan: FaultPlan | CuePlan, lasts_s: float) -> float:
    """A cue without an end of its own is over in the moment it is done, unless it stays."""
    if plan.until_s is not None:
        return plan.until_s
    return plan.at_s if isinstance(plan, CuePlan) and not CUES[plan.kind].stays else lasts_s


def _stages_never_come(staged: Staged) -> Iterator[Found]:
    for node in staged.topology.loads:
        load = staged.loads[node.name]
        at_s, ends_s = load.starts + load.ramp, ends_at(load, staged.playbook.lasts_s)
        for number, step in enumerate(load.stages, start=1):
            if at_s >= ends_s:
                yield Found(
                    place=staged.place("load", node.name, "stages"),
                    message=f"stage {number} of '{node.name}' would begin at {format_duration(at_s)}, and the load ends at"
                    f" {format_duration(ends_s)}",
                    hint="shorten the stages before it",
                )
                break
            at_s += step.for_


TIMING = (
    Doubt(name="after-the-load", doc="a fault comes when no request is sent any more", find=_after_the_load),
    Doubt(
        name="no-time-to-recover", doc="recovery is expected, and the play ends before it could be seen", find=_no_time_to_recover
    ),
    Doubt(name="stages-never-come", doc="stages of a load behind its end", find=_stages_never_come),
)
