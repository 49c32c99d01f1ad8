"""One life of a simulated node, from its start to its power cut, and the disk that survives it."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import AbstractContextManager

import trio

from chaoscli.events import Event
from chaoscli.net.base import Transport
from chaoscli.net.signing import Keyring
from chaoscli.services.node import Node
from chaoscli.topology import NodeSpec
from chaoscli.worlds.clock import Kernel, Timer

# What the hosts' clocks show at curtain-up: a Tuesday of 2023, the same in every run.
CURTAIN_WALL_S = 1_700_000_000.0


class Life:
    """The gate of all that a node does: shut while it is paused, and for ever once it has crashed. What is due meanwhile
    happens when it is resumed, as the timers of a stopped process do."""

    def __init__(self, tell: Callable[[Event], None]) -> None:
        self.scope = trio.CancelScope()
        self.is_dead = False
        self._is_paused = False
        self._tell = tell
        self._held: list[Timer] = []

    @property
    def is_shut(self) -> bool:
        return self._is_paused or self.is_dead

    def hold(self, timer: Timer) -> None:
        if not self.is_dead:
            self._held.append(timer)

    def tell(self, event: Event) -> None:
        """What a dead node's last blocks still have to say is not heard."""
        if not self.is_dead:
            self._tell(event)

    def pause(self) -> None:
        self._is_paused = True

    def resume(self) -> None:
        self._is_paused = False
        held, self._held = self._held, []
        for timer in held:
            timer.fire()

    def end(self) -> None:
        """From this instant nothing it does has an effect; what of it still runs is told to stop."""
        self.is_dead = True
        self._held.clear()
        self.scope.cancel()


class MemoryDisk:
    """A node's databases, in memory; what was committed outlives the node."""

    def __init__(self) -> None:
        self._databases: dict[str, sqlite3.Connection] = {}

    def open(self, name: str) -> sqlite3.Connection:
        if name not in self._databases:
            self._databases[name] = sqlite3.connect(":memory:", isolation_level=None)
        return self._databases[name]

    def power_cut(self) -> bool:
        """Open transactions are lost, and whoever still has a database in hand can do no more with it. Whether any was open."""
        was_open = False
        for name, database in self._databases.items():
            if database.in_transaction:
                was_open = True
                database.rollback()
            self._databases[name] = sqlite3.connect(":memory:", isolation_level=None)
            database.backup(self._databases[name])
            database.close()
        return was_open

    def close(self) -> None:
        while self._databases:
            self._databases.popitem()[1].close()


class SimulatedNode(Node):
    """A node whose time is the kernel's, as far as its life lets it pass."""

    def __init__(
        self, *, spec: NodeSpec, transport: Transport, kernel: Kernel, life: Life, seed: int, disk: MemoryDisk, keys: Keyring
    ) -> None:
        self._kernel = kernel
        self._life = life
        super().__init__(
            spec=spec,
            transport=transport,
            tell=life.tell,
            now=kernel.now,
            true_wall=lambda: wall_s(kernel),
            seed=seed,
            disk=disk,
            keys=keys,
        )

    async def sleep(self, seconds: float) -> None:
        await self._kernel.sleep(seconds, self._life)

    def move_on_after(self, seconds: float) -> AbstractContextManager[trio.CancelScope]:
        return self._kernel.move_on_after(seconds, self._life)


def wall_s(kernel: Kernel) -> float:
    """What a clock that is not skewed shows."""
    return CURTAIN_WALL_S + kernel.now()
