"""A simulated world in a process of its own, whose time passes only as far as its owner lets it.

Its owner's code is in no simulation: it waits, looks at clocks and opens files. So the world stands still while that code is at
work, and moves on in virtual time when it is asked to, until the first of the things that were asked for is done.

``{"do": "step", "commands": [{"number": 1, "do": "exchange", ...}, ...]}`` begins these and lets time pass; its answer has the
time, and what is done by then: ``{"now": 1.25, "finished": [{"number": 1, ...}]}``, or what ended the world as ``broken``.
"""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator, Mapping
from contextlib import suppress
from typing import Any

import trio

from chaoscli.errors import ChaosError, leaves
from chaoscli.event_lines import encode
from chaoscli.events import Event
from chaoscli.faults.base import Direction
from chaoscli.faults.catalogue import fault_from_plain
from chaoscli.faults.clock_skew import ClockSkew
from chaoscli.messages import CallError, Request, Result
from chaoscli.settings import from_plain
from chaoscli.topology import Link, NodeSpec, Topology
from chaoscli.worlds.base import CURTAIN_DELAY_S
from chaoscli.worlds.clock import Kernel, simulate
from chaoscli.worlds.simulated import SimulatedWorld, open_simulated_world

Line = dict[str, Any]
READ_BYTES = 1 << 16


def run(sock: socket.socket, part: Mapping[str, Any]) -> None:
    """Until the owner is gone. ``part``: ``seed``, ``topology``, ``guest`` (whose links the owner calls over), ``lasts_s``."""
    sock.setblocking(True)
    owner = _Owner(sock)
    try:
        simulate(lambda kernel: _attend(kernel, owner, part), seed=part["seed"], starts_at=-CURTAIN_DELAY_S)
    except BaseException as error:  # whatever it is, the owner is to say it
        owner.answer(_broken(error))


async def _attend(kernel: Kernel, owner: _Owner, part: Mapping[str, Any]) -> None:
    topology = from_plain(Topology, part["topology"])
    async with open_simulated_world(topology, owner, seed=part["seed"], kernel=kernel, lasts_s=part["lasts_s"]) as world:
        desk = _Desk(world, kernel, topology.node(part["guest"]))
        async with trio.open_nursery() as nursery:
            for line in owner.lines():
                for command in line["commands"]:
                    nursery.start_soon(desk.perform, command)
                finished = await desk.first_finished()
                owner.answer({"now": kernel.now(), "finished": finished})
            nursery.cancel_scope.cancel()


class _Owner:
    """The far end, and the recorder of what it is to hear. Reading blocks the process, and with it virtual time."""

    def __init__(self, sock: socket.socket) -> None:
        self._sock = sock
        self._told: list[str] = []
        self._question: Any = None

    def record(self, event: Event) -> None:
        self._told.append(encode(event))

    def lines(self) -> Iterator[Line]:
        rest = b""
        while data := self._read():
            *lines, rest = (rest + data).split(b"\n")
            for text in lines:
                line = json.loads(text)
                self._question = line["id"]
                yield line

    def answer(self, fields: Mapping[str, Any]) -> None:
        """What was told since, then the answer."""
        told, self._told = self._told, []
        answer = json.dumps({**fields, "done": True, "id": self._question}, separators=(",", ":"))
        with suppress(OSError):  # the owner is gone, as the next reading finds out
            self._sock.sendall(("\n".join([*told, answer]) + "\n").encode())

    def _read(self) -> bytes:
        try:
            return self._sock.recv(READ_BYTES)
        except OSError:
            return b""


class _Desk:
    """Takes the owner's commands to the world."""

    def __init__(self, world: SimulatedWorld, kernel: Kernel, guest: NodeSpec) -> None:
        self._world = world
        self._kernel = kernel
        self._transport = world.transport_of(guest)
        self._finished: list[Line] = []
        self._any = trio.Event()

    async def first_finished(self) -> list[Line]:
        """What is finished when the first is; time passes until then."""
        await self._any.wait()
        self._any = trio.Event()
        finished, self._finished = self._finished, []
        return finished

    async def perform(self, command: Line) -> None:
        answer: Line
        try:
            answer = await self._perform(command) or {}
        except CallError as error:
            answer = {"result": error.result, "detail": error.detail}
        except ChaosError as error:
            answer = {"failed": error.message, "hint": error.hint, "code": error.exit_code}
        self._finished.append({"number": command["number"], **answer})
        self._any.set()

    async def _perform(self, command: Line) -> Line | None:
        world = self._world
        match command["do"]:
            case "exchange":
                return await self._exchange(command)
            case "sleep":
                await world.sleep_until(command["at"])
            case "raise":
                await world.raise_curtain()
            case "drain":
                await world.drain()
            case "finish":
                await world.finish(complete=command["complete"])
            case "start" | "kill" | "stop" | "pause" | "resume" as done:
                await getattr(world, done)(command["node"])
            case "absent":
                await world.set_absent(command["node"], frozenset(command["callees"]))
            case "rate":
                await world.set_rate(command["load"], command["per_second"])
            case "clock":
                await world.set_clock(command["node"], from_plain(ClockSkew, command["skew"]))
            case "speed":
                await world.set_speed(command["node"], command["slower_by"])
            case "inject":
                links = [(Link.parse(link), Direction(direction)) for link, direction in command["targets"]]
                fault = fault_from_plain(command["kind"], command["fault"])
                await world.board.inject(command["name"], links, fault, command["share"])
            case "update":
                fault = fault_from_plain(command["kind"], command["fault"])
                await world.board.update(command["name"], fault, command["share"])
            case "heal":
                await world.board.heal(command["name"])
            case other:
                raise AssertionError(f"a simulation cannot do '{other}'")
        return None

    async def _exchange(self, command: Line) -> Line:
        request = from_plain(Request, {**command["request"], "body": command["request"]["body"].encode("latin-1")})
        with self._kernel.move_on_after(command["within_s"]):
            response = await self._transport.exchange(command["callee"], request)
            return {"status": response.status, "headers": response.headers, "body": response.body.decode("latin-1")}
        return {"result": Result.TIMEOUT, "detail": ""}


def _broken(error: BaseException) -> Line:
    """What ended the world, in the words of the first that a person can mend."""
    found = list(leaves(error))
    for leaf in found:
        if isinstance(leaf, ChaosError):
            return {"broken": leaf.message, "hint": leaf.hint, "code": leaf.exit_code}
    return {"broken": f"the simulation broke: {found[0]!r}", "hint": "", "code": ChaosError.exit_code}
