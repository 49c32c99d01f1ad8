"""Whether a program that is not ours is ready: by an HTTP answer, a connection, a line it printed, or a command's exit code."""

from __future__ import annotations

import shlex
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import Protocol

import trio

from chaoscli.messages import CallError, Request
from chaoscli.net.http_client import HttpTransport
from chaoscli.net.programs import Program, Programs
from chaoscli.services.foreign import Health

# One look; a program that is still starting may take a connection and say nothing.
LONGEST_LOOK_S = 2.0
# One that runs a command has to start it first.
LONGEST_COMMAND_S = 5.0


class Looker(Protocol):
    """``why_not`` is what the last look saw, in words."""

    why_not: str

    async def wait_ready(self) -> None: ...

    async def aclose(self) -> None: ...


def looker_of(
    health: Health,
    address: tuple[str, int],
    programs: Programs,
    program: Program | None,
    *,
    cwd: str | None = None,
    env: Mapping[str, str] | None = None,
) -> Looker:
    """The way of looking that the settings ask for; a command has the folder and the environment of the program."""
    if health.log is not None:
        assert program is not None  # the settings of what runs elsewhere have no log
        return _Log(program, health.log)
    if health.command:
        return _Command(health.command, health.every, programs, cwd, env)
    if health.http is not None:
        return _Http(address, health.http, health.every)
    return _Tcp(address, health.every)


class _Repeated(ABC):
    """Looks until it sees that all is well."""

    def __init__(self, every_s: float, longest_s: float) -> None:
        self.why_not = ""
        self._every_s = every_s
        self._longest_s = longest_s

    async def wait_ready(self) -> None:
        while True:
            found = "it does not answer"
            with trio.move_on_after(self._longest_s):
                found = await self._look()
            if not found:
                return
            self.why_not = found
            await trio.sleep(self._every_s)

    @abstractmethod
    async def _look(self) -> str:
        """Empty when it is ready, otherwise why not."""

    async def aclose(self) -> None:  # noqa: B027  # a method like any other, which one of them extends
        """Nothing is kept open from one look to the next."""


class _Tcp(_Repeated):
    def __init__(self, address: tuple[str, int], every_s: float) -> None:
        super().__init__(every_s, LONGEST_LOOK_S)
        self._host, self._port = address

    async def _look(self) -> str:
        try:
            stream = await trio.open_tcp_stream(self._host, self._port)
        except OSError:
            return f"nobody takes connections at {self._host}:{self._port}"
        await stream.aclose()
        return ""


class _Http(_Repeated):
    def __init__(self, address: tuple[str, int], path: str, every_s: float) -> None:
        super().__init__(every_s, LONGEST_LOOK_S)
        self._transport = HttpTransport({"it": address})
        self._path = path

    async def _look(self) -> str:
        try:
            reply = await self._transport.exchange("it", Request(method="GET", target=self._path))
        except CallError as error:
            return f"GET {self._path} got no answer: {error.detail or error.result}"
        return "" if reply.status < 400 else f"GET {self._path} was answered with {reply.status}"

    async def aclose(self) -> None:
        await self._transport.aclose()


class _Command(_Repeated):
    def __init__(
        self, argv: Sequence[str], every_s: float, programs: Programs, cwd: str | None, env: Mapping[str, str] | None
    ) -> None:
        super().__init__(every_s, LONGEST_COMMAND_S)
        self._argv = argv
        self._programs = programs
        self._cwd = cwd
        self._env = env

    async def _look(self) -> str:
        asking = self._programs.start(self._argv, cwd=self._cwd, env=self._env, is_brief=True)
        try:
            await asking.ended.wait()
        finally:
            await asking.kill()
        last = asking.output.last_lines()
        return "" if asking.status == 0 else f"`{shlex.join(self._argv)}` {asking.end_in_words}{f': {last[-1]}' if last else ''}"


class _Log:
    def __init__(self, program: Program, pattern: str) -> None:
        self.why_not = f"it has printed no line with '{pattern}'"
        self._program = program
        self._pattern = pattern

    async def wait_ready(self) -> None:
        await self._program.output.line_with(self._pattern)

    async def aclose(self) -> None:
        """Nothing is open."""
