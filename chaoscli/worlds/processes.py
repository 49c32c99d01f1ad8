"""The command's side of the warm parent: start it, have it fork children, hear how they end, leave nothing behind."""

from __future__ import annotations

import array
import json
import os
import secrets
import shutil
import socket
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import IO, Any

import trio

from chaoscli.errors import NotMadeError
from chaoscli.net.channel import Channel
from chaoscli.net.programs import end_in_words
from chaoscli.net.signing import SECRET, SHORTEST_SECRET, Keyring

# Importing the package on a cold, busy machine takes a second or two; ten means that something else is wrong.
LONGEST_START_S = 10.0
# What the warm parent has left to do when its line closes takes milliseconds.
LONGEST_END_S = 1.5


class Child:
    """A process of ours: its channel, and how it ended once it has."""

    def __init__(self, name: str, channel: Channel) -> None:
        self.name = name
        self.channel = channel
        self.pid = 0
        self.ended = trio.Event()
        self.status = 0
        # What a keeper tells of its program.
        self.is_ready_or_not = trio.Event()
        self.why_not_ready = ""
        self.last_words = ""
        self._end_of_program = ""

    @property
    def end_in_words(self) -> str:
        return self._end_of_program or end_in_words(self.status)

    def heard_of_program(self, line: Mapping[str, str]) -> None:
        """A keeper's line about its program."""
        self.last_words = line.get("last_words", "")
        if line["keeper"] == "ended":
            self._end_of_program = line["how"]
        else:
            self.why_not_ready = line.get("why", "")
            self.is_ready_or_not.set()


class Spawner:
    """Forks children through the warm parent. ``folder`` is the run's own, gone when the run is; ``keys`` are those of its
    children, for who calls them from here."""

    def __init__(self, process: subprocess.Popen[bytes], control: socket.socket, log: IO[bytes], *, keys: Keyring) -> None:
        self.folder = ""
        self.keys = keys
        self._process = process
        self._control = trio.socket.from_stdlib_socket(control)
        self._log = log
        self._ready = trio.Event()
        self._sending = trio.Lock()
        self._asked: list[tuple[Child, trio.Event]] = []
        self._children: dict[int, Child] = {}

    async def spawn(self, role: str, name: str, part: Mapping[str, Any]) -> Child:
        """A new process playing ``role``; its channel still has to be run. NotMadeError if the warm parent never got ready."""
        await self.wait_ready()
        ours, theirs = socket.socketpair()
        child, spawned = Child(name, Channel(ours, name)), trio.Event()
        line = json.dumps({"spawn": role, "name": name, "part": part}).encode() + b"\n"
        with theirs:
            async with self._sending:
                self._asked.append((child, spawned))
                await self._send(line, theirs.fileno())
        await spawned.wait()
        return child

    async def wait_ready(self) -> None:
        with trio.move_on_after(LONGEST_START_S) as patience:
            await self._ready.wait()
        if patience.cancelled_caught:
            raise NotMadeError(f"the process that starts the others was not ready within {LONGEST_START_S:g}s{self._reason()}")

    async def signal(self, child: Child, number: int) -> None:
        """Send a signal, unless the child has ended already."""
        async with self._sending:
            await self._send(json.dumps({"signal": child.pid, "number": number}).encode() + b"\n")

    async def listen(self) -> None:
        """Hear what the warm parent tells, until it is gone; NotMadeError if that was not our doing."""
        rest = b""
        while data := await self._receive():
            *lines, rest = (rest + data).split(b"\n")
            for line in lines:
                told = json.loads(line)
                if "ready" in told:
                    self.folder = told["ready"]
                    self._ready.set()
                elif "spawned" in told:
                    child, spawned = self._asked.pop(0)
                    child.pid = told["pid"]
                    self._children[child.pid] = child
                    spawned.set()
                elif "ended" in told:
                    child = self._children.pop(told["ended"])
                    child.status = told["status"]
                    child.ended.set()
        raise NotMadeError(f"the process that starts the others ended by itself{self._reason()}")

    def close(self) -> None:
        """Hang up: the warm parent kills every child, removes the folder and ends; if it will not, it is killed."""
        self._control.close()
        try:
            self._process.wait(LONGEST_END_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        if self.folder:
            shutil.rmtree(self.folder, ignore_errors=True)  # usually gone already
        self._log.close()

    async def _send(self, line: bytes, *descriptors: int) -> None:
        """The first byte carries the descriptors; the rest of a line may need several writes."""
        while line:
            try:
                rights = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", descriptors))] if descriptors else []
                sent = await self._control.sendmsg([line], rights)
            except OSError as error:
                raise NotMadeError(f"the process that starts the others is gone{self._reason()}") from error
            line, descriptors = line[sent:], ()

    async def _receive(self) -> bytes:
        try:
            return await self._control.recv(65536)
        except OSError:
            return b""

    def last_words(self) -> str:
        """The last line that a broken process of ours left behind, if any."""
        self._log.seek(0)
        lines = self._log.read().decode(errors="replace").strip().splitlines()
        return lines[-1] if lines else ""

    def _reason(self) -> str:
        words = self.last_words()
        return f": {words}" if words else ""


def secret() -> str:
    """What the keys of this run are made of: the environment's, or new. It is handed on in the environment alone, so that no
    message, recording or log has it. NotMadeError for one that is too short to be one."""
    given = os.environ.get(SECRET, "")
    if given and len(given) < SHORTEST_SECRET:
        raise NotMadeError(
            f"{SECRET} has {len(given)} characters, too few for a secret; it needs {SHORTEST_SECRET}",
            hint="leave it unset: each run then makes its own",
        )
    return given or secrets.token_urlsafe(32)


@asynccontextmanager
async def open_spawner() -> AsyncIterator[Spawner]:
    """Start the warm parent, without waiting for it; on leaving, whichever way, nothing of it is left."""
    ours, theirs = socket.socketpair()
    shared = secret()
    log = tempfile.TemporaryFile()  # noqa: SIM115  # closed with the spawner; it has no name, so nothing can be left of it
    # -P and an explicit path: a file called trio.py in the user's folder must not become ours.
    code = f"import sys; sys.path[:] = {sys.path!r}; from chaoscli.worlds.spawner import main; main({theirs.fileno()})"
    with theirs:
        # Not trio's way of starting one: that forks from a helper thread, whose end would count as the parent's.
        process = subprocess.Popen(  # noqa: ASYNC220
            [sys.executable, "-P", "-c", code],
            stdin=subprocess.DEVNULL, stdout=log, stderr=log,
            pass_fds=[theirs.fileno()], start_new_session=True, env={**os.environ, SECRET: shared},
        )  # fmt: skip
    ours.setblocking(False)
    spawner = Spawner(process, ours, log, keys=Keyring(shared))
    try:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(spawner.listen)
            yield spawner
            nursery.cancel_scope.cancel()
    finally:
        spawner.close()
