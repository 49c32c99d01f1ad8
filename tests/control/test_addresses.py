from __future__ import annotations

import errno
import socket
from typing import Any

import pytest
import trio

from chaoscli.control.addresses import AddressError, bind_failure, join, resolve_listen, split
from tests.control.live import names


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("localhost:3310", ("localhost", 3310)),
        ("127.0.0.1:0", ("127.0.0.1", 0)),
        (":8080", ("", 8080)),
        ("[::1]:80", ("::1", 80)),
        ("db.example.com:5432", ("db.example.com", 5432)),
        ("localhost:", ("localhost", 0)),
    ],
)
def test_an_address_is_a_host_and_a_port(text: str, address: tuple[str, int]) -> None:
    assert split(text) == address


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("local373", "address local373: missing port in address"),
        ("[::1]", "address [::1]: missing port in address"),
        ("::1:80", "address ::1:80: too many colons in address"),
        ("localhost:http!", "lookup tcp/http!: unknown port"),
        ("localhost:-1", "lookup tcp/-1: unknown port"),
        ("localhost:65536", "address 65536: invalid port"),
    ],
)
def test_what_is_no_address_is_told_in_go_s_words(text: str, message: str) -> None:
    with pytest.raises(AddressError) as caught:
        split(text)
    assert str(caught.value) == message


def test_an_address_is_written_with_brackets_only_where_it_needs_them() -> None:
    assert [join(("127.0.0.1", 80)), join(("::1", 80))] == ["127.0.0.1:80", "[::1]:80"]


async def test_localhost_is_ipv4_and_nothing_at_all_is_a_free_port_of_the_loopback() -> None:
    assert await resolve_listen("localhost:3310") == ("127.0.0.1", 3310)
    assert await resolve_listen("127.0.0.1:0") == ("127.0.0.1", 0)
    assert await resolve_listen("") == ("127.0.0.1", 0)
    assert await resolve_listen(":9000") == ("::" if socket.has_ipv6 else "0.0.0.0", 9000)


async def test_a_name_becomes_its_first_ipv4_address() -> None:
    six = (socket.AF_INET6, socket.SOCK_STREAM, 6, "", ("2001:db8::1", 80, 0, 0))
    four = (socket.AF_INET, socket.SOCK_STREAM, 6, "", ("192.0.2.1", 80))

    async def answer(host: str) -> list[Any]:
        return [six, four] if host == "both.test" else [six]

    with names(answer):
        assert await resolve_listen("both.test:80") == ("192.0.2.1", 80)
        assert await resolve_listen("six.test:80") == ("2001:db8::1", 80)


async def test_a_name_that_does_not_resolve_is_no_place_to_listen(autojump_clock: trio.testing.MockClock) -> None:
    async def answer(host: str) -> list[Any]:
        if host == "slow.test":
            await trio.sleep_forever()
        raise socket.gaierror(-2, "unknown")

    with names(answer):
        with pytest.raises(AddressError, match=r"^lookup gone\.test: no such host$"):
            await resolve_listen("gone.test:80")
        with pytest.raises(AddressError, match=r"^lookup slow\.test: i/o timeout$"):
            await resolve_listen("slow.test:80")


def test_a_port_that_cannot_be_had_is_told_in_go_s_words() -> None:
    assert bind_failure(("127.0.0.1", 3310), OSError(errno.EADDRINUSE, "Address already in use")) == (
        "listen tcp 127.0.0.1:3310: bind: address already in use"
    )
    assert bind_failure(("::1", 80), PermissionError(errno.EACCES, "no")) == "listen tcp [::1]:80: bind: permission denied"
