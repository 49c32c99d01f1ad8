"""The wall clock of a foreign program: what libfaketime is told, and, where it is installed, what a program then sees."""

from __future__ import annotations

import shutil
import time
from pathlib import Path

import pytest

from chaoscli.environment import Environment
from chaoscli.errors import NotMadeError
from chaoscli.faults.clock_skew import ClockSkew
from chaoscli.services.foreign import CommandService
from chaoscli.settings import to_plain
from chaoscli.topology import NodeSpec
from chaoscli.worlds import fake_clock, foreign
from chaoscli.worlds.fake_clock import BREAKS_SLEEP, FAKES_MONOTONIC, FakeClock, library
from tests.worlds.test_foreign import ask, command, stage


def test_the_file_has_the_offset_and_the_rate_and_takes_back_what_drifted_before(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = 100.0
    monkeypatch.setattr(time, "monotonic", lambda: now)
    file = tmp_path / "clock"
    clock = FakeClock(str(file))
    clock.skew(ClockSkew(offset=-1.5))
    assert file.read_text() == "-1.500000 x1.000000000\n"
    now = 110.0
    # The library drifts from the start on: 10 s at 200 millionths are 2 ms that are not to show.
    clock.skew(ClockSkew(offset=3600.0, drift=200.0))
    assert file.read_text() == "+3599.998000 x1.000200000\n"
    assert [one.name for one in tmp_path.iterdir()] == ["clock"]


def test_without_a_file_there_is_nothing_to_tell() -> None:
    clock = FakeClock("")
    clock.skew(ClockSkew(offset=1.0))
    assert clock.environment() == {}


@pytest.mark.parametrize(
    ("program", "flaw", "refused"),
    [
        ("node", "", False),
        ("node", BREAKS_SLEEP, False),
        ("/usr/bin/python3", BREAKS_SLEEP, True),
        ("node", FAKES_MONOTONIC, True),
    ],
)
def test_a_copy_that_would_break_the_program_is_refused(
    program: str, flaw: str, refused: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    copy = tmp_path / "libfaketime.so.1"
    copy.touch()
    monkeypatch.setenv("CHAOS_LIBFAKETIME", str(copy))
    monkeypatch.setattr(foreign, "flaw", lambda found: flaw)
    monkeypatch.setattr(foreign, "_is_there", lambda *_: True)
    spec = NodeSpec(name="it", kind="command", settings=to_plain(CommandService(command=(program,))), skewed=True)
    if not refused:
        foreign.check((spec,), Environment())
        return
    with pytest.raises(NotMadeError) as caught:
        foreign.check((spec,), Environment())
    assert caught.value.message == f"the clock of 'it' cannot be skewed: {copy} {flaw}"


CLOCKS = """
require("http").createServer((asked, answer) => {
  const began = process.hrtime.bigint();
  setTimeout(() => answer.end(Date.now() / 1000 + " " + Number(process.hrtime.bigint() - began) / 1e9), 50);
}).listen(+process.argv[1], "127.0.0.1");
"""


@pytest.mark.skipif(library() is None or shutil.which("node") is None, reason="needs libfaketime and node")
async def test_a_program_sees_the_skewed_wall_clock_and_waits_by_the_true_one(tmp_path: Path) -> None:
    found = library()
    assert found is not None
    assert fake_clock.flaw(found) in ("", BREAKS_SLEEP)
    plain = command("node", "-e", CLOCKS, "${port}", cwd=str(tmp_path))
    async with stage(NodeSpec(name="it", kind="command", settings=plain.settings, skewed=True)) as world:
        for offset in (0.0, 3600.0, -120.0, 0.0):
            await world.set_clock("it", ClockSkew(offset=offset))
            wall, slept = map(float, (await ask(world)).split())
            assert wall - time.time() == pytest.approx(offset, abs=2.0)  # a busy machine answers late
            assert 0.045 <= slept < 2.0
