from __future__ import annotations

import pytest

from chaoscli.errors import ExitCode, NotMadeError
from chaoscli.net.tcp import address_of, dial, listen


async def test_a_listener_is_on_the_loopback_address_and_can_be_dialled() -> None:
    listener = await listen()
    host, port = address_of(listener)
    assert host == "127.0.0.1"
    async with await dial(host, port) as ours, await listener.accept() as theirs:
        await ours.send_all(b"hello")
        assert await theirs.receive_some() == b"hello"
    await listener.aclose()


async def test_a_taken_port_is_named_with_the_way_out() -> None:
    listener = await listen()
    _host, port = address_of(listener)
    with pytest.raises(NotMadeError) as caught:
        await listen(port)
    await listener.aclose()
    assert caught.value.message == f"cannot listen on 127.0.0.1:{port}: the port is taken"
    assert str(port) in caught.value.hint
    assert caught.value.exit_code is ExitCode.NOT_MADE


async def test_a_port_is_free_again_once_its_listener_is_closed() -> None:
    listener = await listen()
    _host, port = address_of(listener)
    async with await dial("127.0.0.1", port), await listener.accept():
        await listener.aclose()
    again = await listen(port)
    assert address_of(again) == ("127.0.0.1", port)
    await again.aclose()


async def test_dialling_a_port_nobody_listens_on_is_refused() -> None:
    listener = await listen()
    host, port = address_of(listener)
    await listener.aclose()
    with pytest.raises(ConnectionRefusedError):
        await dial(host, port)
