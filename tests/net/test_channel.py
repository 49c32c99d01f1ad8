"""A channel carries questions and events both ways, never blocks a teller, and notices when the far end is gone."""

from __future__ import annotations

import socket
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

import pytest
import trio
import trio.testing

from chaoscli.errors import NotMadeError
from chaoscli.event_lines import decode, encode, from_fields
from chaoscli.events import Noted
from chaoscli.net import channel as channel_module
from chaoscli.net.channel import Answer, Channel, ChannelClosed, Line


async def double(question: Line) -> Mapping[str, Any]:
    if question["do"] == "refuse":
        raise NotMadeError("not that", hint="try doubling")
    if question["do"] == "break":
        raise OSError("no space left")
    return {"twice": 2 * question["number"]}


@asynccontextmanager
async def pair(answer: Answer = double) -> AsyncIterator[tuple[Channel, Channel, list[Line]]]:
    """An owner's end and a child's end, both running, and what the owner was told."""
    ours, theirs = socket.socketpair()
    owner, child, told = Channel(ours, "inventory"), Channel(theirs, "inventory"), list[Line]()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(owner.run, double, told.append)
        nursery.start_soon(child.run, answer, told.append)
        yield owner, child, told
        nursery.cancel_scope.cancel()


async def test_a_question_gets_its_own_answer_even_among_others() -> None:
    async with pair() as (owner, _child, _told):
        answers: dict[int, int] = {}

        async def ask(number: int) -> None:
            answers[number] = (await owner.ask("double", number=number))["twice"]

        async with trio.open_nursery() as nursery:
            for number in range(20):
                nursery.start_soon(ask, number)
        assert answers == {number: 2 * number for number in range(20)}


async def test_a_refusal_says_who_refused_why_and_the_way_out() -> None:
    async with pair() as (owner, _child, _told):
        with pytest.raises(NotMadeError) as refused:
            await owner.ask("refuse")
        assert refused.value.render() == "inventory: not that\n  try doubling"
        with pytest.raises(NotMadeError, match="inventory: no space left"):
            await owner.ask("break")


async def test_what_is_told_before_an_answer_arrives_before_it() -> None:
    async def tell_then_answer(question: Line) -> Mapping[str, Any]:
        for number in range(500):
            child.tell_event(Noted(at=float(number), source="inventory", text="x"))
        return {}

    async with pair(tell_then_answer) as (owner, child, told):
        await owner.ask("anything")
        assert [line["at"] for line in told] == [float(number) for number in range(500)]


async def test_the_far_end_closing_ends_the_run_and_every_open_question() -> None:
    ours, theirs = socket.socketpair()
    owner = Channel(ours, "inventory")
    async with trio.open_nursery() as nursery:
        nursery.start_soon(owner.run, double, lambda _line: None)
        await trio.testing.wait_all_tasks_blocked()

        async def hang_up() -> None:
            await trio.testing.wait_all_tasks_blocked()
            theirs.close()

        nursery.start_soon(hang_up)
        with pytest.raises(ChannelClosed):
            await owner.ask("double", number=1)
    with pytest.raises(ChannelClosed):
        await owner.ask("double", number=2)


async def test_a_reader_that_stands_still_never_blocks_a_teller_and_the_loss_is_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(channel_module, "MOST_WAITING_LINES", 10)
    ours, theirs = socket.socketpair()
    child = Channel(theirs, "inventory")
    for number in range(25):  # nobody writes yet, as if the pipe were full
        child.tell_event(Noted(at=float(number), source="inventory", text="x"))
    told: list[Line] = []
    async with trio.open_nursery() as nursery:
        nursery.start_soon(child.run, double, told.append)
        owner = Channel(ours, "inventory")
        nursery.start_soon(owner.run, double, told.append)
        await owner.ask("double", number=1)
        child.tell_event(Noted(at=99.0, source="inventory", text="after"))
        await owner.ask("double", number=1)
        nursery.cancel_scope.cancel()
    # 10 fitted, 15 did not; the first thing told afterwards is how many are missing.
    assert [line["at"] for line in told if line["event"] == "noted"] == [*map(float, range(10)), 99.0]
    (lost,) = [line for line in told if line["event"] == "events_lost"]
    assert (lost["source"], lost["count"]) == ("inventory", 15)


async def test_an_answer_is_never_lost_however_much_waits_before_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(channel_module, "MOST_WAITING_LINES", 10)

    async def tell_too_much_then_answer(question: Line) -> Mapping[str, Any]:
        for number in range(25):
            child.tell_event(Noted(at=float(number), source="inventory", text="x"))
        return {"twice": 2}

    with trio.fail_after(5):
        async with pair(tell_too_much_then_answer) as (owner, child, told):
            assert (await owner.ask("double", number=1))["twice"] == 2
    assert [line.get("count") for line in told if line["event"] == "events_lost"] == [15]


async def test_events_survive_the_wire() -> None:
    event = Noted(at=1.5, source="inventory", text='quoted "text"\nof two lines, with an arrow →', level="warning")
    async with pair() as (owner, child, told):
        child.tell_event(event)
        await owner.ask("double", number=1)
    assert from_fields(told[0]) == event
    assert decode(encode(event)) == event
