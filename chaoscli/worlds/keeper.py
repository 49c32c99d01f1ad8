"""The keeper of one program that is not ours: a process between the warm parent and it, which starts it, asks whether it is
ready, pauses it, ends it politely and then not, keeps the last of what it prints, and leaves nothing of it behind.

It ends when its owner is gone or its program is; of a service that runs elsewhere it only looks whether it is there.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import trio

from chaoscli.environment import Secrets
from chaoscli.errors import NotMadeError
from chaoscli.faults.clock_skew import ClockSkew
from chaoscli.net.channel import Channel, Line
from chaoscli.net.kernel import living_below, outlive_parent
from chaoscli.net.output import in_words
from chaoscli.net.programs import Program, Programs, open_programs
from chaoscli.services.foreign import Health
from chaoscli.settings import from_plain
from chaoscli.units import format_duration
from chaoscli.worlds.fake_clock import FakeClock
from chaoscli.worlds.health import Looker, looker_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Keeping:
    """What a keeper is told: everything filled in. ``argv`` empty: a service that runs elsewhere. ``fake_clock`` is the file
    that libfaketime reads, empty when the clock is the host's; ``secrets`` never leave the keeper."""

    address: tuple[str, int]
    argv: tuple[str, ...] = ()
    cwd: str | None = None
    env: Mapping[str, str] = field(default_factory=dict)
    health: Health = field(default_factory=Health)
    start_timeout: float = 10.0
    stop_signal: str = "SIGTERM"
    stop_grace: float = 2.0
    fake_clock: str = ""
    secrets: tuple[str, ...] = ()


async def run(channel: Channel, part: Mapping[str, Any]) -> None:
    """Start the program of ``part``, a plain Keeping, and keep it until the channel closes or it ends.

    Told: {"keeper": "ready"}, or {"keeper": "not ready", "why", "last_words"}; and of an end that nobody asked for
    {"keeper": "ended", "how", "last_words"}, after which the keeper ends too. Questions: ``stop`` (-> ``killed``: it had to
    be) and ``kill`` end the program; ``pause``, ``resume``; ``clock`` {offset, drift}.
    """
    outlive_parent()  # which is killed when all is over; then there is still something to clean up
    async with open_programs() as programs:
        keeper = _Keeper(from_plain(Keeping, part), programs, channel)
        async with trio.open_nursery() as nursery:
            nursery.start_soon(keeper.keep, nursery.cancel_scope)
            await channel.run(keeper.answer, lambda line: None)
            nursery.cancel_scope.cancel()


class _Keeper:
    def __init__(self, keeping: Keeping, programs: Programs, channel: Channel) -> None:
        self._keeping = keeping
        self._programs = programs
        self._channel = channel
        self._secrets = Secrets(keeping.secrets)
        self._program: Program | None = None
        self._clock = FakeClock(keeping.fake_clock)
        self._is_ending = False

    async def answer(self, question: Line) -> Mapping[str, Any] | None:
        match question["do"]:
            case "stop":
                return {"killed": await self._stop()}
            case "kill":
                self._is_ending = True
                await self._programs.kill_all()
            case "pause":
                self._signal_all(signal.SIGSTOP)
            case "resume":
                self._signal_all(signal.SIGCONT)
            case "clock":
                self._clock.skew(ClockSkew(offset=question["offset"], drift=question["drift"]))
        return None

    async def keep(self, over: trio.CancelScope) -> None:
        """Until it has ended; before it is ready, that is told as the reason why it is not."""
        try:
            await self._start()
        except NotMadeError as error:
            if not self._is_ending:
                self._channel.tell({"keeper": "not ready", "why": error.message, "last_words": error.hint})
                await self._programs.kill_all()
            return
        self._channel.tell({"keeper": "ready"})
        if self._program is None:
            return
        await self._program.ended.wait()
        if not self._is_ending:
            self._channel.tell({"keeper": "ended", "how": self._program.end_in_words, "last_words": self._last_words()})
            await self._channel.flush()
            over.cancel()

    async def _start(self) -> None:
        keeping = self._keeping
        if keeping.argv:
            env = {**keeping.env, **self._clock.environment()}
            try:
                self._program = self._programs.start(keeping.argv, cwd=keeping.cwd, env=env, mask=self._secrets.mask)
            except NotMadeError as error:
                raise NotMadeError(f"could not be started: {error.message}", hint=error.hint) from None
        looker = looker_of(keeping.health, keeping.address, self._programs, self._program, cwd=keeping.cwd, env=keeping.env)
        try:
            await self._wait_ready(looker)
        finally:
            await looker.aclose()

    async def _wait_ready(self, looker: Looker) -> None:
        is_ready = False
        async with trio.open_nursery() as nursery:
            if self._program is not None:
                nursery.start_soon(_leave_when, self._program.ended, nursery.cancel_scope)
            with trio.move_on_after(self._keeping.start_timeout):
                await looker.wait_ready()
                is_ready = True
            nursery.cancel_scope.cancel()
        if is_ready:
            return
        if self._program is not None and self._program.ended.is_set():
            raise NotMadeError(f"{self._program.end_in_words} before it was ready", hint=self._last_words())
        within = format_duration(self._keeping.start_timeout)
        why = f": {self._secrets.mask(looker.why_not)}" if looker.why_not else ""
        raise NotMadeError(f"was not ready within {within}{why}", hint=self._last_words())

    def _last_words(self) -> str:
        return in_words(self._program.output.last_lines()) if self._program is not None else ""

    async def _stop(self) -> bool:
        self._is_ending = True
        if self._program is None:
            return False
        was_killed = await self._program.end(signal.Signals[self._keeping.stop_signal], self._keeping.stop_grace)
        await self._programs.kill_all()
        return was_killed

    def _signal_all(self, number: int) -> None:
        """To its group and to what has left it."""
        if self._program is not None:
            self._program.signal(number)
            for pid in living_below(self._program.pid):
                with suppress(ProcessLookupError):
                    os.kill(pid, number)


async def _leave_when(event: trio.Event, scope: trio.CancelScope) -> None:
    await event.wait()
    scope.cancel()
