"""``chaos proxy`` as a user meets it: started, spoken to, ended."""

from __future__ import annotations

import json
import os
import pty
import re
import signal
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from tests.support.command import Command, Ended, chaos, wait_until

PATIENCE_S = 20.0


@contextmanager
def upstream() -> Iterator[str]:
    """A listener that never answers; its address."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield f"127.0.0.1:{server.getsockname()[1]}"


def started(folder: Path, *arguments: str) -> tuple[Command, str]:
    """The command once it serves, and the first line it printed."""
    command = Command(("proxy", *arguments), folder).start()
    assert command.process is not None
    assert command.process.stdout is not None
    return command, command.process.stdout.readline().rstrip("\n")


def ended(command: Command, with_signal: signal.Signals = signal.SIGTERM) -> Ended:
    command.send(with_signal)
    return command.end()


def test_what_lies_about_where_it_is_started_is_not_taken_for_a_part_of_it(tmp_path: Path) -> None:
    here = tmp_path / "here"
    here.mkdir()
    for name in ("trio", "json", "queue"):
        (here / f"{name}.py").write_text("raise SystemExit('not yours')")
    with upstream() as address:
        command = Command(("proxy", "--upstream", address), tmp_path, program=("-P", "-m", "chaoscli")).start()
        assert command.process is not None
        assert command.process.stdout is not None
        assert re.match(r"proxy  127\.0\.0\.1:\d+ -> ", command.process.stdout.readline())
        assert ended(command).code == 0


def test_one_link_without_an_api_says_where_it_listens_and_what_it_carried(tmp_path: Path) -> None:
    with upstream() as address:
        command, first = started(tmp_path, "--upstream", address, "--fault", "latency 20ms jitter 5ms", "--fault", "latency 1ms")
        found = re.fullmatch(rf"proxy  127\.0\.0\.1:(\d+) -> {re.escape(address)}", first)
        assert found is not None, first
        with socket.create_connection(("127.0.0.1", int(found[1])), timeout=PATIENCE_S) as client:
            client.sendall(b"hello")
        assert command.listening() == {int(found[1])}
        end = ended(command)
    assert end.code == 0
    assert re.fullmatch(r"proxy  1 connections, (5B|0B) there, 0B back\n", end.out)
    said = [line[11:] for line in end.err.splitlines()]
    assert said[:2] == ["proxy/latency: latency 20ms ± 5ms, downstream", "proxy/latency_2: latency 1ms, downstream"]
    assert command.leftovers() == []


def test_the_api_is_there_without_any_link_and_ctrl_c_ends_it(tmp_path: Path) -> None:
    command, first = started(tmp_path, "--port", "0")
    found = re.fullmatch(r"API  (http://127\.0\.0\.1:\d+)", first)
    assert found is not None, first
    with urllib.request.urlopen(f"{found[1]}/proxies", timeout=PATIENCE_S) as reply:
        assert json.load(reply) == {}
    assert ended(command, signal.SIGINT).code == 0


def test_a_configuration_is_up_before_the_first_request(tmp_path: Path) -> None:
    config = tmp_path / "config" / "toxiproxy.json"
    config.parent.mkdir()
    toxics = [{"type": "latency", "attributes": {"latency": 100}}]
    config.write_text(json.dumps([{"name": "db", "listen": "localhost:0", "upstream": "127.0.0.1:1", "toxics": toxics}]))
    command, first = started(tmp_path, "--port", "0", "--config", str(config))
    assert re.fullmatch(r"db  127\.0\.0\.1:\d+ -> 127\.0\.0\.1:1", first)
    end = ended(command)
    assert end.code == 0
    assert "db/latency_downstream: latency 100ms, downstream" in end.err


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (("--upstream", "127.0.0.1:1", "--fault", "latncy 3ms"), 2, "unknown fault 'latncy'"),
        (("--listen", "127.0.0.1:0"), 2, "a link needs an upstream"),
        (("--config", "/nowhere/at/all.json"), 2, "cannot read /nowhere/at/all.json: no such file or directory"),
        (("--upstream", "127.0.0.1:1", "--listen", "203.0.113.1:80"), 3, "cannot assign requested address"),
        (("--upstream", "127.0.0.1:1", "--listen", "nonsense"), 2, "--listen: 'nonsense' is not a host and a port"),
        (("--upstream", "127.0.0.1"), 2, "--upstream: '127.0.0.1' is not a host and a port"),
        (("--upstream", "127.0.0.1:99999"), 2, "--upstream: '127.0.0.1:99999' is not a host and a port"),
        (("--upstream", "127.0.0.1:"), 2, "--upstream: '127.0.0.1:' is not a host and a port"),
    ],
)
def test_what_cannot_be_done_is_said_and_ends_with_its_code(
    tmp_path: Path, arguments: tuple[str, ...], code: int, message: str
) -> None:
    end = chaos("proxy", "--port", "0", *arguments, folder=tmp_path)
    assert (end.code, end.out) == (code, "")
    assert message in end.err
    assert "Traceback" not in end.err


def test_a_port_that_is_taken_is_named_with_the_way_out(tmp_path: Path) -> None:
    with upstream() as taken:
        end = chaos("proxy", "--port", taken.rpartition(":")[2], folder=tmp_path)
    assert end.code == 3
    assert end.err.startswith(f"chaos: cannot listen on {taken}: the port is taken\n")


def test_it_serves_on_when_nobody_reads_what_it_says(tmp_path: Path) -> None:
    command, first = started(tmp_path, "--port", "0")
    assert command.process is not None
    for stream in (command.process.stdout, command.process.stderr):
        assert stream is not None
        stream.close()
    url = first.split()[1]
    body = json.dumps({"name": "web", "upstream": "127.0.0.1:1", "toxics": [{"type": "silence"}]}).encode()
    with urllib.request.urlopen(f"{url}/proxies", data=body, timeout=PATIENCE_S) as reply:
        assert reply.status == 201
    with urllib.request.urlopen(f"{url}/reset", data=b"", timeout=PATIENCE_S) as reply:
        assert reply.status == 204
    command.send(signal.SIGTERM)
    assert command.process.wait(PATIENCE_S) == 0


@pytest.mark.skipif(sys.platform != "linux", reason="finds processes through /proc")
@pytest.mark.parametrize("with_signal", [signal.SIGINT, signal.SIGKILL])
def test_on_a_terminal_it_draws_a_table_and_leaves_no_screen_behind(tmp_path: Path, with_signal: signal.Signals) -> None:
    ours, theirs = pty.openpty()
    command = Command(("proxy", "--upstream", "127.0.0.1:1", "--fault", "silence"), tmp_path, {"TERM": "xterm"})
    command.temporary.mkdir()
    environment = {key: value for key, value in os.environ.items() if key != "CI"}
    command.process = subprocess.Popen(
        [sys.executable, "-m", "chaoscli", *command.arguments],
        env={**environment, "TERM": "xterm", "CHAOSCLI_TEST_RUN": command.mark, "TMPDIR": str(command.temporary)},
        stdin=theirs, stdout=theirs, stderr=theirs, text=True, start_new_session=True,
    )  # fmt: skip
    os.close(theirs)
    os.set_blocking(ours, False)
    drawn = b""

    def has_drawn() -> bool:
        nonlocal drawn
        with suppress(BlockingIOError):
            drawn += os.read(ours, 65536)
        return b"<-> silence" in drawn and b"touched" in drawn

    try:
        assert wait_until(has_drawn, within_s=PATIENCE_S), drawn
        assert len(command.processes()) == 2
        command.send(with_signal)
        assert command.process.wait(PATIENCE_S) == (0 if with_signal is signal.SIGINT else -signal.SIGKILL)
        assert wait_until(lambda: not command.processes(), within_s=PATIENCE_S), command.processes()
    finally:
        os.close(ours)
