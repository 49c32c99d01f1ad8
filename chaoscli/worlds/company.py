"""The processes of one variant: started, asked, watched, and ended."""

from __future__ import annotations

import signal
from collections.abc import Awaitable, Callable
from contextlib import suppress
from functools import partial
from typing import Any

import trio

from chaoscli.errors import NotMadeError
from chaoscli.net.channel import ChannelClosed, Line
from chaoscli.worlds.base import NodeDied
from chaoscli.worlds.hearing import Hearing
from chaoscli.worlds.processes import Child, Spawner

# Signals to processes of ours.
LONGEST_STRIKE_S = 1.0


class Company:
    """``starts_again`` says whose policy it is to come back; ``crashed`` is told when one of those is gone.

    Anybody else that ends unasked makes the run worthless: NodeDied comes out of ``nursery``.
    """

    def __init__(
        self,
        spawner: Spawner,
        nursery: trio.Nursery,
        hearing: Hearing,
        name: str,
        *,
        starts_again: Callable[[str], bool],
        crashed: Callable[[Child], Awaitable[None]],
    ) -> None:
        self._spawner = spawner
        self._nursery = nursery
        self._hearing = hearing
        self._name = name
        self._starts_again = starts_again
        self._crashed = crashed
        self._children: dict[str, Child] = {}
        self._expected_ends: set[int] = set()

    def __contains__(self, name: str) -> bool:
        return name in self._children

    def process_of(self, name: str) -> int:
        return self._children[name].pid

    async def spawn(self, role: str, name: str, part: dict[str, Any]) -> Child:
        """A new process; one that had the name before has ended."""
        child = await self._spawner.spawn(role, name, part)
        self._children[name] = child
        self._nursery.start_soon(child.channel.run, _nothing_to_answer, partial(self._told_by, child))
        self._nursery.start_soon(self._watch, child)
        return child

    async def ask(self, name: str, do: str, /, **fields: Any) -> Line:
        """Its answer; nothing from one that is to end, or will be back."""
        try:
            return await self._children[name].channel.ask(do, **fields)
        except ChannelClosed:
            if self._children[name].pid in self._expected_ends or self._starts_again(name):
                return {}
        # Its watcher knows how it ended and ends the run with that; wait for it instead of guessing.
        await trio.sleep_forever()
        raise AssertionError("sleeping for ever ended")

    async def hear_out(self, name: str, do: str) -> None:
        """An answer comes behind all that was told before it, so any question brings in the rest."""
        with suppress(ChannelClosed):
            await self._children[name].channel.ask(do)

    async def signal(self, name: str, number: int) -> None:
        await self._spawner.signal(self._children[name], number)

    def expect_end(self, name: str) -> None:
        """From here on it may end."""
        self._expected_ends.add(self._children[name].pid)

    async def end(self, name: str, number: int) -> None:
        """By this signal. Nothing happens to one that was still about to start for the first time."""
        child = self._children.get(name)
        if child is None:
            return
        self._expected_ends.add(child.pid)
        await self._spawner.signal(child, number)
        await child.ended.wait()

    async def strike(self) -> None:
        """End every process, whatever state it is in."""
        with trio.move_on_after(LONGEST_STRIKE_S) as patience:
            patience.shield = True
            for child in self._children.values():
                self._expected_ends.add(child.pid)
                with suppress(NotMadeError):  # the spawner is gone, and with it every child
                    await self._spawner.signal(child, signal.SIGKILL)

    async def _watch(self, child: Child) -> None:
        await child.ended.wait()
        if child.pid in self._expected_ends:
            return
        if self._starts_again(child.name):
            self._expected_ends.add(child.pid)
            await self._crashed(child)
            return
        self._hearing.changed(child.name, "died", child.end_in_words)
        said = child.last_words or self._spawner.last_words()
        raise NodeDied(
            f"'{child.name}' ({self._name}) ended in mid-run: {child.end_in_words} at {max(0.0, self._hearing.now()):.1f}s",
            hint=said or "nothing in the playbook asked for that; what was recorded until then is kept",
        )

    def _told_by(self, child: Child, line: Line) -> None:
        if "keeper" in line:
            child.heard_of_program(line)
        else:
            self._hearing.heard(line)


async def _nothing_to_answer(question: Line) -> None:
    raise AssertionError(f"a child asked its owner to {question['do']}")
