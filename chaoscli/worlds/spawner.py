"""The warm parent: one process that has imported everything and forks the proxy, the loads and the services from itself.

Importing trio costs a tenth of a second of CPU; twenty processes would pay two seconds, forks pay once. It runs no event
loop of its own (a fork inside one would copy it) and does four things: forks on request, signals its own children, tells
how they ended, and, when the command that owns it is gone for whatever reason, kills what is left and removes the run's
folder. It lives in a session of its own, so that a Ctrl-C or a kill of the command's process group does not reach it.

Talk, one JSON object a line: ``{"spawn": role, "name": ..., "part": {...}}`` with the child's end of a socket attached is
answered by ``{"spawned": name, "pid": ...}``; ``{"signal": pid, "number": n}`` is not answered; ``{"ended": pid, "status": n}``
(as ``os.waitstatus_to_exitcode`` gives it) comes when it happens; ``{"ready": folder}`` comes first.
"""

from __future__ import annotations

import gc
import inspect
import json
import os
import resource
import selectors
import shutil
import signal
import socket
import tempfile
import time
import traceback
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from typing import Any, NoReturn

from chaoscli.net.kernel import adopt_orphans, be_called, children_of, die_with, living_below
from chaoscli.net.programs import LOOKS

Part = Mapping[str, Any]
# Given a channel and its part; where it is no coroutine function, the bare socket: a simulation runs trio itself.
Role = Callable[..., Awaitable[None] | None]
# A request is one topology node with its settings; a whole shop is a few kilobytes.
MOST_REQUEST_BYTES = 1 << 20
# One file descriptor comes with each request; a burst of requests may arrive together.
MOST_DESCRIPTORS = 64
# Ten thousand connections on each side of a proxy; macOS refuses much more however high its hard limit claims to be.
MOST_FILES = 20_480
# After SIGKILL the kernel needs moments to end a process; more than this means it is stuck in the kernel.
LONGEST_REAPING_S = 1.0


def main(control_fd: int) -> None:
    """Serve until the owner is gone, then leave nothing behind."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    control = socket.socket(fileno=control_fd)
    _allow_many_files()
    roles = _roles()
    gc.collect()
    gc.freeze()  # what was imported is never garbage: a collection in a child must not touch, and so copy, its pages
    be_called("spawner")
    adopt_orphans()
    folder = tempfile.mkdtemp(prefix="chaos-")
    parent = _WarmParent(control, folder)
    try:
        parent.serve(roles)
    except (BrokenPipeError, ConnectionResetError):
        pass  # the owner is gone, which is the usual end
    finally:
        try:
            parent.end_all()
        finally:
            shutil.rmtree(folder, ignore_errors=True)


def _roles() -> dict[str, Role]:
    """What a child can be. Imported here, once, before any fork."""
    import chaoscli.control.process
    import chaoscli.load.process
    import chaoscli.services.process
    import chaoscli.worlds.keeper
    import chaoscli.worlds.simulation_process

    return {
        "foreign": chaoscli.worlds.keeper.run,
        "load": chaoscli.load.process.run,
        "proxy": chaoscli.control.process.run,
        "service": chaoscli.services.process.run,
        "simulation": chaoscli.worlds.simulation_process.run,
    }


class _WarmParent:
    def __init__(self, control: socket.socket, folder: str) -> None:
        self._control = control
        self._folder = folder
        self._pid = os.getpid()
        self._living: dict[int, str] = {}
        self._descriptors: list[int] = []
        self._rest = b""
        self._woken, wake = socket.socketpair()
        for end in (self._woken, wake):
            end.setblocking(False)
        self._wake = wake
        signal.signal(signal.SIGCHLD, lambda _number, _frame: None)
        signal.set_wakeup_fd(wake.fileno(), warn_on_full_buffer=False)

    def serve(self, roles: Mapping[str, Role]) -> None:
        self._tell({"ready": self._folder})
        with selectors.DefaultSelector() as selector:
            selector.register(self._control, selectors.EVENT_READ)
            selector.register(self._woken, selectors.EVENT_READ)
            while True:
                for key, _events in selector.select():
                    if key.fileobj is self._woken:
                        self._woken.recv(4096)
                        self._tell_ended()
                    else:
                        requests = self._requests()
                        if requests is None:
                            return
                        for request in requests:
                            self._obey(request, roles)

    def end_all(self) -> None:
        """SIGKILL every child, and whatever else is below, and wait, bounded, until all are gone. Stopped ones die as well."""
        for pid in self._living:
            os.kill(pid, signal.SIGKILL)
        patience = time.monotonic() + LONGEST_REAPING_S
        looks_left = LOOKS
        while looks_left and time.monotonic() < patience:
            self._reaped()
            looks_left = LOOKS if self._kill_strays() or self._living else looks_left - 1
            time.sleep(0.002)

    def _requests(self) -> list[dict[str, Any]] | None:
        """The whole lines that have come; None when the owner is gone."""
        data, descriptors, _flags, _address = socket.recv_fds(self._control, MOST_REQUEST_BYTES, MOST_DESCRIPTORS)
        self._descriptors.extend(descriptors)
        if not data:
            return None
        *lines, self._rest = (self._rest + data).split(b"\n")
        return [json.loads(line) for line in lines]

    def _obey(self, request: Mapping[str, Any], roles: Mapping[str, Role]) -> None:
        if "signal" in request:
            if request["signal"] in self._living:  # never a number that has meanwhile been given to somebody else
                os.kill(request["signal"], request["number"])
            return
        descriptor = self._descriptors.pop(0)
        pid = os.fork()
        if pid == 0:
            self._become(roles[request["spawn"]], request, descriptor)
        os.close(descriptor)
        self._living[pid] = request["name"]
        self._tell({"spawned": request["name"], "pid": pid})

    def _become(self, role: Role, request: Mapping[str, Any], descriptor: int) -> NoReturn:
        """In the child: cut every tie with the parent but one, and play the part."""
        code = 1
        try:
            signal.set_wakeup_fd(-1)
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            die_with(self._pid)
            be_called(request["name"])
            for mine in (self._control, self._woken, self._wake):
                mine.close()
            for other in self._descriptors:
                os.close(other)
            _play(role, socket.socket(fileno=descriptor), request["name"], request["part"])
            code = 0
        except BaseException:  # a child must never return into the parent's loop
            traceback.print_exc()
        finally:
            os._exit(code)

    def _tell_ended(self) -> None:
        for pid, status in self._reaped():
            self._tell({"ended": pid, "status": status})
        self._kill_strays()

    def _kill_strays(self) -> bool:
        """Kill what has come to us because the one who kept it was killed himself; whether there was any."""
        strays = [pid for pid in children_of(self._pid) if pid not in self._living]
        for pid in [below for stray in strays for below in (stray, *living_below(stray))]:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        return bool(strays)

    def _reaped(self) -> list[tuple[int, int]]:
        """Those of our children that have ended since. A reaped number is the kernel's to give away again, so it is forgotten
        here, before anything that can fail (telling an owner who is gone) comes between."""
        ended = []
        while self._living:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                break
            if pid == 0:
                break
            if self._living.pop(pid, None) is not None:
                ended.append((pid, os.waitstatus_to_exitcode(status)))
        return ended

    def _tell(self, fields: Mapping[str, Any]) -> None:
        self._control.sendall(json.dumps(fields).encode() + b"\n")


def _play(role: Role, sock: socket.socket, name: str, part: Part) -> None:
    import trio  # imported long since; named here so that the parent's own loop stays free of it

    from chaoscli.net.channel import Channel

    if not inspect.iscoroutinefunction(role):
        role(sock, part)
        return

    async def run() -> None:
        channel = Channel(sock, name)
        await role(channel, part)

    trio.run(run)


def _allow_many_files() -> None:
    """A silenced link keeps every connection of its callers open; the soft limit (often 1024, 256 on macOS) is soon reached."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = MOST_FILES if hard == resource.RLIM_INFINITY else min(hard, MOST_FILES)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
