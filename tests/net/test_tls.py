"""Mutual TLS on real sockets: both sides show who they are, and whoever does not is not heard."""

from __future__ import annotations

import os
import stat
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
import trio

from chaoscli.errors import NotMadeError
from chaoscli.messages import CallError, Request, Response
from chaoscli.net.http_client import HttpTransport
from chaoscli.net.http_server import HttpServer
from chaoscli.net.tcp import address_of, listen
from chaoscli.net.tls import Credentials, client_context, client_contexts, host_name, server_context
from chaoscli.worlds.certificates import issue

pytest.importorskip("trustme")
ASK = Request(method="POST", target="/", body=b"a question")


@pytest.fixture(scope="module")
def issued(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Credentials]:
    return issue(str(tmp_path_factory.mktemp("tls")), ["order", "payment", "my_bank"])


@asynccontextmanager
async def payment(own: Credentials | None) -> AsyncIterator[tuple[str, int]]:
    """A service that answers with what it was asked, over TLS if it has credentials."""

    async def echo(request: Request) -> Response:
        return Response(status=200, body=request.body)

    listener = await listen()
    secured = trio.SSLListener(listener, server_context(own), https_compatible=True) if own else listener
    async with trio.open_nursery() as nursery:
        nursery.start_soon(HttpServer(echo).serve, [secured])
        yield address_of(listener)
        nursery.cancel_scope.cancel()


async def answer(address: tuple[str, int], own: Credentials | None, mode: str, *, callee: str = "payment", times: int = 1) -> str:
    transport = HttpTransport({callee: address}, tls=client_contexts(own, {callee: {"tls": mode}}))
    try:
        with trio.fail_after(5):
            bodies = [(await transport.exchange(callee, ASK)).body for _ in range(times)]
        return b", ".join(bodies).decode()
    except CallError as error:
        return error.result.value
    finally:
        await transport.aclose()


async def test_two_who_know_each_other_talk_and_keep_their_connection(issued: dict[str, Credentials]) -> None:
    async with payment(issued["payment"]) as address:
        assert await answer(address, issued["order"], "mutual", times=3) == "a question, a question, a question"


@pytest.mark.parametrize("mode", ["anonymous", "off"])
async def test_who_shows_no_certificate_is_not_heard(issued: dict[str, Credentials], mode: str) -> None:
    async with payment(issued["payment"]) as address:
        assert await answer(address, issued["order"], mode) == "reset"


async def test_a_certificate_of_another_run_is_none(issued: dict[str, Credentials], tmp_path: Path) -> None:
    forged = issue(str(tmp_path), ["order"])["order"]
    async with payment(issued["payment"]) as address:
        mixed = Credentials(authority=issued["order"].authority, certificate=forged.certificate)
        assert [await answer(address, own, "mutual") for own in (forged, mixed)] == ["reset", "reset"]


async def test_a_callee_with_another_name_is_not_spoken_to(issued: dict[str, Credentials]) -> None:
    async with payment(issued["order"]) as address:
        assert await answer(address, issued["order"], "mutual") == "reset"


async def test_a_callee_that_speaks_plain_http_gets_no_plain_request(issued: dict[str, Credentials]) -> None:
    async with payment(None) as address:
        assert await answer(address, issued["order"], "mutual") == "reset"


async def test_a_name_that_cannot_stand_in_a_certificate_has_another_there(issued: dict[str, Credentials]) -> None:
    assert (host_name("my_bank") == "my_bank", len(host_name("my_bank"))) == (False, 33)
    async with payment(issued["my_bank"]) as address:
        assert await answer(address, issued["order"], "mutual", callee="my_bank") == "a question"


def test_nothing_older_than_tls_1_3_is_spoken(issued: dict[str, Credentials]) -> None:
    contexts = (server_context(issued["order"]), client_context(issued["order"]))
    assert {context.minimum_version.name for context in contexts} == {"TLSv1_3"}


def test_keys_are_for_their_owner_and_the_authority_keeps_its_own(issued: dict[str, Credentials]) -> None:
    one = issued["order"]
    assert {stat.S_IMODE(os.stat(path).st_mode) for path in (one.authority, one.certificate)} == {0o600}
    assert b"PRIVATE KEY" in Path(one.certificate).read_bytes()
    assert b"PRIVATE KEY" not in Path(one.authority).read_bytes()


def test_without_trustme_it_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "trustme", None)
    with pytest.raises(NotMadeError, match="not installed: trustme") as caught:
        issue(str(tmp_path), ["order"])
    assert caught.value.hint == "pip install 'chaoscli[tls]'"
