"""``chaos wrap``: its words, and a command that runs behind it."""

from __future__ import annotations

import re
import signal
import socket
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from chaoscli.cli.env_file import parse_env, read_env_file
from chaoscli.cli.wrapped import Wrapping, carried, touched
from chaoscli.control.fault_text import FaultTextError
from chaoscli.control.timed_fault import parse_timed_fault
from chaoscli.errors import PlaybookError, UsageError, leaves
from chaoscli.events import FaultMeasured, LinkCounted
from chaoscli.faults.base import Direction
from chaoscli.faults.latency import Latency
from tests.support.command import Command, chaos, wait_until

# -- its words -------------------------------------------------------------------------------------------------------------


def test_a_fault_has_a_link_a_kind_and_its_times() -> None:
    one = parse_timed_fault("db: latency 50ms jitter 5ms at 2s for 5s", {"db": "tcp"})
    assert (one.link, one.at_s, one.until_s, one.text) == ("db", 2.0, 7.0, "latency 50ms jitter 5ms at 2s for 5s")
    assert (one.fault.fault, one.fault.directions) == (Latency(delay=0.05, jitter=0.005), (Direction.REPLY,))
    always = parse_timed_fault("db:silence", {"db": "tcp"})
    assert (always.at_s, always.until_s) == (0.0, None)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("latency 50ms", "which link is it for?\n  1 | latency 50ms\n    | ^"),
        ("dbb: latency 50ms", "there is no link 'dbb'\n  1 | dbb: latency 50ms\n    | ^~~"),
        ("db: latncy 50ms", "unknown fault 'latncy'\n  1 | db: latncy 50ms\n    |     ^~~~~~  did you mean 'latency'?"),
        ("db: latency 50 at 2s", "'50' has no unit: write '50ms' or '50s'\n  1 | db: latency 50 at 2s\n    |             ^~"),
        (
            "db: latency 50ms at 2",
            "'2' has no unit: write '2ms' or '2s'\n  1 | db: latency 50ms at 2\n    |                     ^",
        ),
        ("db: latency 50ms at", "a value for 'at' is missing\n  1 | db: latency 50ms at\n    |                  ^~"),
        ("db: latency 5ms at 1s at 2s", "'at' is given twice\n  1 | db: latency 5ms at 1s at 2s\n    |                       ^"),
        ("db:", "a kind of fault is missing\n  1 | db:\n    |    ^"),
    ],
)
def test_a_fault_that_is_none_is_told_with_its_place(text: str, told: str) -> None:
    with pytest.raises(FaultTextError) as caught:
        parse_timed_fault(text, {"db": "tcp"})
    assert re.sub(r"^--fault:1:\d+: ", "", caught.value.render()).startswith(told)


def test_links_are_names_and_addresses_and_whole_requests_are_seen_where_they_are_harmed() -> None:
    wrapping = Wrapping.of(("true",), ["db=127.0.0.1:5432", "api=localhost:80", "dns=udp://[::1]:53"], ["api: drop 50%"])
    assert [(one.name, one.upstream, one.protocol) for one in wrapping.links.values()] == [
        ("db", "127.0.0.1:5432", "tcp"),
        ("api", "localhost:80", "http"),
        ("dns", "[::1]:53", "udp"),
    ]


def test_every_wrong_word_is_told_at_once() -> None:
    with pytest.raises(ExceptionGroup) as caught:
        Wrapping.of(("true",), ["db", "a=smtp://x:1", "b=127.0.0.1", "c=127.0.0.1:1", "c=127.0.0.1:2"], ["d: silence"])
    assert [str(error) for error in leaves(caught.value)] == [
        "--link: 'db' is no link",
        "--link: 'smtp' of 'a=smtp://x:1' is not one of tcp, http, udp",
        "--link: 'b=127.0.0.1': address 127.0.0.1: missing port in address",
        "--link: there is a link 'c' already",
        "there is no link 'd'",
    ]


def test_what_passed_and_what_a_fault_did_is_told_in_words() -> None:
    counted = LinkCounted(at=1.0, link="db", connections=1, open=0, bytes_request=700, bytes_reply=2650)
    assert (carried(counted), carried(None)) == ("1 connection, 700B there, 2.65KB back", "nothing")
    fault = parse_timed_fault("db: latency 50ms at 2s", {"db": "tcp"})
    measured = FaultMeasured(
        at=3.0, fault="db-1", link="db", direction="reply", met=9, touched=9, asked_mean_s=0.05, achieved_mean_s=0.0503
    )
    assert touched([measured], fault, 5.0) == "touched 9 of 9, 50ms late asked, 50.3ms achieved"
    assert touched([], fault, 5.0) == "met nothing"
    assert (
        touched([], parse_timed_fault("db: hang at 0s for 2s", {"db": "tcp"}), 5.0) == "whoever connected meanwhile was kept out"
    )
    assert touched([], fault, 1.5) == "never began: the command was over after 1.5s"


# -- its variables ---------------------------------------------------------------------------------------------------------


def test_a_file_of_variables_is_read_as_others_read_it() -> None:
    text = """
# a comment
PLAIN=some value   # and another
export SHELL_LIKE = yes
DOUBLE="line\\nbreak \\"quoted\\" \\$5"   # so
SINGLE='as \\n it is'
EMPTY=
"""
    assert parse_env(text, ".env") == {
        "PLAIN": "some value",
        "SHELL_LIKE": "yes",
        "DOUBLE": 'line\nbreak "quoted" $5',
        "SINGLE": "as \\n it is",
        "EMPTY": "",
    }


def test_a_line_that_is_no_variable_is_named_and_never_shown(tmp_path: Path) -> None:
    file = tmp_path / ".env"
    file.write_text("GOOD=1\nsk_live_secret\n")
    with pytest.raises(PlaybookError) as caught:
        read_env_file(file)
    assert "sk_live_secret" not in caught.value.render()
    assert caught.value.render().startswith(f"{file}:2:1: this line is no variable")
    with pytest.raises(UsageError, match="cannot be read: no such file or directory"):
        read_env_file(tmp_path / "none")


# -- at work ---------------------------------------------------------------------------------------------------------------


@contextmanager
def echo() -> Iterator[str]:
    """A server that answers every line with itself; its address."""

    def serve() -> None:
        while True:
            try:
                sock, _address = server.accept()
            except OSError:
                return
            with sock, sock.makefile("rw") as lines:
                for line in lines:
                    lines.write(line)
                    lines.flush()

    with socket.create_server(("127.0.0.1", 0)) as server:
        threading.Thread(target=serve, daemon=True).start()
        yield f"127.0.0.1:{server.getsockname()[1]}"
        server.shutdown(socket.SHUT_RDWR)


# Talks to the echo by way of its environment, tells how long one round took, and leaves a child behind.
CLIENT = """
import os, socket, subprocess, sys, time
assert os.environ["CHAOS_DB"] == os.environ["DB_HOST"] + ":" + os.environ["DB_PORT"] == sys.argv[1]
assert os.environ["DB_URL"] == "tcp://" + sys.argv[1]
assert os.environ["PASSWORD"] == "open sesame"
with socket.create_connection((os.environ["DB_HOST"], int(os.environ["DB_PORT"]))) as sock:
    began = time.monotonic()
    sock.sendall(b"hello\\n")
    assert sock.recv(10) == b"hello\\n"
    print("slow" if time.monotonic() - began > 0.09 else "quick")
subprocess.Popen(["sleep", "100"])
sys.exit(7)
"""


def test_a_command_runs_behind_its_proxies_and_its_exit_code_is_ours(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("PASSWORD='open sesame'\n")
    with echo() as address:
        wrapped = Command(
            ("wrap", "--link", f"db={address}", "--link", f"idle={address}", "--env-file", str(tmp_path / ".env"),
             "--fault", "db: latency 100ms", "--", sys.executable, "-SEc", CLIENT, "${host.db}:${port.db}"),
            tmp_path,
        )  # fmt: skip
        ended = wrapped.start().end()
    assert (ended.code, ended.out) == (7, "slow\n"), ended.err
    lines = [re.sub(r"127\.0\.0\.1:\d+", "ADDRESS", line) for line in ended.err.splitlines()]
    assert re.fullmatch(r"chaos: `.*` ended with exit code 7 after .*", lines[1])
    assert lines[2:] == [
        "chaos: db  ADDRESS -> ADDRESS  1 connection, 6B there, 6B back",
        "chaos:   latency 100ms: touched 1 of 1, 100ms late asked, " + lines[3].rpartition(", ")[2],
        "chaos: idle  ADDRESS -> ADDRESS  0 connections, 0B there, 0B back",
        "chaos:   nothing came through: does the command read IDLE_HOST and IDLE_PORT?",
    ]
    assert wait_until(lambda: not wrapped.processes(), within_s=2), wrapped.processes()  # the child it left is gone too


def test_a_command_that_is_killed_or_is_not_there_says_so(tmp_path: Path) -> None:
    killed = chaos("wrap", "--link", "db=127.0.0.1:1", "-q", "--", "sh", "-c", "kill -TERM $$", folder=tmp_path)
    assert (killed.code, killed.err) == (128 + signal.SIGTERM, "")
    missing = chaos("wrap", "--link", "db=127.0.0.1:1", "--", "no-such-program", folder=tmp_path)
    assert (missing.code, "there is no program 'no-such-program'" in missing.err) == (3, True)


@pytest.mark.skipif(sys.platform != "linux", reason="finds processes through /proc")
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM], ids=["killed", "told to end"])
def test_however_it_ends_nothing_is_left_behind(tmp_path: Path, number: signal.Signals) -> None:
    script = "echo up; sleep 100 & setsid sleep 100 & wait"
    wrapped = Command(("wrap", "--link", "db=127.0.0.1:1", "--", "sh", "-c", script), tmp_path).start()
    assert wrapped.process is not None
    assert wrapped.process.stdout is not None
    assert wrapped.process.stdout.readline() == "up\n"
    wrapped.send(number)
    wrapped.end()
    assert wait_until(lambda: not wrapped.leftovers(), within_s=5), wrapped.leftovers()
