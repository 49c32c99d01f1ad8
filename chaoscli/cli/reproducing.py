"""``chaos replay`` of what ``chaos explore`` wrote: the same run again, or the same plan on processes as often as is asked."""

from __future__ import annotations

import trio
from rich.text import Text

from chaoscli.checks.catalogue import INVARIANTS
from chaoscli.cli.exploring import header_of
from chaoscli.cli.output import Output
from chaoscli.cli.simulating import show_recording
from chaoscli.errors import ExitCode, NotMadeError, UsageError, leaves
from chaoscli.exploration import NOBODY_DIES
from chaoscli.explore.judging import Witness, violations
from chaoscli.explore.playing import Listening, play_plan, staged
from chaoscli.explore.reproduction import Reproduction, versions
from chaoscli.explore.story import story_of
from chaoscli.explore.trial import Run, as_run, run
from chaoscli.measures.base import NoData
from chaoscli.recording import Recording
from chaoscli.views.exploration import FailurePage, plan_table
from chaoscli.views.glyphs import STYLES, glyphs_for
from chaoscli.worlds.base import NodeDied
from chaoscli.worlds.processes import Spawner, open_spawner
from chaoscli.worlds.real import open_real_world


def replay_reproduction(found: Reproduction, *, show: str, speed: float, since_s: float) -> int:
    """Simulated: exactly as it was found, if the versions are the same and nothing was mended."""
    made = run(found.subject, found.plan)
    violation = made.broken(found.invariant)
    if violation is None:
        _require_a_verdict(made, found)
    console = Output()
    glyphs = glyphs_for(console)
    if show == "live":
        show_recording(as_run(made.recording, header_of(found.subject, found.plan)), show, speed=speed, since_s=since_s)
    if violation is None:
        console.print(Text(f"{glyphs.yes} '{found.invariant}' is kept now", STYLES["good"]))
        console.print(plan_table(found.plan))
    else:
        told = as_run(made.recording, header_of(found.subject, found.plan))
        console.print(FailurePage(told, violation, story_of(made.recording, violation)))
        console.print()
        console.print(Text(f"{glyphs.no} '{found.invariant}' is broken again: {violation.shown}", STYLES["wrong"]))
    console.print(Text(_digest_words(made.digest, found), STYLES["faint"]), soft_wrap=True)
    return ExitCode.HELD if violation is None else ExitCode.VIOLATED


def _require_a_verdict(made: Run, found: Reproduction) -> None:
    """Kept is what was judged and held. A run that is the very one that broke the promise cannot keep it, and of one in which
    nothing came up that the promise is about there is nothing to say."""
    if made.digest == found.digest:
        raise UsageError(
            f"the run is to the byte the one that was found, and does not break '{found.invariant}'",
            hint=f"nothing was mended: another promise was found broken in it, or it was judged otherwise{_others_words(found)}",
        )
    if found.invariant in INVARIANTS:
        try:
            INVARIANTS[found.invariant].judge(made.recording)
        except NoData as nothing:
            raise NotMadeError(f"'{found.invariant}' cannot be judged in this run: {nothing}") from None


def _digest_words(digest: str, found: Reproduction) -> str:
    if digest == found.digest:
        return f"digest {digest}, as it was found"
    why = _others_words(found) or "; the services or their policies have changed since"
    return f"digest {digest}, another than when it was found{why}"


def _others_words(found: Reproduction) -> str:
    others = ", ".join(f"{name} {version}" for name, version in found.versions.items() if versions().get(name) != version)
    return f"; it was found with {others}" if others else ""


def replay_on_processes(found: Reproduction, *, times: int) -> int:
    """Best effort: real processes keep their own time, so the same plan may miss."""
    console = Output()
    glyphs = glyphs_for(console)
    reproduced = trio.run(_on_processes, found, times, console)
    style = "wrong" if reproduced else "good"
    sign = glyphs.no if reproduced else glyphs.yes
    console.print(Text(f"{sign} '{found.invariant}' on processes: reproduced {reproduced} of {times}", STYLES[style]))
    return ExitCode.VIOLATED if reproduced else ExitCode.HELD


async def _on_processes(found: Reproduction, times: int, console: Output) -> int:
    reproduced = 0
    async with open_spawner() as spawner:
        for number in range(1, times + 1):
            shown = await _broken_on_processes(found, spawner)
            reproduced += shown is not None
            console.print(Text(f"run {number} of {times}: " + (f"broken: {shown}" if shown is not None else "kept")))
    return reproduced


async def _broken_on_processes(found: Reproduction, spawner: Spawner) -> str | None:
    """What was seen to break the promise; None when it was kept."""
    subject, plan = found.subject, found.plan
    witness = Witness(Recording(subject.variant), subject.invariants)
    told = Listening(witness)
    died = ""
    try:
        async with open_real_world(
            staged(subject.topology, plan), told, seed=plan.seed, spawner=spawner, lasts_s=plan.lasts_s, name=subject.variant
        ) as world:
            await play_plan(plan, world, told)
    except* NotMadeError as group:
        died = next((str(leaf) for leaf in leaves(group) if isinstance(leaf, NodeDied)), "")
        if found.invariant != NOBODY_DIES or not died:
            raise
    if died:
        return died
    broken = [one for one in violations(witness, subject.invariants) if one.invariant == found.invariant]
    return broken[0].shown if broken else None
