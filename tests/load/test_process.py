"""The load as a process, here in this one: over a real channel, to a real server on the loopback."""

from __future__ import annotations

import socket
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest
import trio

from chaoscli.errors import NotMadeError
from chaoscli.event_lines import from_fields
from chaoscli.events import CallEnded, CallStarted, Event, RequestEnded, RequestStarted, RetryPlanned
from chaoscli.load import process
from chaoscli.load.course import pacer_of
from chaoscli.load.pacer import starts
from chaoscli.load.settings import Load
from chaoscli.messages import Request, Response, Result
from chaoscli.net.base import Handler
from chaoscli.net.channel import Channel, Line
from chaoscli.net.http_server import HttpServer
from chaoscli.net.tcp import address_of, listen
from chaoscli.resilience.policy import Retry
from chaoscli.settings import to_plain
from chaoscli.topology import NodeSpec

LASTS_S = 0.4


@dataclass(kw_only=True)
class Stage:
    """The owner's end of a load's channel, and what came over it."""

    owner: Channel
    epoch: float = 0.0
    events: list[Event] = field(default_factory=list)

    async def play(self, in_s: float = 0.02) -> None:
        self.epoch = time.monotonic() + in_s
        await self.owner.ask("play", epoch=self.epoch)

    def told(self, line: Line) -> None:
        event = from_fields(line)
        assert event is not None
        self.events.append(event)

    def of(self, kind: type[Event]) -> list[Any]:
        return [event for event in self.events if isinstance(event, kind)]


@asynccontextmanager
async def staged(load: Load, handler: Handler | None) -> AsyncIterator[Stage]:
    """The load ready to play; without a ``handler`` nobody listens where it sends."""
    near, far = socket.socketpair()
    stage = Stage(owner=Channel(near, "owner"))
    listener = await listen()
    part = part_of(load, address_of(listener))
    async with trio.open_nursery() as nursery:
        if handler is None:
            await listener.aclose()
        else:
            nursery.start_soon(HttpServer(handler).serve, [listener])
        nursery.start_soon(stage.owner.run, no_questions, stage.told)
        nursery.start_soon(process.run, Channel(far, "shoppers"), part)
        with trio.fail_after(10.0):
            yield stage
        nursery.cancel_scope.cancel()


def part_of(load: Load, address: tuple[str, int]) -> dict[str, Any]:
    """As JSON would carry it."""
    node = NodeSpec(name="shoppers", kind="load", settings=to_plain(load), calls={load.callees[0]: to_plain(load.policy)})
    return {"seed": 7, "node": to_plain(node), "neighbours": {load.callees[0]: list(address)}, "lasts_s": LASTS_S}


async def no_questions(question: Line) -> None:
    raise AssertionError(question)


async def echo(request: Request) -> Response:
    return Response(status=200, body=request.body)


LOAD = Load(request="POST order /api/orders", json={"customer": "CUST-${n}"}, rate=50.0)


async def test_a_play_is_offered_on_schedule_and_told_in_the_hosts_clock() -> None:
    async with staged(LOAD, echo) as stage:
        await stage.play()
        await trio.sleep(LASTS_S + 0.02)
        await stage.owner.ask("drain")

    planned = list(starts(pacer_of("shoppers", LOAD, lasts_s=LASTS_S, seed=7)))
    started, ended = stage.of(RequestStarted), stage.of(RequestEnded)
    assert [one.intended_at - stage.epoch for one in started] == pytest.approx(planned)
    assert all(one.at > one.intended_at - 1e-6 for one in started)  # trio's clock rounds to less than that
    assert [one.request for one in started] == [f"shoppers-{n}" for n in range(1, len(planned) + 1)]
    assert {(one.result, one.status) for one in ended} == {(Result.OK, 200)}
    assert {one.request for one in ended} == {one.request for one in started}
    assert len(stage.of(CallStarted)) == len(stage.of(CallEnded)) == len(planned)


async def test_the_policy_of_a_load_is_its_own() -> None:
    async def refuse(_request: Request) -> Response:
        return Response(status=503)

    load = Load(request="GET order /", rate=5.0, arrivals="constant", retry=Retry(attempts=2, backoff="constant", base=0.01))
    async with staged(load, refuse) as stage:
        await stage.play()
        await trio.sleep(LASTS_S + 0.02)
        await stage.owner.ask("drain")

    assert [(one.request, one.attempt, one.status) for one in sorted(stage.of(CallEnded), key=lambda one: one.at)] == [
        ("shoppers-1", 1, 503),
        ("shoppers-1", 2, 503),
        ("shoppers-2", 1, 503),
        ("shoppers-2", 2, 503),
    ]
    assert [one.delay_s for one in stage.of(RetryPlanned)] == [0.01, 0.01]
    assert [(one.result, one.status) for one in stage.of(RequestEnded)] == [(Result.FAILED, 503)] * 2


async def test_what_is_still_in_flight_ends_unanswered_before_the_drain_is_answered() -> None:
    async def hang(_request: Request) -> Response:
        await trio.sleep_forever()
        raise AssertionError

    load = Load(request="GET order /", rate=5.0, arrivals="constant", drain=0.05)
    async with staged(load, hang) as stage:
        await stage.play()
        await trio.sleep(LASTS_S)
        await stage.owner.ask("drain")
        ended = stage.of(RequestEnded)

    assert [(one.request, one.result) for one in sorted(ended, key=lambda one: one.request)] == [
        ("shoppers-1", Result.UNANSWERED),
        ("shoppers-2", Result.UNANSWERED),
    ]


async def test_nobody_listening_is_told_as_refused() -> None:
    async with staged(Load(request="GET order /", rate=5.0, arrivals="constant"), None) as stage:
        await stage.play()
        await trio.sleep(LASTS_S + 0.02)
        await stage.owner.ask("drain")

    assert [one.result for one in stage.of(RequestEnded)] == [Result.REFUSED, Result.REFUSED]


async def test_the_rate_changes_on_request() -> None:
    load = Load(request="GET order /", rate=0.0)
    async with staged(load, echo) as stage:
        await stage.play(in_s=0.0)
        await stage.owner.ask("rate", per_second=100.0)
        await trio.sleep(LASTS_S)
        await stage.owner.ask("drain")

    assert len(stage.of(RequestStarted)) > 5


async def test_an_unknown_question_is_refused_by_name() -> None:
    async with staged(LOAD, echo) as stage:
        with pytest.raises(NotMadeError, match="load 'shoppers' does not know how to dance"):
            await stage.owner.ask("dance")


async def test_the_owners_end_ends_the_load() -> None:
    near, far = socket.socketpair()
    owner = Channel(near, "owner")
    with trio.fail_after(10.0):
        async with trio.open_nursery() as nursery:
            nursery.start_soon(process.run, Channel(far, "shoppers"), part_of(LOAD, ("127.0.0.1", 1)))
            async with trio.open_nursery() as owning:
                owning.start_soon(owner.run, no_questions, lambda _line: None)
                await owner.ask("play", epoch=time.monotonic() + 3600.0)
                owning.cancel_scope.cancel()
