"""Simulated nodes: a crash is a power cut, a pause a stopped process, a restart finds its disk, and clocks can lie."""

from __future__ import annotations

import sqlite3
from functools import partial

import pytest
import trio

from chaoscli.errors import NotMadeError, leaves
from chaoscli.events import HUNG_UP, Answered, Arrived, CallEnded, Event, Happened, NodeChanged, Refused
from chaoscli.faults.clock_skew import ClockSkew
from chaoscli.messages import CallError, Request, Response, Result
from chaoscli.services.base import Service
from chaoscli.services.catalogue import KINDS, ServiceKind
from chaoscli.services.node import Node, transaction
from chaoscli.services.work import Capacity, Workers
from chaoscli.topology import NodeSpec
from chaoscli.worlds.base import NodeDied
from chaoscli.worlds.life import CURTAIN_WALL_S, MemoryDisk
from chaoscli.worlds.wire import LINK_S
from tests.worlds.simulation import CHECK, RESERVE, Stage, node, on_stage

ORDER = b'{"productId":"BOOK-001","quantity":1,"customerId":"CUST-1"}'


async def result(stage: Stage, target: str = CHECK, method: str = "GET") -> str:
    try:
        return str((await stage.ask(target, method)).status)
    except CallError as error:
        return error.result.value


def states(stage: Stage) -> list[tuple[float, str]]:
    return [(round(change.at, 6), change.state) for change in stage.told(NodeChanged)]


# -- callers that hang up ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("heeds", "answered", "given_up"),
    [(False, [(0.01 + 2 * LINK_S, 200)], []), (True, [], [(pytest.approx(0.005 + LINK_S), HUNG_UP, "ask-1")])],
    ids=["finishes the work", "stops the work"],
)
def test_a_node_whose_caller_hangs_up(heeds: bool, answered: list[object], given_up: list[object]) -> None:
    async def script(stage: Stage) -> tuple[list[object], list[object], int]:
        with stage.kernel.move_on_after(0.005):
            await stage.ask()
        await stage.kernel.sleep(0.1)
        told = [(one.at, one.reason, one.request) for one in stage.told(Refused)], stage.told(Answered)
        # Its worker is free again, and the next caller is served.
        again = await stage.ask()
        return [(round(one.at, 6), one.status) for one in told[1]], list(told[0]), again.status

    assert on_stage(script, node("inventory", "inventory", workers=1, heed_hangups=heeds)) == (answered, given_up, 200)


def test_whoever_hangs_up_while_waiting_leaves_the_line() -> None:
    async def script(stage: Stage) -> tuple[int, int]:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(result, stage)  # holds the only worker
            await stage.kernel.sleep(0.001)
            with stage.kernel.move_on_after(0.003):
                await stage.ask()
            await stage.kernel.sleep(0.001 + LINK_S)
            given_up = len(stage.told(Refused))
        return given_up, len(stage.told(Answered))

    assert on_stage(script, node("inventory", "inventory", workers=1, heed_hangups=True)) == (1, 1)


# -- crash and restart ---------------------------------------------------------------------------------------------------


def test_a_crash_resets_whoever_waits_one_latency_later() -> None:
    async def script(stage: Stage) -> tuple[str, float]:
        ended: list[str] = []

        async def wait() -> None:
            ended.append(await result(stage))

        async with trio.open_nursery() as nursery:
            nursery.start_soon(wait)
            await stage.kernel.sleep(0.005)  # the request is at work
            await stage.world.kill("inventory")
        return ended[0], stage.now

    how, at = on_stage(script)
    assert how == "reset"
    assert at == pytest.approx(0.005 + LINK_S)


def test_the_dead_tell_nothing_and_take_nobody_in() -> None:
    async def script(stage: Stage) -> tuple[int, list[Event], list[str]]:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(result, stage)
            await stage.kernel.sleep(0.005)
            await stage.world.kill("inventory")
            told = len(stage.events)
            await stage.kernel.sleep(1.0)
            after = stage.events[told:]
        return len(stage.told(Answered)), after, [await result(stage), await result(stage, RESERVE, "POST")]

    answered, after, later = on_stage(script)
    assert answered == 0
    assert [event for event in after if event.at < 1.0] == []
    assert later == ["reset", "reset"]


def test_a_restarted_node_finds_what_it_had_committed() -> None:
    async def script(stage: Stage) -> tuple[list[object], list[tuple[float, str]]]:
        await stage.ask(RESERVE, "POST")
        await stage.world.kill("inventory")
        await stage.kernel.sleep(1.0)
        await stage.world.start("inventory")
        answer = await stage.ask(CHECK)
        stocked = [fact.what for fact in stage.told(Happened)]
        return [b'"currentStock":99' in answer.body, stocked], states(stage)

    facts, changes = on_stage(script)
    assert facts == [True, ["stocked", "stocked", "stocked", "stock reserved", "told again"]]
    assert [state for _, state in changes] == ["starting", "ready", "killed", "starting", "ready"]


def test_a_caller_that_dies_is_no_more_than_a_closed_connection_to_its_callee() -> None:
    order = node("order", "order", calls={"inventory": {"timeout": None}})

    async def script(stage: Stage) -> tuple[int, int]:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(_order, stage)
            await stage.kernel.sleep(0.015)  # order has asked inventory, which is at work
            await stage.world.kill("order")
            await stage.kernel.sleep(1.0)
        return len([one for one in stage.told(Answered) if one.node == "inventory"]), len(stage.told(CallEnded))

    assert on_stage(script, node("inventory", "inventory"), order, calls=("inventory", "order")) == (1, 0)


async def _order(stage: Stage) -> None:
    with pytest.raises(CallError):
        await stage.ask("/api/orders", "POST", ORDER, callee="order")


def test_an_open_transaction_is_lost_and_the_dead_can_write_no_more() -> None:
    disk = MemoryDisk()
    database = disk.open("stock")
    database.execute("CREATE TABLE kept (number INTEGER)")
    database.execute("INSERT INTO kept VALUES (1)")
    database.execute("BEGIN")
    database.execute("INSERT INTO kept VALUES (2)")
    disk.power_cut()
    with pytest.raises(sqlite3.ProgrammingError):
        database.execute("INSERT INTO kept VALUES (3)")
    assert disk.open("stock").execute("SELECT number FROM kept").fetchall() == [(1,)]
    disk.close()


class Ledger(Service):
    """Writes in a transaction that takes a second, and tries to tidy up whatever happens."""

    def __init__(self, node: Node, settings: Capacity) -> None:
        self._node = node
        self._database = node.database("ledger")
        self._database.execute("CREATE TABLE IF NOT EXISTS ledger (line TEXT)")

    async def handle(self, request: Request) -> Response:
        if request.method == "GET":
            lines = self._database.execute("SELECT line FROM ledger ORDER BY rowid").fetchall()
            return Response(status=200, body=",".join(line for (line,) in lines).encode())
        with transaction(self._database):
            self._database.execute("INSERT INTO ledger VALUES ('begun')")
            try:
                await self._node.sleep(1.0)
            finally:
                self._database.execute("INSERT INTO ledger VALUES ('tidied')")
                self._node.happened("tidied", request)
        return Response(status=200)

    async def run(self, workers: Workers) -> None:
        return


@pytest.fixture
def ledger(monkeypatch: pytest.MonkeyPatch) -> NodeSpec:
    monkeypatch.setitem(KINDS, "ledger", ServiceKind(settings=Capacity, make=Ledger, doc="a test's"))
    return node("inventory", "ledger")


def test_what_runs_on_after_the_power_cut_has_no_effect(ledger: NodeSpec) -> None:
    async def script(stage: Stage) -> tuple[bytes, bytes, list[Happened]]:
        await stage.ask("/", "POST")
        async with trio.open_nursery() as nursery:
            nursery.start_soon(result, stage, "/", "POST")
            await stage.kernel.sleep(0.5)
            await stage.world.kill("inventory")
        told = stage.told(Happened)
        await stage.world.start("inventory")
        kept = (await stage.ask("/")).body
        await stage.ask("/", "POST")
        return kept, (await stage.ask("/")).body, told

    kept, later, told = on_stage(script, ledger)
    assert kept == b"begun,tidied"
    assert later == b"begun,tidied,begun,tidied"
    assert len(told) == 1


# -- pause ---------------------------------------------------------------------------------------------------------------


def test_a_paused_node_answers_when_it_is_resumed() -> None:
    async def script(stage: Stage) -> tuple[str, float, list[float]]:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(result, stage)
            await stage.kernel.sleep(0.005)
            await stage.world.pause("inventory")
            nursery.start_soon(result, stage)  # arrives at a host whose process is stopped
            await stage.kernel.sleep(2.0)
            assert stage.told(Answered) == []
            await stage.world.resume("inventory")
        return "both", stage.now, [round(one.at, 6) for one in stage.told(Arrived)]

    both, ended, arrived = on_stage(script)
    assert both == "both"
    assert 2.005 < ended < 2.02
    assert [at > 2.0 for at in arrived] == [False, True]


def test_the_timeouts_of_a_paused_caller_wait_for_it_to_go_on() -> None:
    order = node("order", "order", calls={"inventory": {"timeout": 0.1}}, reserve=False)

    async def script(stage: Stage) -> list[tuple[Result, float]]:
        await stage.world.pause("inventory")
        async with trio.open_nursery() as nursery:
            nursery.start_soon(partial(stage.ask, callee="order"), "/api/orders", "POST", ORDER)
            await stage.kernel.sleep(0.05)
            await stage.world.pause("order")
            await stage.kernel.sleep(1.0)
            assert stage.told(CallEnded) == []
            await stage.world.resume("order")
            await stage.kernel.sleep(0.01)
            ended = [(one.result, round(one.at, 3)) for one in stage.told(CallEnded)]
            nursery.cancel_scope.cancel()
        return ended

    nodes = (node("inventory", "inventory"), order)
    assert on_stage(script, *nodes, calls=("inventory", "order")) == [(Result.TIMEOUT, 1.05)]


# -- clocks and speed ----------------------------------------------------------------------------------------------------


def test_a_skewed_clock_shows_another_time_and_waits_as_long_as_any() -> None:
    async def script(stage: Stage) -> list[tuple[float, float]]:
        await stage.world.set_clock("inventory", ClockSkew(offset=-5.0, drift=1000.0))
        await stage.kernel.sleep(10.0)
        await stage.ask()
        await stage.world.set_clock("inventory", ClockSkew())
        await stage.ask()
        return [(one.at, one.received_wall_s) for one in stage.told(Arrived)]

    (skewed_at, skewed), (true_at, true) = on_stage(script)
    assert skewed - CURTAIN_WALL_S == pytest.approx(skewed_at - 5.0 + 0.001 * skewed_at, abs=1e-4)
    assert true - CURTAIN_WALL_S == pytest.approx(true_at, abs=1e-4)


def test_a_slow_node_works_longer_also_after_a_restart() -> None:
    async def script(stage: Stage) -> list[float]:
        await stage.world.set_speed("inventory", 4.0)
        await stage.ask()
        await stage.world.kill("inventory")
        await stage.world.start("inventory")
        await stage.ask()
        await stage.world.set_speed("inventory", 1.0)
        await stage.ask()
        return [round(one.worked_s, 6) for one in stage.told(Answered)]

    assert on_stage(script) == [0.040, 0.040, 0.010]


class Hasty(Service):
    """Its work in the background fails after a second."""

    def __init__(self, node: Node, settings: Capacity) -> None:
        self._node = node

    async def handle(self, request: Request) -> Response:
        return Response(status=200)

    async def run(self, workers: Workers) -> None:
        await self._node.sleep(1.0)
        raise ZeroDivisionError("by haste")


def test_a_node_whose_background_work_fails_ends_the_run_and_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(KINDS, "hasty", ServiceKind(settings=Capacity, make=Hasty, doc="a test's"))
    told: list[tuple[float, str, str]] = []

    async def script(stage: Stage) -> None:
        try:
            await stage.kernel.sleep(2.0)
        finally:
            told.extend((round(one.at, 6), one.state, one.detail) for one in stage.told(NodeChanged)[2:])

    with pytest.raises(ExceptionGroup) as ended:
        on_stage(script, node("inventory", "hasty"))
    (died,) = leaves(ended.value)
    assert isinstance(died, NodeDied)
    assert died.message == "'inventory' ended in mid-run: ZeroDivisionError('by haste')"
    assert told == [(0.95, "died", "ZeroDivisionError('by haste')")]  # it began before the curtain


# -- what cannot be ------------------------------------------------------------------------------------------------------


def test_a_program_of_somebody_elses_is_refused_before_the_run_with_the_reason() -> None:
    async def script(stage: Stage) -> None:
        raise AssertionError("it was played")

    with pytest.raises((NotMadeError, ExceptionGroup)) as refused:
        on_stage(script, NodeSpec(name="theirs", kind="command", settings={"command": ["node", "server.js"]}))
    error = refused.value
    assert isinstance(error, NotMadeError)
    assert error.message == (
        "'theirs' cannot be simulated: it is a program of your own, with a clock and dice that we do not hold"
    )  # fmt: skip
    assert error.hint == "play it on real processes: --world real"
