"""Links in memory behave as the real proxy's: what is late, held, lost, refused, reset or spoiled, and what is told of it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import pytest
import trio

from chaoscli.events import Answered, Arrived, FaultMeasured, FaultTouched, LinkCounted
from chaoscli.faults.abort import Abort
from chaoscli.faults.bad_chunk import BadChunk
from chaoscli.faults.bandwidth import Bandwidth
from chaoscli.faults.base import ByteFault, Direction, MessageFault
from chaoscli.faults.blackhole import Blackhole
from chaoscli.faults.corrupt import Corrupt
from chaoscli.faults.drip import Drip
from chaoscli.faults.drop import Drop
from chaoscli.faults.duplicate import Duplicate
from chaoscli.faults.error import Error
from chaoscli.faults.hang import Hang
from chaoscli.faults.late import Late
from chaoscli.faults.latency import Latency
from chaoscli.faults.limit_data import LimitData
from chaoscli.faults.refuse import Refuse
from chaoscli.faults.reset import ResetConnections
from chaoscli.faults.silence import Silence
from chaoscli.faults.slicer import Slicer
from chaoscli.faults.truncate import Truncate
from chaoscli.faults.wrong_length import WrongLength
from chaoscli.messages import CallError, Result
from chaoscli.topology import Link
from chaoscli.worlds.wire import LINK_S
from tests.worlds.simulation import LINK, RESERVE, Stage, on_stage

Where = Sequence[tuple[Link, Direction]]
BOTH: Where = ((LINK, Direction.REQUEST), (LINK, Direction.REPLY))
REPLIES: Where = ((LINK, Direction.REPLY),)
WORK_S = 0.010
TRIP_S = 2 * LINK_S + WORK_S


async def ending(stage: Stage, *, patience_s: float = 5.0) -> tuple[float, str]:
    """How long one question took, and how it ended."""
    began = stage.kernel.now()
    with trio.move_on_after(patience_s) as patience:
        try:
            how = str((await stage.ask()).status)
        except CallError as error:
            how = f"{error.result.value}: {error.detail}"
    if patience.cancelled_caught:
        how = "nothing"
    return round(stage.kernel.now() - began, 6), how


async def harmed(stage: Stage, fault: ByteFault | MessageFault, where: Where = BOTH) -> tuple[float, str]:
    """The same on a connection that was there before the fault."""
    await stage.ask()
    await stage.world.board.inject("harm", where, fault)
    return await ending(stage)


def test_a_question_takes_both_ways_and_the_work_and_a_new_connection_one_way_more() -> None:
    async def script(stage: Stage) -> list[tuple[float, str]]:
        return [await ending(stage), await ending(stage)]

    assert on_stage(script) == [(round(TRIP_S + LINK_S, 6), "200"), (round(TRIP_S, 6), "200")]


def test_latency_makes_each_direction_as_late_as_it_says() -> None:
    async def script(stage: Stage) -> list[tuple[float, str]]:
        late = await harmed(stage, Latency(delay=0.1), REPLIES)
        await stage.world.board.heal("harm")
        return [late, await ending(stage)]

    assert on_stage(script) == [(round(TRIP_S + 0.1, 6), "200"), (round(TRIP_S, 6), "200")]


def test_what_a_fault_asked_and_achieved_is_told_when_it_heals() -> None:
    async def script(stage: Stage) -> list[FaultMeasured]:
        await harmed(stage, Latency(delay=0.1), REPLIES)
        await stage.world.board.heal("harm")
        return stage.told(FaultMeasured)

    (measured,) = on_stage(script)
    assert (measured.fault, measured.link, measured.direction, measured.met, measured.touched) == (
        "harm",
        str(LINK),
        "reply",
        1,
        1,
    )
    assert measured.asked_mean_s == pytest.approx(0.1)
    assert measured.achieved_mean_s == pytest.approx(0.1)


def test_bandwidth_lets_a_message_arrive_when_its_last_byte_does() -> None:
    async def script(stage: Stage) -> tuple[float, int]:
        seconds, how = await harmed(stage, Bandwidth(rate=1000.0), REPLIES)
        assert how == "200"
        await stage.world.finish(complete=True)
        return seconds, stage.told(LinkCounted)[-1].bytes_reply // 2  # two replies alike

    seconds, size = on_stage(script)
    assert seconds == pytest.approx(TRIP_S + size / 1000.0)


def test_silence_holds_and_delivers_after_the_heal() -> None:
    async def script(stage: Stage) -> tuple[list[str], float]:
        await stage.ask()
        await stage.world.board.inject("cut", BOTH, Silence())
        ended: list[str] = []

        async def wait() -> None:
            ended.append((await ending(stage))[1])

        async with trio.open_nursery() as nursery:
            nursery.start_soon(wait)
            nursery.start_soon(wait)  # on a new connection
            await stage.kernel.sleep(2.0)
            assert ended == []
            await stage.world.board.heal("cut")
        return ended, stage.now

    ended, at = on_stage(script)
    assert ended == ["200", "200"]
    assert 2.0 < at < 2.1


def test_work_is_done_for_who_has_left_meanwhile_if_his_request_was_under_way() -> None:
    async def script(stage: Stage) -> int:
        await stage.ask()
        await stage.world.board.inject("cut", BOTH, Silence())
        assert await ending(stage, patience_s=1.0) == (1.0, "nothing")
        await stage.world.board.heal("cut")
        await stage.kernel.sleep(1.0)
        return len(stage.told(Answered))

    assert on_stage(script) == 2


def test_a_connection_that_was_never_put_through_takes_its_request_with_it() -> None:
    async def script(stage: Stage) -> int:
        await stage.world.board.inject("cut", BOTH, Silence())
        assert await ending(stage, patience_s=1.0) == (1.0, "nothing")
        await stage.world.board.heal("cut")
        await stage.kernel.sleep(1.0)
        return len(stage.told(Arrived))

    assert on_stage(script) == 0


@pytest.mark.parametrize(
    ("fault", "old_connection", "new_connection"),
    [
        (Refuse(), "reset: connection reset", "refused: connection refused"),
        (ResetConnections(), "reset: connection reset", "reset: connection reset"),
        (Hang(), "200", "nothing"),
        (Blackhole(), "nothing", "nothing"),
    ],
)
def test_connections_old_and_new_meet_what_they_would_meet_at_the_proxy(
    fault: ByteFault, old_connection: str, new_connection: str
) -> None:
    async def old(stage: Stage) -> str:
        await stage.ask("/api/inventory/check/BOOK-001", "GET")
        await stage.world.board.inject("harm", BOTH, fault)
        began = stage.told(Arrived)[-1].at
        assert began < stage.kernel.now()
        try:
            with trio.move_on_after(3.0):
                # A POST is not sent again by itself on a new connection.
                return str((await stage.ask(RESERVE, "POST")).status)
        except CallError as error:
            return f"{error.result.value}: {error.detail}"
        return "nothing"

    async def new(stage: Stage) -> str:
        await stage.world.board.inject("harm", BOTH, fault)
        return (await ending(stage))[1]

    assert on_stage(old) == old_connection
    assert on_stage(new) == new_connection


def test_all_is_well_again_after_a_refusal() -> None:
    async def script(stage: Stage) -> list[str]:
        refused = (await harmed(stage, Refuse()))[1]
        await stage.world.board.heal("harm")
        return [refused, (await ending(stage))[1]]

    assert on_stage(script) == ["refused: connection refused", "200"]


def test_bytes_in_pieces_are_a_message_all_the_same() -> None:
    async def script(stage: Stage) -> str:
        return (await harmed(stage, Slicer(average_size=7.0)))[1]

    assert on_stage(script) == "200"


@pytest.mark.parametrize(
    ("fault", "how"),
    [
        (LimitData(bytes=40.0), "reset: "),
        (Truncate(keep=5.0), "reset: peer closed connection without sending complete message body"),
        (Truncate(keep=5.0, ending="reset"), "reset: connection reset"),
        (BadChunk(), "reset: illegal chunk header"),
        (Abort(what="reply"), "reset: connection reset"),
        (Abort(what="request"), "reset: connection reset"),
        (Drop(what="request"), "nothing"),
        (Drop(what="reply"), "nothing"),
        (Error(status=503), "503"),
        (WrongLength(by=4.0), "nothing"),
        (Corrupt(rate=0.5), "reset: "),
    ],
)
def test_a_spoiled_message_ends_as_it_would_for_a_real_client(fault: ByteFault | MessageFault, how: str) -> None:
    async def script(stage: Stage) -> str:
        return (await harmed(stage, fault, REPLIES))[1]

    assert on_stage(script).startswith(how)


@pytest.mark.parametrize(
    ("fault", "extra_s"),
    [(Late(by=0.2, what="request"), 0.2), (Late(by=0.3), 0.3), (Drip(piece=50.0, interval=0.1), 0.2)],
)
def test_late_and_dripping_messages_arrive_whole(fault: MessageFault, extra_s: float) -> None:
    async def script(stage: Stage) -> tuple[float, str]:
        return await harmed(stage, fault)

    seconds, how = on_stage(script)
    assert how == "200"
    assert seconds == pytest.approx(TRIP_S + extra_s)


def test_a_dropped_reply_was_worked_for_and_a_dropped_request_was_not() -> None:
    async def script(stage: Stage) -> list[int]:
        counts = []
        whats: tuple[Literal["request", "reply"], ...] = ("request", "reply")
        for what in whats:
            await stage.world.board.inject(what, BOTH, Drop(what=what))
            await ending(stage, patience_s=0.5)
            await stage.world.board.heal(what)
            counts.append(len(stage.told(Answered)))
        return counts

    assert on_stage(script) == [0, 1]


def test_a_duplicate_is_worked_on_twice_and_answered_once() -> None:
    async def script(stage: Stage) -> tuple[list[str], int, list[str]]:
        first = await harmed(stage, Duplicate())
        second = await ending(stage)  # behind the second copy, on the same connection
        await stage.kernel.sleep(1.0)
        return [first[1], second[1]], len(stage.told(Answered)), [one.action for one in stage.told(FaultTouched)]

    assert on_stage(script) == (["200", "200"], 5, ["duplicate", "duplicate"])


def test_a_link_counts_bytes_and_connections_as_a_real_one_does() -> None:
    async def script(stage: Stage) -> LinkCounted:
        await stage.ask()
        await stage.ask()
        await stage.kernel.sleep(1.5)
        return stage.told(LinkCounted)[0]

    counted = on_stage(script)
    assert (counted.at, counted.link, counted.connections, counted.open) == (1.0, str(LINK), 1, 1)
    assert counted.bytes_request > 0
    assert counted.bytes_reply > 0


def test_results_are_those_of_the_real_clients_words() -> None:
    async def script(stage: Stage) -> Result:
        try:
            await harmed(stage, ResetConnections())
            await stage.ask()
        except CallError as error:
            return error.result
        raise AssertionError("answered by nobody")

    assert on_stage(script) is Result.RESET
