from __future__ import annotations

import socket

import pytest
import trio

from chaoscli.faults.drop import Drop
from chaoscli.faults.hang import Hang
from chaoscli.faults.latency import Latency
from chaoscli.faults.refuse import Refuse
from chaoscli.faults.reset import ResetConnections
from chaoscli.faults.silence import Silence
from chaoscli.faults.timeout import Timeout
from tests.proxy.stage import BOTH, LINK, REPLY, REQUEST, Stage, hears_nothing, is_reset, read, read_to_end, reset

AN_HOUR = Latency(delay=3600.0)


async def test_latency_holds_one_direction_for_as_long_as_asked(stage: Stage) -> None:
    caller, callee = await stage.connected()
    stage.inject("lag", Latency(delay=0.05), REPLY)
    await caller.send_all(b"ask")
    assert await read(callee, 3) == b"ask"
    began = trio.current_time()
    await callee.send_all(b"answer")
    assert await read(caller, 6) == b"answer"
    assert trio.current_time() - began >= 0.05


async def test_delays_of_several_faults_add_up(stage: Stage) -> None:
    caller, callee = await stage.connected()
    stage.inject("lag", Latency(delay=0.03), REQUEST)
    stage.inject("more lag", Latency(delay=0.03), REQUEST)
    began = trio.current_time()
    await caller.send_all(b"ask")
    assert await read(callee, 3) == b"ask"
    assert trio.current_time() - began >= 0.06


async def test_healing_sends_what_was_held_at_once_and_in_order(stage: Stage) -> None:
    caller, callee = await stage.connected()
    stage.inject("lag", AN_HOUR, REQUEST)
    for number in range(10):
        await caller.send_all(bytes([number]))
        await stage.until_counted(request=number + 1)
    await caller.send_eof()
    assert await hears_nothing(callee)
    stage.board.heal("lag")
    assert await read_to_end(callee) == bytes(range(10))


async def test_a_second_fault_leaves_what_the_first_holds(stage: Stage) -> None:
    caller, callee = await stage.connected()
    stage.inject("cut", Silence(), REQUEST)
    await caller.send_all(b"held")
    await stage.until_counted(request=4)
    stage.inject("lag", Latency(delay=0.001), REQUEST)
    assert await hears_nothing(callee)
    stage.board.heal("lag")
    assert await hears_nothing(callee)
    stage.board.heal("cut")
    assert await read(callee, 4) == b"held"


async def test_of_two_overlapping_silences_the_last_to_heal_lets_go(stage: Stage) -> None:
    caller, callee = await stage.connected()
    stage.inject("first", Silence(), REQUEST)
    stage.inject("second", Silence(), REQUEST)
    await caller.send_all(b"held")
    await stage.until_counted(request=4)
    stage.board.heal("first")
    assert await hears_nothing(callee)
    stage.board.heal("second")
    assert await read(callee, 4) == b"held"


async def test_a_silent_direction_leaves_the_other_alone(stage: Stage) -> None:
    caller, callee = await stage.connected()
    stage.inject("cut", Silence(), REPLY)
    await caller.send_all(b"ask")
    assert await read(callee, 3) == b"ask"
    await callee.send_all(b"answer")
    assert await hears_nothing(caller)
    stage.board.heal("cut")
    assert await read(caller, 6) == b"answer"


async def test_a_connection_made_in_silence_is_dialled_after_the_heal(stage: Stage) -> None:
    address = stage.link()
    stage.inject("cut", Silence(), *BOTH)
    caller = await stage.call(address)
    await caller.send_all(b"anyone?")
    await stage.until_counted(request=7)
    stage.board.heal("cut")
    assert await read(await stage.accept(), 7) == b"anyone?"


async def test_a_request_given_up_in_silence_never_reaches_the_callee(stage: Stage) -> None:
    address = stage.link()
    stage.inject("cut", Silence(), *BOTH)
    gone = await stage.call(address)
    await gone.send_all(b"given up")
    await stage.until_counted(connections=1, request=8)
    await gone.aclose()
    await stage.until_counted(open_=0)
    stage.board.heal("cut")
    patient = await stage.call(address)
    await patient.send_all(b"later")
    assert await read(await stage.accept(), 5) == b"later"


async def test_what_a_caller_sent_before_it_reset_arrives_before_the_reset(stage: Stage) -> None:
    caller, callee = await stage.connected()
    stage.inject("lag", Latency(delay=0.05), REQUEST)
    await caller.send_all(b"last words")
    await stage.until_counted(request=10)
    reset(caller)
    assert await read(callee, 10) == b"last words"
    assert await is_reset(callee)
    await stage.until_counted(open_=0)


async def test_a_reset_does_not_pass_through_a_silence(stage: Stage) -> None:
    caller, callee = await stage.connected()
    stage.inject("cut", Silence(), *BOTH)
    reset(caller)
    assert await hears_nothing(callee)
    stage.board.heal("cut")
    assert await is_reset(callee)
    await stage.until_counted(open_=0)


async def test_refusing_resets_the_living_refuses_the_new_and_opens_the_same_port_again(stage: Stage) -> None:
    caller, callee = await stage.connected()
    host, port = caller.socket.getpeername()
    stage.inject("down", Refuse(), REQUEST)
    assert await is_reset(caller)
    assert await is_reset(callee)
    for _ in range(3):
        with trio.socket.socket() as sock:
            try:
                await sock.connect((host, port))
            except ConnectionRefusedError:
                continue
        raise AssertionError("somebody listened")
    stage.board.heal("down")
    again = await stage.call((host, port))
    await again.send_all(b"back")
    assert await read(await stage.accept(), 4) == b"back"


async def test_nobody_else_gets_the_port_of_a_link_that_refuses(stage: Stage) -> None:
    """Most servers allow the address to be reused, as we do: on Linux the port would be free for two who do."""
    caller, _callee = await stage.connected()  # with this connection alive the port could not be had without reuse
    address = caller.socket.getpeername()
    stage.inject("down", Refuse(), REQUEST)
    with socket.socket() as thief:
        thief.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        with pytest.raises(OSError, match="already in use"):
            thief.bind(address)
    stage.board.heal("down")
    await (await stage.call(address)).send_all(b"back")
    assert await read(await stage.accept(), 4) == b"back"


async def test_resetting_accepts_and_resets_without_troubling_the_callee(stage: Stage) -> None:
    address = stage.link()
    stage.inject("resets", ResetConnections(), REQUEST)
    assert await stage.call_is_reset(address)
    stage.board.heal("resets")
    after = await stage.call(address)
    await after.send_all(b"first")
    assert await read(await stage.accept(), 5) == b"first"


async def test_a_timeout_healed_in_both_directions_closes_the_connection_once_and_the_proxy_serves_on(stage: Stage) -> None:
    address = stage.link()
    caller = await stage.call(address)
    callee = await stage.accept()
    stage.inject("timeout", Timeout(), *BOTH)
    await caller.send_all(b"dropped")
    await stage.until_counted(request=7)
    stage.board.heal("timeout")
    assert await read_to_end(caller) == b""
    assert await read_to_end(callee) == b""
    again = await stage.call(address)
    await again.send_all(b"on")
    assert await read(await stage.accept(), 2) == b"on"


async def test_new_settings_keep_what_the_old_ones_held_and_the_reset_behind_it(stage: Stage) -> None:
    caller, callee = await stage.connected()
    stage.inject("lag", AN_HOUR, REQUEST)
    await caller.send_all(b"last words")
    await stage.until_counted(request=10)
    reset(caller)
    assert await hears_nothing(callee)
    stage.board.update("lag", Latency(delay=1800.0))
    assert await hears_nothing(callee)
    stage.board.update("lag", Latency(delay=0.001))
    assert await read(callee, 10) == b"last words"
    assert await is_reset(callee)
    await stage.until_counted(open_=0)


async def test_a_hanging_connect_leaves_open_connections_alone_and_what_a_healed_silence_held(stage: Stage) -> None:
    caller, callee = await stage.connected()
    stage.inject("cut", Silence(), REQUEST)
    await caller.send_all(b"held")
    await stage.until_counted(request=4)
    stage.inject("hang", Hang(), REQUEST)
    stage.board.heal("cut")
    assert await read(callee, 4) == b"held"
    await caller.send_all(b"on")
    assert await read(callee, 2) == b"on"


async def test_a_share_picks_the_same_connections_for_the_same_seed(stage: Stage) -> None:
    async def silent(link: str) -> list[bool]:
        address = stage.board.add_link(link, upstream=stage.callee_address, http=False)
        stage.board.inject(f"half of {link}", [(LINK, REQUEST)] if link == LINK else [(link, REQUEST)], AN_HOUR, 0.5)
        callers = []
        for _ in range(12):
            callers.append(await stage.call(address))
            await callers[-1].send_all(b"?")
            callers[-1] = await stage.accept()
        return [await hears_nothing(callee, 0.02) for callee in callers]

    picked = await silent(LINK)
    assert 0 < sum(picked) < 12
    stage.board.heal(f"half of {LINK}")
    stage.board.remove_link(LINK)
    assert await silent(LINK) == picked


async def test_a_share_of_nothing_never_strikes(stage: Stage) -> None:
    caller, callee = await stage.connected()
    stage.inject("never", AN_HOUR, *BOTH, share=0.0)
    await caller.send_all(b"through")
    assert await read(callee, 7) == b"through"
    second = await stage.call(caller.socket.getpeername())
    await second.send_all(b"as well")
    assert await read(await stage.accept(), 7) == b"as well"


async def test_a_healed_fault_tells_what_it_did_in_each_direction(stage: Stage) -> None:
    caller, callee = await stage.connected()
    stage.inject("lag", Latency(delay=0.01), *BOTH)
    for _ in range(3):
        await caller.send_all(b"ask")
        assert await read(callee, 3) == b"ask"
    stage.board.heal("lag")
    request, reply = stage.measured
    assert (request.fault, request.link, request.direction, request.met, request.touched) == ("lag", LINK, "request", 3, 3)
    assert abs(request.asked_mean_s - 0.01) < 1e-9
    assert request.achieved_mean_s >= 0.01
    assert request.error_p50_s <= request.error_p99_s <= request.error_max_s + 1e-5
    assert (reply.direction, reply.met, reply.touched, reply.asked_mean_s) == ("reply", 0, 0, 0.0)


async def test_a_silence_tells_how_much_it_held(stage: Stage) -> None:
    caller, callee = await stage.connected()
    stage.inject("cut", Silence(), REQUEST)
    await caller.send_all(b"12345")
    await stage.until_counted(request=5)
    assert stage.board.counts()[LINK].held_bytes == 5
    assert stage.board.counts()[LINK].touched == {"cut": 1}
    stage.board.heal("cut")
    assert await read(callee, 5) == b"12345"
    (told,) = stage.measured
    assert (told.met, told.touched, told.held_bytes, told.asked_mean_s, told.achieved_mean_s) == (1, 1, 5, 0.0, 0.0)
    assert stage.board.counts()[LINK].held_bytes == 0


async def test_healing_what_is_not_there_does_nothing(stage: Stage) -> None:
    stage.link()
    stage.board.heal("nothing")
    assert stage.events == []


REQUEST_BYTES = b"GET /check HTTP/1.1\r\nhost: inventory\r\nx-request-id: r1\r\n\r\n"
REPLY_BYTES = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok"


async def test_a_dropped_request_never_reaches_the_callee_and_is_told(stage: Stage) -> None:
    caller, callee = await stage.connected(http=True)
    stage.inject("lost", Drop(what="request", first=1), REQUEST)
    await caller.send_all(REQUEST_BYTES)
    await stage.until_counted(request=len(REQUEST_BYTES))
    assert await hears_nothing(callee)
    (touched,) = stage.touched
    assert (touched.fault, touched.link, touched.request, touched.action) == ("lost", LINK, "r1", "drop request")
    assert stage.board.counts()[LINK].requests == 1
    stage.board.heal("lost")
    (told,) = stage.measured
    assert (told.fault, told.met, told.touched) == ("lost", 1, 1)


async def test_a_dropped_reply_leaves_the_work_done_and_the_caller_in_silence(stage: Stage) -> None:
    caller, callee = await stage.connected(http=True)
    stage.inject("lost", Drop(what="reply"), REPLY)
    await caller.send_all(REQUEST_BYTES)
    assert await read(callee, len(REQUEST_BYTES)) == REQUEST_BYTES
    await callee.send_all(REPLY_BYTES)
    assert await hears_nothing(caller)
    await caller.aclose()
    assert await read_to_end(callee) == b""
    await callee.aclose()
    await stage.until_counted(open_=0)


async def test_http_passes_byte_for_byte_through_byte_faults(stage: Stage) -> None:
    caller, callee = await stage.connected(http=True)
    stage.inject("lag", Latency(delay=0.001), *BOTH)
    await caller.send_all(REQUEST_BYTES)
    assert await read(callee, len(REQUEST_BYTES)) == REQUEST_BYTES
    await callee.send_all(REPLY_BYTES)
    assert await read(caller, len(REPLY_BYTES)) == REPLY_BYTES
