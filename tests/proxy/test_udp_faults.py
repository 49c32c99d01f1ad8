"""What faults do to datagrams on real sockets: as often as asked, the same for the same seed, and measured."""

from __future__ import annotations

import itertools
import socket
from collections.abc import AsyncIterator
from typing import Any

import pytest
import trio

from chaoscli.faults.base import Direction
from chaoscli.faults.corrupt import Corrupt
from chaoscli.faults.datagrams.duplication import Duplication
from chaoscli.faults.datagrams.loss import DatagramLoss
from chaoscli.faults.datagrams.reordering import Reordering
from chaoscli.faults.latency import Latency
from tests.proxy.stage import BOTH, LINK, REPLY, REQUEST
from tests.proxy.udp_stage import UdpStage, callee_at, hear, hear_from, is_quiet, numbers_in

AN_HOUR = Latency(delay=3600.0)
MANY = 2000


@pytest.fixture
async def stage(nursery: trio.Nursery) -> AsyncIterator[UdpStage]:
    one = UdpStage(await callee_at(("127.0.0.1", 0)))
    await nursery.start(one.board.run)
    yield one
    one.close()
    nursery.cancel_scope.cancel()


async def test_the_asked_share_is_lost_and_the_measure_says_so_exactly(stage: UdpStage) -> None:
    client = await stage.client(stage.link())
    stage.inject("loss", DatagramLoss(rate=0.1))
    arrived = await stage.heard(client, MANY)
    lost = MANY - len(arrived)
    assert lost == pytest.approx(200, abs=67)  # five deviations of sqrt(2,000 * 0.1 * 0.9) = 13.4
    assert arrived == sorted(set(arrived))
    stage.board.heal("loss")
    told = stage.measured()
    assert (told.fault, told.link, told.direction, told.met, told.touched) == ("loss", LINK, "request", MANY, lost)
    assert told.asked_share == pytest.approx(0.1)
    assert told.achieved_share == lost / MANY
    assert stage.counts().dropped == 0


async def test_one_seed_loses_the_same_datagrams_in_every_run(nursery: trio.Nursery) -> None:
    runs = []
    for _ in range(2):
        stage = UdpStage(await callee_at(("127.0.0.1", 0)))
        await nursery.start(stage.board.run)
        client = await stage.client(stage.link())
        stage.inject("loss", DatagramLoss(rate=0.3))
        stage.inject("twice", Duplication(rate=0.3))
        runs.append(await stage.heard(client, 500))
        stage.close()
    assert runs[0] == runs[1]
    assert len(runs[0]) != 500
    nursery.cancel_scope.cancel()


async def test_clients_roll_dice_of_their_own(stage: UdpStage) -> None:
    address = stage.link()
    stage.inject("loss", DatagramLoss(rate=0.5))
    first, second = [await stage.heard(await stage.client(address), 200) for _ in range(2)]
    assert first != second


async def test_replies_are_lost_on_the_way_back_only(stage: UdpStage) -> None:
    client = await stage.client(stage.link())
    stage.inject("loss", DatagramLoss(rate=1.0), REPLY)
    await client.send(b"ask")
    asked, link = await hear_from(stage.callee)
    await stage.callee.sendto(b"answer", link)
    assert asked == b"ask"
    assert await is_quiet(client)
    stage.board.heal("loss")
    await stage.callee.sendto(b"again", link)
    assert await hear(client) == b"again"
    told = stage.measured()
    assert (told.direction, told.met, told.touched, told.asked_share, told.achieved_share) == ("reply", 1, 1, 1.0, 1.0)


async def test_the_asked_share_arrives_twice(stage: UdpStage) -> None:
    client = await stage.client(stage.link())
    stage.inject("twice", Duplication(rate=0.25))
    arrived = await stage.heard(client, MANY)
    assert len(arrived) - MANY == pytest.approx(500, abs=97)  # five deviations of sqrt(2,000 * 0.25 * 0.75) = 19.4
    assert sorted(set(arrived)) == list(range(MANY))
    assert max(len(list(same)) for _, same in itertools.groupby(arrived)) == 2
    stage.board.heal("twice")
    assert stage.measured().achieved_share == (len(arrived) - MANY) / MANY


async def test_datagrams_that_are_held_back_are_overtaken_and_none_is_lost(stage: UdpStage) -> None:
    client = await stage.client(stage.link())
    stage.inject("order", Reordering(rate=0.2, by=3600.0))
    arrived = await stage.heard(client, 500)
    stage.board.heal("order")
    await stage.until(lambda counts: counts.held_bytes == 0)
    late = numbers_in(stage.callee)
    assert len(late) == pytest.approx(100, abs=45)  # five deviations of sqrt(500 * 0.2 * 0.8) = 8.9
    assert arrived == sorted(arrived)
    assert late == sorted(late)
    assert sorted(arrived + late) == list(range(500))
    assert stage.measured().achieved_share == len(late) / 500


async def test_jitter_reorders_what_follows_closely(stage: UdpStage) -> None:
    client = await stage.client(stage.link())
    stage.inject("lag", Latency(delay=0.05, jitter=0.05))
    await stage.send(client, range(100))
    arrived = [int(await hear(stage.callee)) for _ in range(100)]
    assert sorted(arrived) == list(range(100))
    assert arrived != sorted(arrived)


async def test_a_constant_latency_keeps_the_order_and_is_measured(stage: UdpStage) -> None:
    client = await stage.client(stage.link())
    stage.inject("lag", Latency(delay=0.05))
    began = trio.current_time()
    await stage.send(client, range(50))
    assert [int(await hear(stage.callee)) for _ in range(50)] == list(range(50))
    assert trio.current_time() - began >= 0.05
    stage.board.heal("lag")
    told = stage.measured()
    assert (told.met, told.touched, told.asked_share) == (50, 50, 0.0)
    assert told.asked_mean_s == pytest.approx(0.05)
    assert told.achieved_mean_s >= 0.05
    assert told.error_max_s >= told.error_p50_s - 1e-5  # quantiles are in steps of 10 us
    assert told.error_p50_s >= 0.0


async def test_one_bit_is_flipped_and_the_length_stays(stage: UdpStage) -> None:
    client = await stage.client(stage.link())
    stage.inject("noise", Corrupt(rate=0.001))
    sent = bytes(50_000)
    await client.send(sent)
    arrived = await hear(stage.callee)
    flipped = [byte for byte in arrived if byte]
    assert len(arrived) == len(sent)
    assert len(flipped) == pytest.approx(50, abs=36)  # five deviations of sqrt(50)
    assert all(byte.bit_count() == 1 for byte in flipped)


async def test_faults_stand_one_behind_the_other(stage: UdpStage) -> None:
    client = await stage.client(stage.link())
    stage.inject("twice", Duplication(rate=1.0))
    stage.inject("lag", Latency(delay=0.03))
    stage.inject("more lag", Latency(delay=0.03))
    began = trio.current_time()
    await client.send(b"7")
    assert [await hear(stage.callee), await hear(stage.callee)] == [b"7", b"7"]
    assert trio.current_time() - began >= 0.06


async def test_healing_brings_what_is_under_way_at_once_and_in_order(stage: UdpStage) -> None:
    client = await stage.client(stage.link())
    stage.inject("lag", AN_HOUR)
    await stage.send(client, range(20))
    assert await is_quiet(stage.callee)
    stage.board.heal("lag")
    assert numbers_in(stage.callee) == list(range(20))
    assert stage.counts().held_bytes == 0
    assert await stage.heard(client, 3) == [0, 1, 2]


async def test_many_that_are_let_go_leave_in_turns_and_in_order(stage: UdpStage) -> None:
    client = await stage.client(stage.link())
    stage.inject("lag", AN_HOUR)
    await stage.send(client, range(300))
    stage.board.heal("lag")
    assert stage.counts().held_bytes > 0  # the engine sees to others in between
    await stage.until(lambda counts: counts.held_bytes == 0)
    assert numbers_in(stage.callee) == list(range(300))


async def test_healing_one_direction_leaves_the_other_under_way(stage: UdpStage) -> None:
    client = await stage.client(stage.link())
    await client.send(b"ask")
    _, link = await hear_from(stage.callee)
    stage.inject("there", AN_HOUR, REQUEST)
    stage.inject("back", AN_HOUR, REPLY)
    await stage.send(client, [1])
    await stage.callee.sendto(b"answer", link)
    await stage.until(lambda counts: counts.datagrams_reply == 1)
    stage.board.heal("there")
    assert numbers_in(stage.callee) == [1]
    assert await is_quiet(client)
    stage.board.heal("back")
    assert await hear(client) == b"answer"


async def test_new_settings_are_for_those_who_set_out_after(stage: UdpStage) -> None:
    client = await stage.client(stage.link())
    stage.inject("lag", AN_HOUR)
    await stage.send(client, [1])
    stage.board.update("lag", Latency(delay=0.0))
    assert await stage.heard(client, 1) == [0]
    stage.board.heal("lag")
    assert numbers_in(stage.callee) == [1]
    told = stage.measured()
    assert (told.met, told.touched) == (2, 1)


async def test_an_update_changes_the_share_and_keeps_the_counts(stage: UdpStage) -> None:
    client = await stage.client(stage.link())
    stage.inject("loss", DatagramLoss(rate=1.0))
    assert await stage.heard(client, 10) == []
    stage.board.update("loss", DatagramLoss(rate=0.0))
    assert await stage.heard(client, 30) == list(range(30))
    stage.board.heal("loss")
    told = stage.measured()
    assert (told.met, told.touched, told.asked_share, told.achieved_share) == (40, 10, 0.25, 0.25)


async def test_a_share_of_the_clients_is_struck_each_for_good(stage: UdpStage) -> None:
    address = stage.link()
    stage.inject("loss", DatagramLoss(rate=1.0), share=0.5)
    arrived = [len(await stage.heard(await stage.client(address), 5)) for _ in range(40)]
    assert set(arrived) == {0, 5}
    assert arrived.count(5) == pytest.approx(20, abs=16)  # five deviations of sqrt(40 * 0.25) = 3.2


async def test_another_fault_does_not_disturb_the_dice_of_the_first(nursery: trio.Nursery) -> None:
    runs = []
    for disturbed in (False, True):
        stage = UdpStage(await callee_at(("127.0.0.1", 0)))
        await nursery.start(stage.board.run)
        client = await stage.client(stage.link())
        stage.inject("loss", DatagramLoss(rate=0.5))
        first = await stage.heard(client, 100)
        if disturbed:
            stage.inject("noise", Corrupt(rate=0.0))
            stage.board.heal("noise")
        runs.append(first + await stage.heard(client, 100))
        stage.close()
    assert runs[0] == runs[1]
    nursery.cancel_scope.cancel()


async def test_touched_datagrams_are_counted_live(stage: UdpStage) -> None:
    client = await stage.client(stage.link())
    stage.inject("loss", DatagramLoss(rate=1.0), *BOTH)
    await stage.send(client, range(7))
    assert stage.counts().touched == {"loss": 7}


@pytest.mark.parametrize(
    ("fault", "direction"),
    [
        (Latency(delay=0.001, jitter=0.001), REQUEST),
        (DatagramLoss(rate=0.2), REQUEST),
        (Duplication(rate=0.2), REPLY),
        (Reordering(rate=0.2, by=0.001), REPLY),
        (Corrupt(rate=0.001), REQUEST),
    ],
)
async def test_faults_come_and_go_in_a_tight_loop_and_the_link_is_clean_after(
    stage: UdpStage, fault: Any, direction: Direction
) -> None:
    client = await stage.client(stage.link())
    for turn in range(20):
        stage.inject("fault", fault, direction)
        await stage.send(client, range(5))
        stage.board.update("fault", fault, share=0.5 if turn % 2 else 1.0)
        await stage.send(client, range(5))
        stage.board.heal("fault")
    numbers_or_noise(stage.callee)
    assert await stage.heard(client, 100) == list(range(100))
    assert (stage.counts().held_bytes, stage.counts().dropped, stage.counts().touched) == (0, 0, {})


def numbers_or_noise(sock: trio.socket.SocketType) -> None:
    """Whatever has arrived, out of the way."""
    with socket.socket(fileno=socket.dup(sock.fileno())) as same:
        same.setblocking(False)
        while True:
            try:
                same.recv(65_535)
            except BlockingIOError:
                return
