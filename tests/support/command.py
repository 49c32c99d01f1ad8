"""Runs the command as a user would, and finds every process and file that belongs to one run of it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

MARK = "CHAOSCLI_TEST_RUN"
# Far beyond any run of ours; a test that needs it has failed.
LONGEST_RUN_S = 60.0
CHECKOUT = Path(__file__).parents[2]


@dataclass(slots=True)
class Command:
    """One start of ``chaos ...`` whose processes all carry a mark, and whose temporary files have a folder of their own."""

    arguments: tuple[str, ...]
    folder: Path
    environment: Mapping[str, str] = field(default_factory=dict)
    program: tuple[str, ...] = ("-m", "chaoscli")
    mark: str = field(default_factory=lambda: uuid.uuid4().hex)
    process: subprocess.Popen[str] | None = None

    def start(self) -> Command:
        self.temporary.mkdir(exist_ok=True)
        self.here.mkdir(exist_ok=True)
        plain = {key: value for key, value in os.environ.items() if key not in ("CI", "FORCE_COLOR", "COLUMNS", "GITHUB_ACTIONS")}
        self.process = subprocess.Popen(
            [sys.executable, *self.program, *self.arguments],
            env={**plain, **self.environment, MARK: self.mark, "TMPDIR": str(self.temporary), "PYTHONPATH": str(CHECKOUT)},
            cwd=self.here,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True,
            preexec_fn=hear_interrupts,  # noqa: PLW1509  # tests have no threads when they start one
        )  # fmt: skip
        return self

    @property
    def temporary(self) -> Path:
        return self.folder / "temporary"

    @property
    def here(self) -> Path:
        """The folder the command is run in."""
        return self.folder / "here"

    def end(self) -> Ended:
        """Wait for it to end by itself."""
        assert self.process is not None
        try:
            out, err = self.process.communicate(timeout=LONGEST_RUN_S)
        except subprocess.TimeoutExpired:
            self.process.kill()
            raise
        return Ended(self.process.returncode, out, err)

    def send(self, number: signal.Signals) -> None:
        assert self.process is not None
        self.process.send_signal(number)

    def processes(self) -> list[int]:
        """Every living process that inherited this run's mark (zombies have no environment left, and count as gone)."""
        needle = f"{MARK}={self.mark}".encode()
        found = []
        for entry in Path("/proc").iterdir():
            if entry.name.isdigit():
                try:
                    if needle in (entry / "environ").read_bytes():
                        found.append(int(entry.name))
                except OSError:
                    continue  # it ended while we looked, or is not ours
        return sorted(found)

    def listening(self) -> set[int]:
        """The ports on which this run's processes listen just now."""
        mine = {inode for pid in self.processes() for inode in _sockets_of(pid)}
        return {port for port, inode in _listeners() if inode in mine}

    def leftovers(self, ports: set[int] | None = None) -> list[str]:
        """What of this run is still there: processes, files, and those of ``ports`` on which somebody listens."""
        still = sorted((ports or set()) & {port for port, _inode in _listeners()})
        return (
            [f"port {port}" for port in still]
            + [f"process {pid}" for pid in self.processes()]
            + [f"file {path.name}" for folder in (self.temporary, self.here) for path in sorted(folder.iterdir())]
        )


def _sockets_of(pid: int) -> set[str]:
    try:
        links = [os.readlink(entry) for entry in Path(f"/proc/{pid}/fd").iterdir()]
    except OSError:
        return set()  # it ended while we looked
    return {link.removeprefix("socket:[").removesuffix("]") for link in links if link.startswith("socket:[")}


def _listeners() -> list[tuple[int, str]]:
    """Port and inode of every listening TCP socket (state 0A in /proc/net/tcp, proc(5))."""
    rows = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    return [(int(row[1].split(":")[1], 16), row[9]) for row in rows if row[3] == "0A"]


def hear_interrupts() -> None:
    """As a command does that somebody typed: one that a script started in its background is told to ignore them."""
    signal.signal(signal.SIGINT, signal.default_int_handler)


@dataclass(frozen=True, slots=True)
class Ended:
    code: int
    out: str
    err: str


def chaos(*arguments: str, folder: Path, **environment: str) -> Ended:
    """``chaos ARGUMENTS`` from start to end."""
    return Command(arguments, folder, environment).start().end()


def wait_until(true: Callable[[], object], *, within_s: float) -> bool:
    """Look again and again until it is so; False if it was not within the time. For processes only: logic has virtual time."""
    patience = time.monotonic() + within_s
    while time.monotonic() < patience:
        if true():
            return True
        time.sleep(0.02)
    return bool(true())
