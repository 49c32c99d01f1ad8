from __future__ import annotations

import contextlib
import errno
import socket

import pytest
import trio

from chaoscli.errors import NotMadeError
from chaoscli.events import LinkCounted, Noted
from chaoscli.faults.silence import Silence
from chaoscli.proxy import proxy, sockets
from tests.proxy.stage import LINK, PATIENCE_S, REPLY, REQUEST, Stage, hears_nothing, is_reset, read, read_to_end, reset


async def test_bytes_pass_both_ways_unchanged(stage: Stage) -> None:
    caller, callee = await stage.connected()
    await caller.send_all(b"ask")
    assert await read(callee, 3) == b"ask"
    await callee.send_all(b"answer")
    assert await read(caller, 6) == b"answer"


async def test_a_caller_that_ends_its_stream_still_hears_the_reply(stage: Stage) -> None:
    caller, callee = await stage.connected()
    await caller.send_all(b"all I have")
    await caller.send_eof()
    assert await read_to_end(callee) == b"all I have"
    await callee.send_all(b"and all I have")
    await callee.aclose()
    assert await read_to_end(caller) == b"and all I have"
    await stage.until_counted(open_=0)


async def test_a_callee_that_ends_its_stream_still_hears_the_caller(stage: Stage) -> None:
    caller, callee = await stage.connected()
    await callee.send_all(b"hello")
    await callee.send_eof()
    assert await read_to_end(caller) == b"hello"
    await caller.send_all(b"still here")
    await caller.aclose()
    assert await read_to_end(callee) == b"still here"
    await stage.until_counted(open_=0)


async def test_ten_megabytes_each_way_at_once_arrive_complete(stage: Stage) -> None:
    there, back = bytes(range(256)) * 40_000, bytes(reversed(range(256))) * 40_000
    caller, callee = await stage.connected()
    heard: dict[str, bytes] = {}

    async def hear(who: str, stream: trio.SocketStream) -> None:
        heard[who] = await read_to_end(stream)

    async def say(stream: trio.SocketStream, data: bytes) -> None:
        await stream.send_all(data)
        await stream.send_eof()

    async with trio.open_nursery() as nursery:
        nursery.start_soon(hear, "caller", caller)
        nursery.start_soon(hear, "callee", callee)
        nursery.start_soon(say, caller, there)
        nursery.start_soon(say, callee, back)
    assert heard["callee"] == there
    assert heard["caller"] == back


async def test_a_callee_that_does_not_read_holds_the_sender_back(stage: Stage) -> None:
    caller, callee = await stage.connected()
    sent = 0
    with trio.move_on_after(0.3):
        while True:  # what the kernels of three sockets hold is a few megabytes
            sent += await caller.socket.send(b"x" * 65536)
            assert sent < 200_000_000, "nothing held the sender back"
    await caller.send_eof()
    assert len(await read_to_end(callee)) == sent


async def test_a_callee_nobody_listens_for_is_a_reset_for_the_caller(stage: Stage) -> None:
    await stage.callee.aclose()
    assert await stage.call_is_reset(stage.board.add_link(LINK, upstream=_free_address(), http=False))
    await stage.until_counted(connections=1, open_=0)


async def test_a_reset_of_the_callee_reaches_the_caller(stage: Stage) -> None:
    caller, callee = await stage.connected()
    reset(callee)
    assert await is_reset(caller)
    await stage.until_counted(open_=0)


async def test_a_reset_of_the_caller_reaches_the_callee(stage: Stage) -> None:
    caller, callee = await stage.connected()
    reset(caller)
    assert await is_reset(callee)
    await stage.until_counted(open_=0)


async def test_an_early_answer_reaches_a_caller_that_is_still_sending(stage: Stage) -> None:
    """A server that says no to an upload answers and closes with most of it unread, which resets the connection."""
    no, address = b"413 too large", stage.link()
    for _ in range(10):
        caller = await stage.call(address)
        callee = await stage.accept()
        heard = b""
        async with trio.open_nursery() as nursery:
            nursery.start_soon(_say_until_it_breaks, caller)
            assert await read(callee, 1000)
            await callee.send_all(no)
            callee.socket.close()
            with trio.fail_after(PATIENCE_S):
                try:
                    while more := await caller.receive_some():
                        heard += more
                except trio.BrokenResourceError:
                    pass
        assert heard == no


async def _say_until_it_breaks(stream: trio.SocketStream) -> None:
    with contextlib.suppress(trio.BrokenResourceError):
        for _ in range(50):
            await stream.send_all(bytes(100_000))


async def test_the_proxy_serves_on_after_a_connection_broke(stage: Stage) -> None:
    address = stage.link()
    first = await stage.call(address)
    reset(await stage.accept())
    assert await is_reset(first)
    second = await stage.call(address)
    await second.send_all(b"again")
    assert await read(await stage.accept(), 5) == b"again"


async def test_callers_wait_until_the_upstream_is_known(stage: Stage) -> None:
    caller = await stage.call(stage.board.add_link(LINK, upstream=None, http=False))
    await caller.send_all(b"patience")
    await stage.until_counted(connections=1, open_=1)
    stage.board.set_upstream(LINK, stage.callee_address)
    assert await read(await stage.accept(), 8) == b"patience"


async def test_a_caller_that_leaves_before_it_is_put_through_is_forgotten(stage: Stage) -> None:
    caller = await stage.call(stage.board.add_link(LINK, upstream=None, http=False))
    await caller.send_all(b"too late")
    await stage.until_counted(request=8)
    await caller.aclose()
    await stage.until_counted(open_=0)


async def test_a_caller_that_said_all_before_it_is_put_through_does_not_take_its_end_for_an_answer(stage: Stage) -> None:
    caller = await stage.call(stage.board.add_link(LINK, upstream=None, http=False))
    await caller.send_all(b"too early")
    await caller.send_eof()
    assert await is_reset(caller)
    await stage.until_counted(connections=1, open_=0)


async def test_who_cannot_be_reached_is_told_at_once_and_then_once_in_a_while(stage: Stage) -> None:
    upstream = _free_address()
    address = stage.board.add_link(LINK, upstream=upstream, http=False, closes_unreached=True)
    for _ in range(4):
        assert await read_to_end(await stage.call(address)) == b""
    with trio.fail_after(PATIENCE_S):
        while len(stage.events) < 2:  # noqa: ASYNC110  # the second line comes by the clock
            await trio.sleep(0.01)
    reason = f"cannot reach 127.0.0.1:{upstream[1]}: connection refused"
    assert [event.text for event in stage.events if isinstance(event, Noted)] == [reason, f"{reason} (3 times)"]


async def test_connections_stay_where_they_are_when_the_upstream_moves(stage: Stage) -> None:
    caller, callee = await stage.connected()
    stage.board.set_upstream(LINK, _free_address())
    await caller.send_all(b"same as ever")
    assert await read(callee, 12) == b"same as ever"


async def test_a_removed_link_closes_its_connections_and_its_port(stage: Stage) -> None:
    address = stage.link()
    caller = await stage.call(address)
    callee = await stage.accept()
    stage.board.remove_link(LINK)
    assert await read_to_end(caller) == b""
    assert await read_to_end(callee) == b""
    assert stage.board.counts() == {}
    with pytest.raises(OSError, match="all attempts"):
        await stage.call(address)


async def test_a_port_that_is_taken_is_an_os_error(stage: Stage) -> None:
    with pytest.raises(OSError, match="in use") as caught:
        stage.board.add_link("second", listen=stage.link(), upstream=None, http=False)
    assert caught.value.errno == errno.EADDRINUSE


async def test_names_are_taken_once_and_must_be_known(stage: Stage) -> None:
    stage.link()
    with pytest.raises(NotMadeError, match="there is a link 'order -> inventory' already"):
        stage.link()
    with pytest.raises(NotMadeError, match="there is no link 'order -> bank'"):
        stage.board.set_upstream("order -> bank", ("127.0.0.1", 1))


async def test_counts_are_live_and_stay_when_connections_end(stage: Stage) -> None:
    caller, callee = await stage.connected()
    await caller.send_all(b"four")
    assert await read(callee, 4) == b"four"
    await callee.send_all(b"reply")
    assert await read(caller, 5) == b"reply"
    counts = stage.board.counts()[LINK]
    assert (counts.connections, counts.open, counts.bytes_request, counts.bytes_reply) == (1, 1, 4, 5)
    await caller.aclose()
    await callee.aclose()
    await stage.until_counted(open_=0)
    stage.board.tell_counts()
    (told,) = (event for event in stage.events if isinstance(event, LinkCounted))
    assert (told.link, told.connections, told.open, told.bytes_request, told.bytes_reply) == (LINK, 1, 0, 4, 5)


async def test_accepting_does_not_wait_for_a_callee_that_never_answers(stage: Stage) -> None:
    # A full backlog is the way to a connect that hangs without root: the kernel drops the handshake of the next ones.
    with socket.socket() as deaf:
        deaf.bind(("127.0.0.1", 0))
        deaf.listen(0)
        address = stage.board.add_link(LINK, upstream=deaf.getsockname(), http=False)
        with trio.fail_after(PATIENCE_S):
            callers = [await stage.call(address) for _ in range(50)]
            await stage.until_counted(connections=50)
            stage.board.add_link("other", upstream=stage.callee_address, http=False)
        for caller in callers:
            reset(caller)
        await stage.until_counted(open_=0)


async def test_out_of_descriptors_it_accepts_again_when_there_are_some(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    refusals = iter([errno.EMFILE, errno.ENFILE])

    def accept(listener: socket.socket, family: int) -> sockets.Socket:
        for code in refusals:
            raise OSError(code, "too many open files")
        return sockets.accepted(listener, family)

    monkeypatch.setattr(proxy, "accepted", accept)
    monkeypatch.setattr(proxy, "ACCEPT_AGAIN_AFTER_S", 0.001)
    caller, callee = await stage.connected()
    await caller.send_all(b"at last")
    assert await read(callee, 7) == b"at last"
    assert next(refusals, None) is None


async def test_a_fault_comes_and_goes_on_a_thousand_links_at_once(stage: Stage) -> None:
    names = [f"caller {number} -> callee" for number in range(1000)]
    addresses = [stage.board.add_link(name, upstream=stage.callee_address, http=False) for name in names]
    caller = await stage.call(addresses[500])
    callee = await stage.accept()
    stage.board.inject("cut", [(name, REQUEST) for name in names], Silence())
    await caller.send_all(b"held")
    assert await hears_nothing(callee)
    stage.board.heal("cut")
    assert await read(callee, 4) == b"held"
    assert len(stage.measured) == 1000
    assert sum(told.held_bytes for told in stage.measured) == 4


async def test_ending_the_board_closes_everything(stage: Stage) -> None:
    caller, callee = await stage.connected()
    async with trio.open_nursery() as nursery:
        other = Stage(stage.callee)
        await nursery.start(other.board.run)
        second = await stage.call(other.link())
        far = await stage.accept()
        nursery.cancel_scope.cancel()
    assert await read_to_end(second) == b""
    assert await read_to_end(far) == b""
    await caller.send_all(b"unharmed")
    assert await read(callee, 8) == b"unharmed"


@pytest.mark.parametrize("direction", [REQUEST, REPLY])
async def test_the_board_listens_on_ipv6_as_well(stage: Stage, direction: str) -> None:
    if not socket.has_ipv6:
        pytest.skip("no IPv6 here")
    address = stage.board.add_link(LINK, listen=("::1", 0), upstream=stage.callee_address, http=False)
    caller = await stage.call(address)
    callee = await stage.accept()
    sender, receiver = (caller, callee) if direction == REQUEST else (callee, caller)
    await sender.send_all(b"six")
    assert await read(receiver, 3) == b"six"


def _free_address() -> tuple[str, int]:
    """Bound a moment ago and not listening: connecting is refused."""
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        host, port = sock.getsockname()
    return host, port
