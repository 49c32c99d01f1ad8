"""The warm parent leaves nothing behind, whatever goes wrong between it and its owner."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.command import wait_until

LONGEST_S = 20.0
# A warm parent whose children do nothing but wait for their end.
CODE = """
import sys; sys.path[:] = {path!r}
import trio, chaoscli.worlds.spawner as spawner
async def idle(channel, part): await trio.sleep_forever()
spawner._roles = lambda: {{"idle": idle}}
spawner.main({descriptor})
"""


class WarmParent:
    """One in a process of its own, with its owner's end of the line in our hands."""

    def __init__(self, temporary: Path) -> None:
        self.control, theirs = socket.socketpair()
        self.control.settimeout(LONGEST_S)
        self.lines = self.control.makefile("r")
        with theirs:
            code = CODE.format(path=sys.path, descriptor=theirs.fileno())
            self.process = subprocess.Popen(
                [sys.executable, "-P", "-c", code],
                pass_fds=[theirs.fileno()], env={**os.environ, "TMPDIR": str(temporary)}, stderr=subprocess.PIPE, text=True,
            )  # fmt: skip
        self.folder = Path(json.loads(self.lines.readline())["ready"])

    def spawn(self, name: str) -> int:
        ours, theirs = socket.socketpair()
        with ours, theirs:
            line = json.dumps({"spawn": "idle", "name": name, "part": {}}).encode() + b"\n"
            socket.send_fds(self.control, [line], [theirs.fileno()])
            pid = json.loads(self.lines.readline())["pid"]
        assert isinstance(pid, int)
        return pid

    def end(self) -> tuple[int, str]:
        _out, err = self.process.communicate(timeout=LONGEST_S)
        self.lines.close()
        self.control.close()
        return self.process.returncode, err


def is_in_state(pid: int, letter: str) -> bool:
    """T is stopped, Z is ended but not reaped (proc(5))."""
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == letter


@pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")
def test_children_that_end_together_while_the_owner_is_gone_do_not_keep_the_folder(tmp_path: Path) -> None:
    """Two ends are reaped at once, and telling of the first one fails: the second is not there to be killed any more."""
    parent = WarmParent(tmp_path)
    children = [parent.spawn("first"), parent.spawn("second")]
    parent.process.send_signal(signal.SIGSTOP)
    assert wait_until(lambda: is_in_state(parent.process.pid, "T"), within_s=LONGEST_S)
    parent.control.shutdown(socket.SHUT_RD)  # what it tells is refused; that there is nothing more to hear, it cannot see
    for pid in children:
        os.kill(pid, signal.SIGKILL)
    assert wait_until(lambda: all(is_in_state(pid, "Z") for pid in children), within_s=LONGEST_S)
    parent.process.send_signal(signal.SIGCONT)
    assert parent.end() == (0, "")
    assert list(tmp_path.iterdir()) == []
