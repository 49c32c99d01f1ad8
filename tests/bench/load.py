"""The load program, compiled where it is used, and its runs."""

from __future__ import annotations

import json
import shutil
import socket
import subprocess
from pathlib import Path
from typing import Any

Figures = dict[str, float]

SOURCE = Path(__file__).with_name("load.c")
# The program ends by itself after two minutes at most.
LONGEST_RUN_S = 150.0


class NoCompilerError(Exception):
    """There is no C compiler here."""


class Load:
    """``port`` is that of the upstream, which serves until closed."""

    def __init__(self, folder: Path) -> None:
        compiler = shutil.which("cc")
        if compiler is None:
            raise NoCompilerError("the benchmark's load is a C program, and there is no 'cc' here")
        self._program = folder / "load"
        subprocess.run([compiler, "-O2", "-o", str(self._program), str(SOURCE)], check=True)
        self.port = free_port()
        self._upstream = subprocess.Popen([str(self._program), "serve", str(self.port)], stdout=subprocess.PIPE)
        assert self._upstream.stdout is not None
        self._upstream.stdout.readline()

    def close(self) -> None:
        self._upstream.kill()
        self._upstream.wait()

    def round_trips(self, port: int, *, connections: int, seconds: float, gap_us: int = 0) -> Figures:
        """Of 64 bytes; with one connection and a gap the machine falls asleep before each."""
        return self._run("pingpong", port, connections, 64, seconds, gap_us)

    def bulk(self, port: int, kind: str, seconds: float) -> float:
        """Bytes a second: ``d`` down, ``k`` up, ``b`` both ways at once (the mean of them)."""
        figures = self._run("bulk", port, kind, seconds)
        return figures["bytes"] / figures["seconds"]

    def connections(self, port: int, *, at_once: int, seconds: float) -> Figures:
        return self._run("connect", port, at_once, seconds)

    def background(self, port: int, *, connections: int, seconds: float) -> subprocess.Popen[bytes]:
        """Round trips beside whatever is measured; kill it when that is done."""
        return self._start("pingpong", port, connections, 64, seconds, 0)

    def hold(self, port: int, connections: int) -> subprocess.Popen[bytes]:
        """Idle connections, open when this returns, until the process is killed."""
        process = self._start("hold", port, connections)
        assert process.stdout is not None
        process.stdout.readline()
        return process

    def _start(self, *words: object) -> subprocess.Popen[bytes]:
        return subprocess.Popen([str(self._program), *map(str, words)], stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def _run(self, *words: object) -> Figures:
        done = subprocess.run([str(self._program), *map(str, words)], capture_output=True, timeout=LONGEST_RUN_S, check=True)
        figures: dict[str, Any] = json.loads(done.stdout)
        return figures


def free_port() -> int:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        port: int = sock.getsockname()[1]
    return port
