"""A world for tests: a topology simulated, a script that plays with it, and all that was told."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, TypeVar

from chaoscli.events import Event
from chaoscli.messages import CALLER, REQUEST_ID, Request, Response
from chaoscli.topology import Link, NodeSpec, Topology
from chaoscli.worlds.base import CURTAIN_DELAY_S
from chaoscli.worlds.clock import Kernel, simulate
from chaoscli.worlds.simulated import SimulatedWorld, open_simulated_world
from chaoscli.worlds.wire import MemoryTransport

E = TypeVar("E", bound=Event)
LINK = Link("tester", "inventory")
CHECK = "/api/inventory/check/BOOK-001?quantity=1"
RESERVE = "/api/inventory/reserve/BOOK-001?quantity=1"


def node(name: str, kind: str, *, calls: Mapping[str, Mapping[str, Any]] | None = None, **settings: Any) -> NodeSpec:
    """With 10 ms of work for each request, unless the settings say otherwise."""
    return NodeSpec(name=name, kind=kind, settings={"service_time": 0.010, **settings}, calls=calls or {})


class Stage:
    """A world after its curtain, and a tester who calls ``inventory`` over a link of his own, without any policy, in plain
    HTTP unless ``tls`` says otherwise."""

    def __init__(self, world: SimulatedWorld, kernel: Kernel, events: list[Event], tls: str = "off") -> None:
        self.world = world
        self.kernel = kernel
        self.events = events
        self._transport = MemoryTransport(node("tester", "hop", calls={"inventory": {"tls": tls}}), world.links_of("tester"))
        self._asked = 0

    @property
    def now(self) -> float:
        return round(self.kernel.now(), 6)

    async def ask(self, target: str = CHECK, method: str = "GET", body: bytes = b"", *, callee: str = "inventory") -> Response:
        self._asked += 1
        headers = ((REQUEST_ID, f"ask-{self._asked}"), (CALLER, "tester"))
        return await self._transport.exchange(callee, Request(method=method, target=target, headers=headers, body=body))

    def told(self, kind: type[E]) -> list[E]:
        return [event for event in self.events if isinstance(event, kind)]


T = TypeVar("T")


def on_stage(
    script: Callable[[Stage], Awaitable[T]], *nodes: NodeSpec, seed: int = 1, calls: tuple[str, ...] = ("inventory",),
    tls: str = "off",
) -> T:  # fmt: skip
    """What ``script`` answers, played with these nodes (an inventory, if none are given) and a tester who calls ``calls``."""
    services = nodes or (node("inventory", "inventory"),)
    tester = NodeSpec(name="tester", kind="load", settings=_SILENT, calls={name: {} for name in calls})
    events: list[Event] = []

    class Told:
        def record(self, event: Event) -> None:
            events.append(event)

    async def play(kernel: Kernel) -> T:
        topology = Topology(nodes=(*services, tester))
        async with open_simulated_world(topology, Told(), seed=seed, kernel=kernel, lasts_s=1000.0) as world:
            await world.raise_curtain()
            return await script(Stage(world, kernel, events, tls))

    return simulate(play, seed=seed, starts_at=-CURTAIN_DELAY_S)


# A load that never sends anything: the tester speaks for it.
_SILENT = {"request": f"GET inventory {CHECK}", "starts": 900.0, "stops": 900.001}
