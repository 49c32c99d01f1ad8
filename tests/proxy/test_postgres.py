"""A real PostgreSQL and its own client, with the proxy between them. Skipped where they are not installed."""

from __future__ import annotations

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
import trio

from chaoscli.faults.latency import Latency
from chaoscli.faults.reset import ResetConnections
from chaoscli.faults.silence import Silence
from chaoscli.faults.slicer import Slicer
from tests.proxy.stage import BOTH, LINK, PATIENCE_S, REPLY, REQUEST, Stage

PROGRAMS = ("initdb", "postgres", "psql")
STARTS_WITHIN_S = 60.0

pytestmark = pytest.mark.skipif(
    not all(shutil.which(program) for program in PROGRAMS), reason=f"needs {', '.join(PROGRAMS)} on the path"
)


@pytest.fixture(scope="module")
def database() -> Iterator[tuple[str, int]]:
    """The address of a server with an empty database, which is gone afterwards."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as name:
        folder, user = Path(name), _unprivileged()
        if user is not None:
            os.chown(folder, pwd.getpwnam(user).pw_uid, -1)
        data = str(folder / "data")
        made = ["initdb", "-D", data, "-U", "chaos", "-A", "trust", "--no-sync"]
        subprocess.run(made, user=user, cwd=folder, check=True, capture_output=True)
        address = "127.0.0.1", _free_port()
        settings = ["-c", "listen_addresses=127.0.0.1", "-c", "unix_socket_directories=", "-c", "fsync=off"]
        server = subprocess.Popen(
            ["postgres", "-D", data, "-p", str(address[1]), *settings], user=user, cwd=folder, stderr=subprocess.DEVNULL
        )
        try:
            _wait_for(address)
            yield address
        finally:
            server.terminate()
            server.wait()


def _unprivileged() -> str | None:
    """Whom to run the server as: it refuses to be root."""
    if os.geteuid() != 0:
        return None
    known = {entry.pw_name for entry in pwd.getpwall()}
    return next(name for name in ("postgres", "nobody") if name in known)


def _free_port() -> int:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        port: int = sock.getsockname()[1]
    return port


def _wait_for(address: tuple[str, int]) -> None:
    until = time.monotonic() + STARTS_WITHIN_S
    while time.monotonic() < until:
        done = subprocess.run(_psql(address, "select 1"), capture_output=True, check=False)
        if done.returncode == 0:
            return
        time.sleep(0.05)
    raise AssertionError("the database did not start")


def _psql(address: tuple[str, int], *queries: str) -> list[str]:
    commands = [word for query in queries for word in ("-c", query)]
    return ["psql", f"host={address[0]} port={address[1]} user=chaos dbname=postgres", "-XAtq", *commands]


@pytest.fixture
def address(stage: Stage, database: tuple[str, int]) -> tuple[str, int]:
    return stage.board.add_link(LINK, upstream=database, http=False)


async def _ask(address: tuple[str, int], query: str) -> bytes:
    with trio.fail_after(PATIENCE_S):
        done = await trio.run_process(_psql(address, query), capture_stdout=True, capture_stderr=True)
    return done.stdout


@asynccontextmanager
async def _session(address: tuple[str, int]) -> AsyncIterator[trio.Process]:
    """A client that stays connected and takes its queries from its input."""
    pipe = subprocess.PIPE
    process = await trio.lowlevel.open_process(_psql(address), stdin=pipe, stdout=pipe, stderr=subprocess.DEVNULL)
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        yield process
    finally:
        process.kill()
        await process.wait()
        await process.stdin.aclose()
        await process.stdout.aclose()


async def _query(process: trio.Process, query: bytes) -> None:
    assert process.stdin is not None
    await process.stdin.send_all(query)


async def _answer(process: trio.Process) -> bytes:
    assert process.stdout is not None
    with trio.fail_after(PATIENCE_S):
        return bytes(await process.stdout.receive_some())


async def test_queries_pass(address: tuple[str, int]) -> None:
    assert await _ask(address, "select 6 * 7") == b"42\n"


async def test_latency_is_felt(stage: Stage, address: tuple[str, int]) -> None:
    stage.inject("lag", Latency(delay=0.05), REPLY)
    began = time.monotonic()
    assert await _ask(address, "select 1") == b"1\n"
    # The greeting and the query each wait for a reply.
    assert time.monotonic() - began >= 0.1


async def test_a_session_survives_a_cut_and_answers_after_the_heal(stage: Stage, address: tuple[str, int]) -> None:
    async with _session(address) as session:
        await _query(session, b"select 1;\n")
        assert await _answer(session) == b"1\n"
        stage.inject("cut", Silence(), *BOTH)
        await _query(session, b"select 2;\n")
        with trio.move_on_after(0.1):
            raise AssertionError(f"heard {await _answer(session)!r} through a cut")
        stage.board.heal("cut")
        assert await _answer(session) == b"2\n"


async def test_a_reset_is_an_error_for_the_client_and_the_server_goes_on(stage: Stage, address: tuple[str, int]) -> None:
    async with _session(address) as session:
        await _query(session, b"select 1;\n")
        assert await _answer(session) == b"1\n"
        stage.inject("reset", ResetConnections(), REQUEST)
        await _query(session, b"select 2;\n")
        assert await _answer(session) == b""
        with trio.fail_after(PATIENCE_S):
            assert await session.wait() == 2  # psql's own: the connection went bad
    stage.board.heal("reset")
    assert await _ask(address, "select 3") == b"3\n"


async def test_much_data_arrives_whole_through_slices_and_jitter(stage: Stage, address: tuple[str, int]) -> None:
    stage.inject("slices", Slicer(average_size=700.0, size_variation=600.0), REPLY)
    stage.inject("lag", Latency(delay=0.002, jitter=0.002), *BOTH)
    rows = await _ask(address, "select n from generate_series(1, 50000) n")
    assert rows == b"".join(b"%d\n" % number for number in range(1, 50_001))
