"""Monolith: the whole shop in one program. Its modules are the very services that elsewhere run by themselves.

A call from one to another is a function call: it costs nothing, cannot get lost, and fails only with everything else. In the
plain monolith all of them share one pool of workers, and one of them that hangs can take it whole. In the modular one each has
workers and a queue of its own (a bulkhead), and whoever finds them full gets a 503 at once. Of neither is there half a crash,
or half a deploy.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, fields
from functools import partial
from typing import Any

import trio

from chaoscli.faults.base import BadSetting
from chaoscli.messages import Request, Response
from chaoscli.net.base import Handler
from chaoscli.services.base import Service
from chaoscli.services.entrance import Entrance
from chaoscli.services.inventory import Inventory, InventorySettings
from chaoscli.services.module import ModuleNode
from chaoscli.services.node import Node
from chaoscli.services.order import Order, OrderSettings
from chaoscli.services.payment import Payment, PaymentSettings
from chaoscli.services.pricing import Pricing, PricingSettings
from chaoscli.services.replies import unknown
from chaoscli.services.user import User, UserSettings
from chaoscli.services.work import Capacity, Workers
from chaoscli.settings import setting
from chaoscli.units import Seconds

# Each module: what makes it, and how the paths begin that it serves. Order comes last, since it is made of the others.
MODULES: dict[str, tuple[Callable[[Node, Any], Service], str]] = {
    "user": (User, "/api/users/"),
    "inventory": (Inventory, "/api/inventory/"),
    "pricing": (Pricing, "/api/prices/"),
    "payment": (Payment, "/payment/"),
    "order": (Order, "/api/orders"),
}
PLACES = tuple(f"POST {prefix}" if name == "order" else f"GET {prefix}{{...}}" for name, (_, prefix) in MODULES.items())


@dataclass(frozen=True, slots=True, kw_only=True)
class MonolithSettings(Capacity):
    """``workers`` and ``queue`` are the program's, shared by all modules; the time that work takes is each module's own."""

    service_time: Seconds = setting("what a request costs beside the work of its modules", 0.0)
    user: UserSettings = setting("the module that knows the customers", UserSettings())
    inventory: InventorySettings = setting("the module that knows the stock", InventorySettings())
    pricing: PricingSettings = setting("the module that knows what things cost", PricingSettings())
    payment: PaymentSettings = setting("the module that charges; it asks the bank, if the program calls one", PaymentSettings())
    order: OrderSettings = setting("the module that takes orders; it tells the broker, if the program calls one", OrderSettings())

    def __post_init__(self) -> None:
        for name in MODULES:
            for field in set(_written(getattr(self, name))) - self._of_modules():
                raise BadSetting(name, f"has {field} of its own, {self._why_not()}")

    def _of_modules(self) -> frozenset[str]:
        """The settings of every service that a module may have for itself."""
        return frozenset({"service_time", "distribution", "hiccup_every", "hiccup"})

    def _why_not(self) -> str:
        return "and there is one for the whole program; a modular-monolith has workers and a queue for each module"


@dataclass(frozen=True, slots=True, kw_only=True)
class ModularMonolithSettings(MonolithSettings):
    """Each module's ``workers`` and ``queue`` are its own; the program's only bound how much is inside at once."""

    workers: int = setting("requests inside at once", 256, minimum=1)

    def _of_modules(self) -> frozenset[str]:
        return frozenset(one.name for one in fields(Capacity)) - {one.name for one in fields(Entrance)}

    def _why_not(self) -> str:
        return "and the program has one door for all of them: write it for the program"


def _written(module: Capacity) -> list[str]:
    """What every service can be told, and this one is told otherwise than usual."""
    usual = Capacity()
    return [one.name for one in fields(Capacity) if getattr(module, one.name) != getattr(usual, one.name)]


class _Program(Service):
    """What both kinds have in common: the modules, and who serves what."""

    parameters = ("quantity",)

    def __init__(self, node: Node, settings: MonolithSettings) -> None:
        self._node = node
        self._doors: dict[str, Handler] = dict.fromkeys(MODULES, _not_yet)
        self._nodes = {name: ModuleNode(node, name, self._doors) for name in MODULES}
        self._services = {name: make(self._nodes[name], getattr(settings, name)) for name, (make, _) in MODULES.items()}
        self._workers = {name: Workers(self._nodes[name], getattr(settings, name)) for name in MODULES}

    async def handle(self, request: Request) -> Response:
        for name, (_, prefix) in MODULES.items():
            if request.path.startswith(prefix):
                return await self._doors[name](request)
        return unknown(request, PLACES)

    async def run(self, workers: Workers) -> None:
        async with trio.open_nursery() as nursery:
            for service in self._services.values():
                nursery.start_soon(service.run, workers)


class Monolith(_Program):
    """A request takes one worker, whatever modules it goes through."""

    def __init__(self, node: Node, settings: MonolithSettings) -> None:
        super().__init__(node, settings)
        for name in MODULES:
            self._doors[name] = partial(self._work, name)

    async def _work(self, name: str, request: Request) -> Response:
        service = self._services[name]
        await self._workers[name].work(request, service.cost(request))
        return await service.handle(request)


class ModularMonolith(_Program):
    """A request takes one worker of each module it goes through."""

    def __init__(self, node: Node, settings: ModularMonolithSettings) -> None:
        super().__init__(node, settings)
        for name in MODULES:
            self._doors[name] = partial(_in_line, self._workers[name], self._services[name])


async def _in_line(workers: Workers, service: Service, request: Request) -> Response:
    return await workers.do(request, service.cost(request), service.handle)


def _not_yet(request: Request) -> Awaitable[Response]:
    raise AssertionError(f"{request.target} was asked for before all modules were there")
