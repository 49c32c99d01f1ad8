"""Services of a whole shop are killed at random moments under load, and started again: no law is broken, whoever it was."""

from __future__ import annotations

from pathlib import Path
from random import Random

import pytest

from chaoscli.checks.catalogue import LAWS
from chaoscli.events import NodeChanged
from chaoscli.playbook.load import load_playbook
from chaoscli.recording import Recording
from chaoscli.topology import Topology
from chaoscli.worlds.clock import Kernel, simulate
from chaoscli.worlds.simulated import CURTAIN_DELAY_S, open_simulated_world
from tests.checks.whole_shop import WHOLE_SHOP

LASTS_S = 3.0
KEEPING_BOOKS = ("order", "inventory", "payment", "bank", "broker", "shipping")


class Told:
    def __init__(self) -> None:
        self.recording = Recording("crashes")
        self.record = self.recording.add


def played(topology: Topology, victims: tuple[str, ...], seed: int) -> Recording:
    """Each victim is killed at a moment of its own within two seconds and is back within half a second."""
    told, dice = Told(), Random(f"crashes {seed}")

    async def play(kernel: Kernel) -> None:
        async with open_simulated_world(topology, told, seed=seed, kernel=kernel, lasts_s=LASTS_S) as world:
            await world.raise_curtain()
            for number, victim in enumerate(victims):
                await world.sleep_until(2.0 * (number + dice.random()) / len(victims))
                await world.kill(victim)
                await kernel.sleep(dice.uniform(0.01, 0.3))
                await world.start(victim)
            await world.sleep_until(LASTS_S)
            await world.drain()
            await kernel.sleep(2.0)  # until all that is due has been done
            await world.finish(complete=True)

    simulate(play, seed=seed, starts_at=-CURTAIN_DELAY_S)
    return told.recording


def broken(folder: Path, victims: tuple[str, ...], seed: int, *changed: str) -> dict[str, tuple[str, ...]]:
    playbook = folder / "whole-shop.yaml"
    playbook.write_text(WHOLE_SHOP + "  - all: no oversell\n")
    topology = load_playbook(playbook, overrides=changed).variants[0].topology
    recording = played(topology, victims, seed)
    assert sum(change.state == "killed" for change in recording.of(NodeChanged)) == len(victims)
    found = {law.name: law.judge(recording) for law in LAWS}
    return {name: finding.guilty for name, finding in found.items() if finding.guilty}


@pytest.mark.parametrize("victim", KEEPING_BOOKS)
@pytest.mark.parametrize("seed", range(1, 5))
def test_no_law_is_broken_by_killing_a_service_five_times(victim: str, seed: int, tmp_path: Path) -> None:
    assert broken(tmp_path, (victim,) * 5, seed) == {}


@pytest.mark.parametrize("seed", range(1, 11))
def test_no_law_is_broken_by_killing_one_after_the_other(seed: int, tmp_path: Path) -> None:
    victims = Random(seed).sample(KEEPING_BOOKS, len(KEEPING_BOOKS))
    assert broken(tmp_path, tuple(victims), seed) == {}


def test_compensation_at_once_does_not_survive_a_crash_in_the_middle(tmp_path: Path) -> None:
    assert list(broken(tmp_path, ("order",) * 5, 1, "order.compensation=at_once")) == ["sagas atomic"]
