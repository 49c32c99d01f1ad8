"""A playbook played to its end without a screen, and judged."""

from __future__ import annotations

from dataclasses import dataclass

import trio

from chaoscli.checks.judge import judge
from chaoscli.cli.casting import DEFAULT_SEED
from chaoscli.cli.performing import perform_real
from chaoscli.cli.simulating import perform_simulated
from chaoscli.errors import ChaosError, UsageError
from chaoscli.outcome import Outcome
from chaoscli.play import header_of
from chaoscli.playbook.meaning import Playbook
from chaoscli.python.opening import WORLDS
from chaoscli.recording import RunRecorder, RunRecording
from chaoscli.reports.series import Attempt
from chaoscli.worlds.processes import open_spawner


@dataclass(frozen=True, slots=True, kw_only=True)
class Performed:
    """How it went. ``trouble`` is why there is no verdict; empty when there is one."""

    seed: int
    recording: RunRecording
    outcome: Outcome
    trouble: str
    interrupted: bool


def perform(playbook: Playbook, *, world: str, seed: int | None = None) -> Performed:
    """Every variant of it, side by side; ``world`` is real or sim. Call it where no trio runs."""
    if world not in WORLDS:
        raise UsageError(f"there is no world '{world}'", hint="it is 'real' or 'sim'")
    chosen = next(one for one in (seed, playbook.seed, DEFAULT_SEED) if one is not None)
    recorder = RunRecorder(header_of(playbook, seed=chosen, world=WORLDS[world]))
    if world == "sim":
        error = perform_simulated(playbook, chosen, recorder, show="quiet")
    else:
        error = trio.run(_perform_real, playbook, chosen, recorder)
    outcome = judge(recorder.recording, playbook.expectations)
    attempt = Attempt(outcome=outcome, repeat="", error=error)
    trouble = "" if attempt.judged else attempt.trouble
    interrupted = error is None and not outcome.complete
    return Performed(seed=chosen, recording=recorder.recording, outcome=outcome, trouble=trouble, interrupted=interrupted)


async def _perform_real(playbook: Playbook, seed: int, recorder: RunRecorder) -> ChaosError | None:
    async with open_spawner() as spawner:
        return await perform_real(playbook, seed, recorder, spawner, show="quiet")
