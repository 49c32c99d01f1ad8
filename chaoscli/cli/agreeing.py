"""What ``chaos agree`` does: one playbook after the other in both worlds, their outcomes compared."""

from __future__ import annotations

import json
from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager

import trio
from rich.console import Console

from chaoscli.checks.agreement import Comparison, compare
from chaoscli.checks.judge import judge
from chaoscli.errors import ExitCode
from chaoscli.outcome import Outcome
from chaoscli.play import Performance, play
from chaoscli.playbook.load import load_playbook
from chaoscli.playbook.meaning import Playbook, Variant
from chaoscli.recording import Header, RunRecorder
from chaoscli.settings import to_plain
from chaoscli.simulation import play_simulated
from chaoscli.views.agreement import Agreement
from chaoscli.worlds.base import Recorder, World
from chaoscli.worlds.processes import open_spawner
from chaoscli.worlds.real import open_real_world


def agree_all(names: Sequence[str], *, seed: int, all_rows: bool, json_wanted: bool) -> int:
    playbooks = {name: load_playbook(name) for name in names}
    compared: dict[str, Sequence[Comparison]] = {}
    for name, playbook in playbooks.items():
        # The simulated run first: it is over at once, and refuses what cannot be compared.
        simulated = outcome_simulated(playbook, seed)
        real = trio.run(outcome_real, playbook, seed)
        compared[name] = compare(real, simulated)
        if not json_wanted:
            late_s = max((variant.measures.get("lateness_max") or 0.0 for variant in real.variants), default=0.0)
            Console(highlight=False).print(Agreement(name, compared[name], late_s=late_s, all_rows=all_rows))
    agree = all(one.agrees for comparisons in compared.values() for one in comparisons)
    if json_wanted:
        plain = {name: [to_plain(one) for one in comparisons] for name, comparisons in compared.items()}
        print(json.dumps({"ok": agree, "seed": seed, "playbooks": plain}, indent=2, ensure_ascii=False))
    return ExitCode.HELD if agree else ExitCode.VIOLATED


def outcome_simulated(playbook: Playbook, seed: int) -> Outcome:
    recorder = _recorder(playbook, seed, "simulated")
    play_simulated(playbook, _of_variants(playbook, recorder), seed=seed)
    return judge(recorder.recording, playbook.expectations)


async def outcome_real(playbook: Playbook, seed: int) -> Outcome:
    recorder = _recorder(playbook, seed, "real")
    async with open_spawner() as spawner:

        def open_world(variant: Variant, into: Recorder) -> AbstractAsyncContextManager[World]:
            return open_real_world(
                variant.topology, into, seed=seed, spawner=spawner, lasts_s=playbook.lasts_s, name=variant.name
            )

        await play(playbook, open_world, _of_variants(playbook, recorder), Performance())
    return judge(recorder.recording, playbook.expectations)


def _recorder(playbook: Playbook, seed: int, world: str) -> RunRecorder:
    variants = tuple(variant.name for variant in playbook.variants)
    return RunRecorder(Header(playbook=playbook.name, seed=seed, world=world, variants=variants))


def _of_variants(playbook: Playbook, recorder: RunRecorder) -> dict[str, Recorder]:
    return {variant.name: recorder.variant(variant.name) for variant in playbook.variants}
