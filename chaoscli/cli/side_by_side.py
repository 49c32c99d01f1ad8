"""Real plays of several playbooks at once: they share the machine, and each is shown in its turn, when it is over."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import trio

from chaoscli.cli.casting import Wanted
from chaoscli.cli.made import MADE_AHEAD_EACH, Made, recorder_of
from chaoscli.cli.performing import interruptible, perform
from chaoscli.environment import Environment
from chaoscli.play import Performance
from chaoscli.worlds.processes import Spawner


@dataclass(slots=True)
class _Turn:
    wanted: Wanted
    over: trio.Event = field(default_factory=trio.Event)
    made: Made | None = None


class SideBySide:
    """``take`` the plays in the order they were wanted; it may end early. ``stop`` ends all of them early."""

    def __init__(self, upcoming: Iterable[Wanted], spawner: Spawner, jobs: int, environment: Environment) -> None:
        self._turns = [_Turn(wanted) for wanted in upcoming]
        self._taken = 0
        self._playing = trio.CapacityLimiter(jobs)
        self._waiting = trio.Semaphore(jobs * MADE_AHEAD_EACH)
        self._spawner = spawner
        self._environment = environment
        self._performances: list[Performance] = []
        self.stop = trio.Event()

    async def take(self) -> Made:
        turn = self._turns[self._taken]
        self._taken += 1
        await turn.over.wait()
        self._waiting.release()
        assert turn.made is not None
        return turn.made

    async def play_all(self) -> None:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self._pass_stop_on)
            for turn in self._turns:
                await self._waiting.acquire()
                nursery.start_soon(self._play, turn)

    async def _play(self, turn: _Turn) -> None:
        async with self._playing:
            performance = Performance()
            self._performances.append(performance)
            if self.stop.is_set():
                performance.stop.set()
            began, recorder = time.monotonic(), recorder_of(turn.wanted.playbook)
            error = await perform(turn.wanted.playbook, turn.wanted.seed, recorder, self._spawner, performance, self._environment)
            turn.made = Made.of(recorder, error, time.monotonic() - began)
            turn.over.set()

    async def _pass_stop_on(self) -> None:
        await self.stop.wait()
        for performance in self._performances:
            performance.stop.set()


@asynccontextmanager
async def side_by_side(
    upcoming: Iterable[Wanted], spawner: Spawner, jobs: int, environment: Environment
) -> AsyncIterator[SideBySide]:
    """The first Ctrl-C ends what plays early, and what there is is judged; the second ends everything at once."""
    plays = SideBySide(upcoming, spawner, jobs, environment)
    async with trio.open_nursery() as nursery, interruptible(plays.stop):
        nursery.start_soon(plays.play_all)
        yield plays
        nursery.cancel_scope.cancel()
