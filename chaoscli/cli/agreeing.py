"""What ``chaos agree`` does: one playbook after the other in both worlds, their outcomes compared."""

from __future__ import annotations

import json
from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager

import trio
from rich.console import Console

from chaoscli.checks.agreement import Comparison, compare, link_s
from chaoscli.checks.judge import judge
from chaoscli.errors import ExitCode
from chaoscli.outcome import Outcome
from chaoscli.play import Performance, play
from chaoscli.playbook.load import load_playbook
from chaoscli.playbook.meaning import Playbook, Variant
from chaoscli.recording import Header, RunRecorder, RunRecording
from chaoscli.settings import to_plain
from chaoscli.simulation import play_simulated
from chaoscli.views.agreement import Agreement
from chaoscli.worlds.base import Recorder, World
from chaoscli.worlds.processes import open_spawner
from chaoscli.worlds.real import open_real_world
from chaoscli.worlds.wire import LINK_S


def agree_all(names: Sequence[str], *, seed: int, all_rows: bool, json_wanted: bool) -> int:
    playbooks = {name: load_playbook(name) for name in names}
    compared: dict[str, Sequence[Comparison]] = {}
    for name, playbook in playbooks.items():
        real, message_s, simulated = _both(playbook, seed)
        compared[name] = compare(real, simulated)
        if not json_wanted:
            late_s = max((variant.measures.get("lateness_max") or 0.0 for variant in real.variants), default=0.0)
            Console(highlight=False).print(Agreement(name, compared[name], message_s=message_s, late_s=late_s, all_rows=all_rows))
    agree = all(one.agrees for comparisons in compared.values() for one in comparisons)
    if json_wanted:
        plain = {name: [to_plain(one) for one in comparisons] for name, comparisons in compared.items()}
        print(json.dumps({"ok": agree, "seed": seed, "playbooks": plain}, indent=2, ensure_ascii=False))
    return ExitCode.HELD if agree else ExitCode.VIOLATED


def _both(playbook: Playbook, seed: int) -> tuple[Outcome, float, Outcome]:
    """The real run, what a message took in it, and the simulated run with links that take as long."""
    run_simulated(playbook, seed, LINK_S)  # over at once, and refuses what cannot be compared before ten seconds are spent
    real = trio.run(run_real, playbook, seed)
    message_s = link_s(real) or LINK_S
    simulated = run_simulated(playbook, seed, message_s)
    return judge(real, playbook.expectations), message_s, judge(simulated, playbook.expectations)


def run_simulated(playbook: Playbook, seed: int, message_s: float) -> RunRecording:
    recorder = _recorder(playbook, seed, "simulated")
    play_simulated(playbook, _of_variants(playbook, recorder), seed=seed, link_s=message_s)
    return recorder.recording


async def run_real(playbook: Playbook, seed: int) -> RunRecording:
    recorder = _recorder(playbook, seed, "real")
    async with open_spawner() as spawner:

        def open_world(variant: Variant, into: Recorder) -> AbstractAsyncContextManager[World]:
            return open_real_world(
                variant.topology, into, seed=seed, spawner=spawner, lasts_s=playbook.lasts_s, name=variant.name
            )

        await play(playbook, open_world, _of_variants(playbook, recorder), Performance())
    return recorder.recording


def _recorder(playbook: Playbook, seed: int, world: str) -> RunRecorder:
    variants = tuple(variant.name for variant in playbook.variants)
    return RunRecorder(Header(playbook=playbook.name, seed=seed, world=world, variants=variants))


def _of_variants(playbook: Playbook, recorder: RunRecorder) -> dict[str, Recorder]:
    return {variant.name: recorder.variant(variant.name) for variant in playbook.variants}
