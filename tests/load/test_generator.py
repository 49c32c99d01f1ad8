from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import trio
from trio.testing import MockClock

from chaoscli.events import Event, RequestEnded, RequestSkipped, RequestStarted
from chaoscli.load.asked import Asked
from chaoscli.load.course import pacer_of
from chaoscli.load.generator import Generator
from chaoscli.load.settings import Load
from chaoscli.messages import SERVED_AS, CallError, Request, Response, Result

Serve = Callable[[Request], Awaitable[Response]]
OK = Response(status=200)


@dataclass(kw_only=True)
class Stage:
    """A load and what answers it, with everything told as lines of text."""

    load: Load
    serve: Serve
    lasts_s: float = 1.0
    lines: list[str] = field(default_factory=list)
    requests: list[Request] = field(default_factory=list)
    callees: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        pacer = pacer_of("shoppers", self.load, lasts_s=self.lasts_s, seed=7)
        self.generator = Generator(
            name="shoppers",
            load=self.load,
            pacer=pacer,
            lasts_s=self.lasts_s,
            call=self._call,
            now=trio.current_time,
            wall=lambda: 1.5e9,
            seed=7,
            tell=self._tell,
        )
        self._epoch = 0.0

    def play(self, in_s: float = 0.0) -> None:
        self._epoch = trio.current_time() + in_s
        self.generator.play(self._epoch)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Play the whole of it and drain."""
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self.generator.run)
            self.play()
            yield
            await trio.sleep(self._epoch + self.lasts_s - trio.current_time())
            await self.generator.drain()

    async def _call(self, callee: str, prepare: Callable[[int], Request]) -> Response:
        self.callees.append(callee)
        request = prepare(1)
        self.requests.append(request)
        return await self.serve(request)

    def _tell(self, event: Event) -> None:
        match event:
            case RequestStarted():
                what = "starts"
            case RequestEnded():
                what = f"{event.result.value} {event.status} after {event.latency_s:.3f} ({event.detail})"
            case RequestSkipped():
                what = f"skipped at {event.in_flight} in flight"
            case _:
                raise AssertionError(event)
        assert event.load == "shoppers"
        intended_at = event.intended_at - self._epoch
        self.lines.append(f"{event.at - self._epoch:.3f} {event.request} of {intended_at:.3f} {what}")


def load(**settings: object) -> Load:
    return Load(**{"request": "POST order /api/orders", "rate": 2.0, "arrivals": "constant", **settings})  # type: ignore[arg-type]


def answers(after_s: float = 0.1, reply: Response = OK) -> Serve:
    async def serve(_request: Request) -> Response:
        await trio.sleep(after_s)
        return reply

    return serve


async def test_requests_start_on_schedule_whatever_the_replies_do(autojump_clock: MockClock) -> None:
    stage = Stage(load=load(), serve=answers(after_s=0.7))
    async with stage.running():
        pass

    assert stage.lines == [
        "0.000 shoppers-1 of 0.000 starts",
        "0.500 shoppers-2 of 0.500 starts",
        "0.700 shoppers-1 of 0.000 ok 200 after 0.700 ()",
        "1.200 shoppers-2 of 0.500 ok 200 after 0.700 ()",
    ]


async def test_nothing_starts_before_the_curtain(autojump_clock: MockClock) -> None:
    stage = Stage(load=load(rate=1.0), serve=answers())
    async with trio.open_nursery() as nursery:
        nursery.start_soon(stage.generator.run)
        await trio.sleep(3.0)
        assert stage.lines == []
        stage.play(in_s=2.0)
        await trio.sleep(3.0)
        await stage.generator.drain()

    assert stage.lines == ["0.000 shoppers-1 of 0.000 starts", "0.100 shoppers-1 of 0.000 ok 200 after 0.100 ()"]


async def test_a_stall_of_the_generator_is_in_the_latency(autojump_clock: MockClock) -> None:
    stage = Stage(load=load(), serve=answers(after_s=0.1))
    async with trio.open_nursery() as nursery:
        nursery.start_soon(stage.generator.run)
        stage.play(in_s=-2.0)  # the process slept through its whole second and one more
        await trio.sleep(0.0)
        await stage.generator.drain()

    assert sorted(stage.lines) == [  # trio wakes tasks of one instant in any order
        "2.000 shoppers-1 of 0.000 starts",
        "2.000 shoppers-2 of 0.500 starts",
        "2.100 shoppers-1 of 0.000 ok 200 after 2.100 ()",
        "2.100 shoppers-2 of 0.500 ok 200 after 1.600 ()",
    ]


async def test_beyond_the_cap_requests_are_skipped_and_said_to_be(autojump_clock: MockClock) -> None:
    stage = Stage(load=load(rate=4.0, max_in_flight=1), serve=answers(after_s=0.6))
    async with stage.running():
        pass

    assert stage.lines == [
        "0.000 shoppers-1 of 0.000 starts",
        "0.250 shoppers-2 of 0.250 skipped at 1 in flight",
        "0.500 shoppers-3 of 0.500 skipped at 1 in flight",
        "0.600 shoppers-1 of 0.000 ok 200 after 0.600 ()",
        "0.750 shoppers-4 of 0.750 starts",
        "1.350 shoppers-4 of 0.750 ok 200 after 0.600 ()",
    ]


async def test_what_never_came_back_is_told_after_a_bounded_drain(autojump_clock: MockClock) -> None:
    stage = Stage(load=load(rate=1.0, drain=3.0), serve=answers(after_s=86_400.0))
    async with stage.running():
        pass

    assert stage.lines == [
        "0.000 shoppers-1 of 0.000 starts",
        "4.000 shoppers-1 of 0.000 unanswered 0 after 4.000 (still in flight at the end)",
    ]


async def test_a_drain_ends_as_soon_as_nothing_is_in_flight(autojump_clock: MockClock) -> None:
    stage = Stage(load=load(drain=60.0), serve=answers(after_s=0.75))
    began = trio.current_time()
    async with stage.running():
        pass

    assert trio.current_time() - began == 1.25


async def test_draining_in_mid_play_offers_no_more(autojump_clock: MockClock) -> None:
    stage = Stage(load=load(), serve=answers(after_s=0.1), lasts_s=100.0)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(stage.generator.run)
        stage.play()
        await trio.sleep(1.2)
        await stage.generator.drain()

    assert [line for line in stage.lines if "starts" in line] == [
        "0.000 shoppers-1 of 0.000 starts",
        "0.500 shoppers-2 of 0.500 starts",
        "1.000 shoppers-3 of 1.000 starts",
    ]


async def test_the_rate_changes_while_the_generator_waits(autojump_clock: MockClock) -> None:
    stage = Stage(load=load(rate=0.01), serve=answers(after_s=0.0), lasts_s=2.0)
    async with stage.running():
        await trio.sleep(1.0)
        stage.generator.change_rate(4.0)

    # 0.01 of the way to the second request was gone by then, the rest goes at four a second.
    assert [line for line in stage.lines if "starts" in line] == [
        "0.000 shoppers-1 of 0.000 starts",
        "1.248 shoppers-2 of 1.248 starts",
        "1.498 shoppers-3 of 1.498 starts",
        "1.748 shoppers-4 of 1.748 starts",
        "1.998 shoppers-5 of 1.998 starts",
    ]


async def test_how_a_request_ended_is_read_from_the_reply(autojump_clock: MockClock) -> None:
    endings: list[Response | CallError] = [
        Response(status=200),
        Response(status=200, headers=((SERVED_AS, "fallback"),)),
        Response(status=302),
        Response(status=400),
        Response(status=503),
        CallError(Result.TIMEOUT, "no answer within 1s"),
        CallError(Result.REFUSED, "nobody listens"),
        CallError(Result.RESET, ""),
    ]

    assert await results(endings) == [
        "ok 200 ()",
        "fallback 200 ()",
        "ok 302 ()",
        "failed 400 ()",
        "failed 503 ()",
        "timeout 0 (no answer within 1s)",
        "refused 0 (nobody listens)",
        "reset 0 ()",
    ]


async def test_a_load_may_say_which_statuses_it_expects(autojump_clock: MockClock) -> None:
    endings: list[Response | CallError] = [Response(status=200), Response(status=202), Response(status=400)]

    assert await results(endings, expect_status=(202, 400)) == [
        "failed 200 (status 200, expected 202 or 400)",
        "ok 202 ()",
        "ok 400 ()",
    ]


async def results(endings: list[Response | CallError], **settings: object) -> list[str]:
    """How the generator reports these endings, in order, without their times."""
    left = iter(endings)

    async def serve(_request: Request) -> Response:
        ending = next(left)
        if isinstance(ending, CallError):
            raise ending
        return ending

    stage = Stage(load=load(rate=float(len(endings)), **settings), serve=serve)
    async with stage.running():
        pass
    return [line.split(" ", 4)[4].replace("after 0.000 ", "") for line in stage.lines if "starts" not in line]


async def test_requests_carry_who_asks_and_for_what(autojump_clock: MockClock) -> None:
    stage = Stage(load=load(json={"customer": "${n}"}), serve=answers())
    async with stage.running():
        pass

    def carried(request: Request) -> Mapping[str, str]:
        return {name: value for name, value in request.headers if name.startswith("x-")}

    assert [(carried(one), one.body) for one in stage.requests] == [
        ({"x-request-id": f"shoppers-{n}", "x-caller": "shoppers", "x-attempt": "1", "x-sent-at": "1500000000.000000"}, body)
        for n, body in ((1, b'{"customer":1}'), (2, b'{"customer":2}'))
    ]
    traces = {request.header("traceparent").split("-")[1] for request in stage.requests}
    assert len(traces) == 2


# -- users, the closed model


async def test_each_user_asks_again_when_it_has_had_its_answer_and_thought(autojump_clock: MockClock) -> None:
    # Two users, half a think apart. The first asks at 0, has its answer at 0.3, thinks until 0.5, and so on.
    stage = Stage(load=load(users=2, think=0.2), serve=answers(after_s=0.3))
    async with stage.running():
        pass

    assert stage.lines == [
        "0.000 shoppers-1 of 0.000 starts",
        "0.100 shoppers-2 of 0.100 starts",
        "0.300 shoppers-1 of 0.000 ok 200 after 0.300 ()",
        "0.400 shoppers-2 of 0.100 ok 200 after 0.300 ()",
        "0.500 shoppers-3 of 0.500 starts",
        "0.600 shoppers-4 of 0.600 starts",
        "0.800 shoppers-3 of 0.500 ok 200 after 0.300 ()",
        "0.900 shoppers-4 of 0.600 ok 200 after 0.300 ()",
    ]


async def test_a_slow_callee_is_asked_less_by_users_which_is_what_hides_it(autojump_clock: MockClock) -> None:
    quick = Stage(load=load(users=4, think=0.1), serve=answers(after_s=0.1), lasts_s=10.0)
    slow = Stage(load=load(users=4, think=0.1), serve=answers(after_s=1.9), lasts_s=10.0)
    async with quick.running(), slow.running():
        pass

    # Four users of 0.2 s a round make 20 a second, of 2 s a round 2.
    assert abs(len(quick.requests) - 200) <= 4
    assert abs(len(slow.requests) - 20) <= 4


async def test_users_begin_with_the_load_and_end_with_it(autojump_clock: MockClock) -> None:
    stage = Stage(load=load(users=1, think=0.5, starts=0.5, stops=1.2), serve=answers(after_s=0.1), lasts_s=3.0)
    async with stage.running():
        pass

    assert [line.split()[0] for line in stage.lines if "starts" in line] == ["0.500", "1.100"]


async def test_users_think_for_drawn_times_the_same_for_the_same_seed(autojump_clock: MockClock) -> None:
    async def lines() -> list[str]:
        stage = Stage(load=load(users=3, think=0.2, arrivals="poisson"), serve=answers(after_s=0.05), lasts_s=2.0)
        async with stage.running():
            pass
        return stage.lines

    first = await lines()
    assert first == await lines()
    assert 10 < len(first) < 150


async def test_users_who_are_stopped_for_a_while_ask_when_they_may_again(autojump_clock: MockClock) -> None:
    stage = Stage(load=load(users=1, think=0.2), serve=answers(after_s=0.1), lasts_s=2.0)
    async with stage.running():
        await trio.sleep(0.25)
        stage.generator.change_rate(0.0)
        await trio.sleep(0.75)
        stage.generator.change_rate(None)
        await trio.sleep(0.5)
        stage.generator.change_rate(0.0)  # and those who are stopped at the end stay away

    assert [line.split()[0] for line in stage.lines if "starts" in line] == ["0.000", "1.000", "1.300"]


async def test_users_who_still_wait_at_the_end_are_unanswered(autojump_clock: MockClock) -> None:
    stage = Stage(load=load(users=2, think=0.2, drain=0.1), serve=answers(after_s=60.0))
    async with stage.running():
        pass

    assert sorted(line for line in stage.lines if "unanswered" in line) == [
        "1.100 shoppers-1 of 0.000 unanswered 0 after 1.100 (still in flight at the end)",
        "1.100 shoppers-2 of 0.100 unanswered 0 after 1.000 (still in flight at the end)",
    ]


async def test_users_of_a_play_that_is_called_off_before_the_curtain_never_come(autojump_clock: MockClock) -> None:
    stage = Stage(load=load(users=2), serve=answers())
    async with trio.open_nursery() as nursery:
        nursery.start_soon(stage.generator.run)
        await trio.sleep(1.0)
        await stage.generator.drain()

    assert stage.lines == []


# -- several requests


async def test_each_request_of_a_mix_goes_to_its_own_callee_and_is_judged_by_its_own_rules(autojump_clock: MockClock) -> None:
    asked = (
        Asked(request="GET order /a", weight=3.0),
        Asked(request="GET inventory /b", expect_status=(201,)),
        Asked(request="GET pricing /c", expect_body={"n": "${n}"}),
    )
    stage = Stage(load=load(request="", requests=asked, rate=40.0), serve=answers(after_s=0.0))
    async with stage.running():
        pass

    sent = Counter(zip(stage.callees, [request.target for request in stage.requests], strict=True))
    assert set(sent) == {("order", "/a"), ("inventory", "/b"), ("pricing", "/c")}
    ended = [" ".join(line.split()[4:5] + line.split()[8:]) for line in stage.lines if " starts" not in line]
    assert Counter(ended) == {
        "ok ()": sent["order", "/a"],
        "failed (status 200, expected 201)": sent["inventory", "/b"],
        "failed (the body is no JSON)": sent["pricing", "/c"],
    }
