"""The conductor's only handle on reality, real or simulated."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

from chaoscli.errors import NotMadeError
from chaoscli.events import Event
from chaoscli.faults.base import ByteFault, Direction, MessageFault
from chaoscli.faults.clock_skew import ClockSkew
from chaoscli.faults.datagrams.base import DatagramFault
from chaoscli.topology import Link

LinkFault = ByteFault | MessageFault | DatagramFault

# The curtain rises this long after the order, so that every process has got it by then; time is negative until it does.
CURTAIN_DELAY_S = 0.05


class NodeDied(NotMadeError):
    """A node of the run ended without being asked to, which makes the run worthless."""


class Recorder(Protocol):
    """Takes what happens, in the order it was told."""

    def record(self, event: Event) -> None: ...


class Board(Protocol):
    """The named proxies of one world. A fault is known by its name; healing one leaves the others."""

    async def inject(self, name: str, links: Sequence[tuple[Link, Direction]], fault: LinkFault, share: float = 1.0) -> None:
        """Harm these directions of these links; a byte fault takes hold of each connection with probability ``share``."""

    async def update(self, name: str, fault: LinkFault, share: float = 1.0) -> None:
        """Other settings for a fault that is there, wherever it is."""

    async def heal(self, name: str) -> None: ...


class World(Protocol):
    """``on_crash`` is called when a node whose policy is to start again has ended by itself; any other ends the run."""

    on_crash: Callable[[str], None] | None

    @property
    def board(self) -> Board: ...

    def now(self) -> float:
        """Seconds since curtain-up; negative before it."""

    async def sleep_until(self, at: float) -> None: ...

    async def raise_curtain(self) -> None:
        """All nodes are ready: fix the instant zero and let the load begin."""

    async def drain(self) -> None:
        """Stop offering load and wait, bounded, for what is in flight."""

    async def finish(self, *, complete: bool) -> None:
        """Let the last events come in and record that the curtain fell."""

    async def start(self, node: str) -> None:
        """Until it is ready for requests; with its disk, if it has lived before."""

    async def kill(self, node: str) -> None:
        """At once, as a power cut; whoever calls it is refused until it is started again."""

    async def stop(self, node: str) -> None:
        """Politely: what it is at may finish, for a moment; then it is gone, as after ``kill``."""

    async def set_absent(self, node: str, callees: frozenset[str]) -> None:
        """Let a node know which of those it calls are not there at all, as an orchestrator would."""

    async def pause(self, node: str) -> None: ...

    async def resume(self, node: str) -> None: ...

    async def set_rate(self, load: str, per_second: float | None) -> None:
        """What a load offers from now on; None: what is written for it."""

    async def set_clock(self, node: str, skew: ClockSkew) -> None: ...

    async def set_speed(self, node: str, slower_by: float) -> None:
        """Every piece of the node's work takes ``slower_by`` times as long; 1 is full speed."""
