"""Replicas are killed, paused and cut off from each other at random while clients read and write: a quorum keeps its promises,
and each safeguard that is left out is noticed."""

from __future__ import annotations

from random import Random
from typing import Any

import pytest

from chaoscli.checks.catalogue import INVARIANTS
from chaoscli.checks.laws import Finding
from chaoscli.faults.base import Direction
from chaoscli.faults.blackhole import Blackhole
from chaoscli.measures.base import NoData
from chaoscli.messages import Request
from chaoscli.recording import Recording
from chaoscli.services.replica_member import Member
from chaoscli.topology import Link, NodeSpec, Topology
from chaoscli.worlds.base import CURTAIN_DELAY_S
from chaoscli.worlds.clock import Kernel, simulate
from chaoscli.worlds.simulated import SimulatedWorld, open_simulated_world

NAMES = ("a", "b", "c")
LASTS_S = 9.0
LAWS = ("one primary", "no write lost", "linearizable")


class Told:
    def __init__(self) -> None:
        self.recording = Recording("fire")
        self.record = self.recording.add


def group(**settings: object) -> Topology:
    calls = {"timeout": 0.3}
    nodes = [
        NodeSpec(
            name=name,
            kind="replica",
            settings={"primary": name == "a", "heartbeat": 0.1, "patience": 0.3, "workers": 64, **settings},
            calls={peer: calls for peer in NAMES if peer != name},
        )
        for name in NAMES
    ]
    for name in NAMES:
        for what in ("GET", "PUT"):
            request = f"{what} {name} /store/key-${{n % 6}}?client={what}-{name}"
            json = {"json": {"by": name, "n": "${n}"}} if what == "PUT" else {}
            load = {"request": request, "rate": 8.0, "timeout": 2.0, **json}
            nodes.append(NodeSpec(name=f"{what}-{name}".lower(), kind="load", settings=load, calls={name: {"timeout": 2.0}}))
    return Topology(nodes=tuple(nodes))


def played(topology: Topology, seed: int) -> Recording:
    """Something happens to somebody about every second, for long enough that another takes over; then all is well again."""
    told, dice = Told(), Random(f"fire {seed}")

    async def play(kernel: Kernel) -> None:
        async with open_simulated_world(topology, told, seed=seed, kernel=kernel, lasts_s=LASTS_S) as world:
            await world.raise_curtain()
            for number in range(6):
                await world.sleep_until(1.2 * (number + dice.random() / 2))
                await trouble(world, kernel, dice, dice.choice(NAMES), number)
            await world.sleep_until(LASTS_S)
            await world.drain()
            await world.finish(complete=True)

    simulate(play, seed=seed, starts_at=-CURTAIN_DELAY_S)
    return told.recording


async def trouble(world: SimulatedWorld, kernel: Kernel, dice: Random, victim: str, number: int) -> None:
    lasts_s = dice.uniform(0.4, 1.4)
    match dice.choice(["kill", "pause", "cut", "cut"]):
        case "kill":
            await world.kill(victim)
            await kernel.sleep(lasts_s)
            await world.start(victim)
        case "pause":
            await world.pause(victim)
            await kernel.sleep(lasts_s)
            await world.resume(victim)
        case "cut":
            others = [Link(one, other) for one in NAMES for other in NAMES if one != other and victim in (one, other)]
            both = [(link, way) for link in others for way in (Direction.REQUEST, Direction.REPLY)]
            await world.board.inject(f"cut-{number}", both, Blackhole())
            await kernel.sleep(lasts_s)
            await world.board.heal(f"cut-{number}")


def broken(seed: int, **settings: object) -> dict[str, Finding]:
    recording = played(group(**settings), seed)
    found = {law: _finding(law, recording) for law in LAWS}
    return {law: finding for law, finding in found.items() if finding.guilty}


def _finding(law: str, recording: Recording) -> Finding:
    """With many outcomes unknown, whether all of them fit may take too long to find out: then nothing is broken so far."""
    try:
        return INVARIANTS[law].judge(recording)
    except NoData:
        return Finding(shown="not known")


@pytest.mark.parametrize("seed", range(1, 7))
def test_a_store_with_quorums_keeps_every_promise(seed: int) -> None:
    assert broken(seed) == {}


def test_a_store_that_acknowledges_alone_loses_writes_and_has_two_primaries() -> None:
    assert list(broken(2, acknowledge="primary")) == ["one primary", "no write lost", "linearizable"]


def test_a_store_whose_primary_reads_alone_answers_with_what_is_over() -> None:
    assert list(broken(3, reads="primary")) == ["linearizable"]


def test_a_store_in_which_whoever_misses_the_primary_takes_over_loses_writes() -> None:
    assert "no write lost" in broken(1, failover="alone")


def test_a_store_that_votes_for_those_who_hold_less_loses_writes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("chaoscli.services.replica_member.grants", lambda own, *, term, **_said: term > own.term)
    assert "no write lost" in broken(1)


def test_a_store_whose_members_listen_to_an_old_primary_loses_writes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the fence: what an older primary says is taken as if it were the newer one's."""
    appended = Member.appended

    def gullible(member: Member, said: dict[str, Any], cause: Request) -> dict[str, Any]:
        return appended(member, {**said, "term": max(said["term"], member._log.term)}, cause)

    monkeypatch.setattr(Member, "appended", gullible)
    assert "no write lost" in broken(3)
