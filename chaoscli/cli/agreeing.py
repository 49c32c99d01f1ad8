"""What ``chaos agree`` does: one playbook after the other in both worlds, their outcomes compared."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from statistics import median

import trio
from rich.text import Text

from chaoscli.checks.agreement import SEEDS_ASKED, Comparison, compare
from chaoscli.checks.judge import judge
from chaoscli.cli.output import Output
from chaoscli.cli.streams import say
from chaoscli.errors import ChaosError, ExitCode, leaves
from chaoscli.measures.host import message_s, messages_s
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
from chaoscli.worlds.wire import LINK_S, Distances


@dataclass(frozen=True, slots=True, kw_only=True)
class _Compared:
    """One playbook in both worlds; ``not_made`` says why it was not, if it was not."""

    rows: tuple[Comparison, ...] = ()
    message_s: float = 0.0
    late_s: float = 0.0
    not_made: str = ""


def agree_all(names: Sequence[str], *, seed: int, all_rows: bool, json_wanted: bool) -> int:
    """What cannot be played in both worlds is named with the reason, and is no disagreement."""
    playbooks = {name: load_playbook(name) for name in names}
    compared: dict[str, _Compared] = {}
    for name, playbook in playbooks.items():
        one = compared[name] = _compared(playbook, seed)
        if not json_wanted:
            Output().print(_shown(name, one, all_rows))
    agree = all(row.is_fine for one in compared.values() for row in one.rows)
    if json_wanted:
        plain = {name: [to_plain(row) for row in one.rows] for name, one in compared.items()}
        not_made = {name: one.not_made for name, one in compared.items() if one.not_made}
        say(json.dumps({"ok": agree, "seed": seed, "playbooks": plain, "not_compared": not_made}, indent=2, ensure_ascii=False))
    if len(compared) == 1 and all(one.not_made for one in compared.values()):
        return ExitCode.NOT_MADE
    return ExitCode.HELD if agree else ExitCode.VIOLATED


def _shown(name: str, one: _Compared, all_rows: bool) -> Agreement | Text:
    if one.not_made:
        return Text(f"- {name}: not compared: {one.not_made}")
    return Agreement(name, one.rows, message_s=one.message_s, late_s=one.late_s, all_rows=all_rows)


def _compared(playbook: Playbook, seed: int) -> _Compared:
    try:
        playbook.check_world("real")
        playbook.check_world("sim")
        # Over at once, and refuses what cannot be compared before ten seconds are spent.
        undisturbed = run_simulated(playbook, seed, {}).variants
        real = trio.run(run_real, playbook, seed)
        # What a message took in the real run: the simulated links take as long, each by itself.
        distances = {
            name: Distances(usual_s=message_s(one, undisturbed[name]) or LINK_S, of_links=messages_s(one, undisturbed[name]))
            for name, one in real.variants.items()
        }
        outcome = judge(real, playbook.expectations)
        rows = _compared_with_simulations(playbook, seed, outcome, distances)
    except* ChaosError as group:
        not_made = next(leaf for leaf in leaves(group) if isinstance(leaf, ChaosError)).message
    else:
        return _Compared(
            rows=rows,
            message_s=median(one.usual_s for one in distances.values()),
            late_s=max((variant.measures.get("lateness_max") or 0.0 for variant in outcome.variants), default=0.0),
        )
    return _Compared(not_made=not_made)


def _compared_with_simulations(
    playbook: Playbook, seed: int, real: Outcome, distances: Mapping[str, Distances]
) -> tuple[Comparison, ...]:
    """With the same seed; and with more, when something differs that may be left to chance."""

    def simulated(one: int) -> Outcome:
        return judge(run_simulated(playbook, one, distances), playbook.expectations)

    same = simulated(seed)
    rows = compare(real, same)
    if all(row.is_fine for row in rows):
        return rows
    return compare(real, same, [simulated(seed + further) for further in range(1, SEEDS_ASKED)])


def run_simulated(playbook: Playbook, seed: int, distances: Mapping[str, Distances]) -> RunRecording:
    recorder = _recorder(playbook, seed, "simulated")
    play_simulated(playbook, _of_variants(playbook, recorder), seed=seed, distances=distances)
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
