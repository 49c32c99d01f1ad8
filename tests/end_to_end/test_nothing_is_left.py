"""However the command ends, within two seconds no process, port or file of its own is left."""

from __future__ import annotations

import random
import signal
import sys
from pathlib import Path

import pytest

from tests.support.command import Command, wait_until

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="finds processes through /proc")

# Two proxies with two links each and four services.
LISTENERS = 8
# The shop behind its proxy and load, in two variants: the warm parent, two proxies, two loads, four services, the command.
PROCESSES = 10
GRACE_S = 2.0


def running(folder: Path, *arguments: str) -> Command:
    command = Command(("run", *arguments, "--quiet"), folder).start()
    assert wait_until(lambda: len(command.processes()) >= PROCESSES, within_s=20), command.processes()
    assert wait_until(lambda: len(command.listening()) >= LISTENERS, within_s=20), command.listening()
    return command


def assert_nothing_is_left(command: Command, ports: set[int]) -> None:
    assert wait_until(lambda: not command.leftovers(ports), within_s=GRACE_S), command.leftovers(ports)


def two_variants(folder: Path) -> Command:
    return running(folder, "partition", "--variant", "timeout", "--variant", "fallback")


def test_at_the_end_of_a_run(tmp_path: Path) -> None:
    command = two_variants(tmp_path)
    ports = command.listening()
    ended = command.end()
    assert ended.code == 0, ended.err
    assert_nothing_is_left(command, ports)


def test_after_one_ctrl_c_which_still_reports(tmp_path: Path) -> None:
    command = two_variants(tmp_path)
    ports = command.listening()
    command.send(signal.SIGINT)
    ended = command.end()
    assert ended.code == 130
    assert "interrupted" in ended.out + ended.err
    assert_nothing_is_left(command, ports)


def test_after_two(tmp_path: Path) -> None:
    command = two_variants(tmp_path)
    ports = command.listening()
    command.send(signal.SIGINT)
    command.send(signal.SIGINT)
    assert command.end().code == 130
    assert_nothing_is_left(command, ports)


def test_after_sigterm(tmp_path: Path) -> None:
    command = two_variants(tmp_path)
    ports = command.listening()
    command.send(signal.SIGTERM)
    assert command.end().code == 130
    assert_nothing_is_left(command, ports)


def test_after_an_exception_of_our_own(tmp_path: Path) -> None:
    """The conductor breaks at its first cue, in a way that nobody foresaw."""
    breaking = "import chaoscli.conductor as c; c._Stage.perform = None; from chaoscli.__main__ import main; main()"
    command = Command(("run", "partition", "--quiet"), tmp_path, program=("-c", breaking)).start()
    wait_until(command.listening, within_s=20)
    ports = command.listening()
    ended = command.end()
    assert ended.code == 4
    assert "this is a bug in chaoscli" in ended.err
    assert "TypeError: 'NoneType' object is not callable" in ended.err
    assert_nothing_is_left(command, ports)


@pytest.mark.parametrize("moment", range(10))
def test_after_sigkill_at_a_random_moment(tmp_path: Path, moment: int) -> None:
    """Ten moments: some while the processes are still starting, some in the middle of the play."""
    command = Command(("run", "partition", "--quiet"), tmp_path).start()
    after_s = random.Random(f"moment {moment}").uniform(0.0, 4.0)
    wait_until(lambda: False, within_s=after_s)
    ports = command.listening()
    command.send(signal.SIGKILL)
    command.end()
    assert_nothing_is_left(command, ports)


PROGRAMS = """
playbook: programs
services:
  it:
    command: [sh, -c, "trap '' TERM; sleep 100 & setsid sleep 100 & echo up; wait"]
    protocol: tcp
    health: { log: up }
load:
  them: { command: [sh, -c, "sleep 100 & wait"], calls: [it], rate: 10/s }
lasts: 20s
"""


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM], ids=["killed", "told to end"])
def test_of_programs_of_the_users_own(tmp_path: Path, number: signal.Signals) -> None:
    """One that ignores being told to end, has a child and a daemon; and commands that have children."""
    (tmp_path / "programs.yaml").write_text(PROGRAMS)
    command = Command(("run", str(tmp_path / "programs.yaml"), "--quiet"), tmp_path).start()
    # The command, the warm parent, the proxy, the load, the keeper, its three, and two for each of some commands.
    assert wait_until(lambda: len(command.processes()) >= 14, within_s=20), command.processes()
    command.send(number)
    command.end()
    assert_nothing_is_left(command, set())
