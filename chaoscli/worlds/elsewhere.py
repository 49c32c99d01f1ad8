"""A simulated world that runs in another process, for code that is itself in no simulation.

Virtual time passes only while every task of this run of trio waits: what they asked for until then is handed over together, in
an order of its own making, and the first answer stops the time again. So code that decides nothing by the host's clock or dice
sees the same play every time.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any

import trio
import trio.testing

from chaoscli.errors import ChaosError, ExitCode, NotMadeError
from chaoscli.event_lines import from_fields
from chaoscli.faults.base import Direction
from chaoscli.faults.catalogue import fault_to_plain
from chaoscli.faults.clock_skew import ClockSkew
from chaoscli.messages import CallError, Request, Response, Result
from chaoscli.net.channel import Channel, ChannelClosed, Line
from chaoscli.settings import to_plain
from chaoscli.topology import Link, Topology
from chaoscli.worlds.base import CURTAIN_DELAY_S, LinkFault, Recorder
from chaoscli.worlds.processes import Spawner
from chaoscli.worlds.simulated import refuse_what_is_no_service_of_ours


class SimulationEnded(ChaosError):
    """The simulation can go no further, and says why."""

    def __init__(self, message: str, *, hint: str = "", code: int = ExitCode.NOT_MADE) -> None:
        super().__init__(message, hint=hint)
        self.exit_code = ExitCode(code)


class SimulationElsewhere:
    """``worlds.base.World`` by way of its process. Made by ``open_simulation_elsewhere``."""

    def __init__(self, channel: Channel, recorder: Recorder) -> None:
        self._channel = channel
        self._recorder = recorder
        self._now = -CURTAIN_DELAY_S
        self._asked = 0
        self._new: list[Line] = []
        self._open: dict[int, tuple[trio.Event, Line]] = {}
        self._wanted = trio.Event()
        self._ended: Line | None = None
        self.board = BoardElsewhere(self)
        self.on_crash: Callable[[str], None] | None = None  # what is simulated has no bug of its own to die of

    async def run(self) -> None:
        """Let time pass whenever everybody waits and somebody waits for it."""
        while self._ended is None:
            await self._wanted.wait()
            await trio.testing.wait_all_tasks_blocked()
            if not self._open:  # nobody waits for anything here: time stands still
                self._wanted, self._new = trio.Event(), []
                continue
            # Tasks are woken in no order of theirs: what they ask for at one instant is put into one.
            commands, self._new = sorted(self._new, key=_in_order), []
            try:
                self._passed(await self._channel.ask("step", commands=commands))
            except ChannelClosed:
                self._passed({"broken": "the process of the simulation is gone"})

    def told(self, line: Line) -> None:
        event = from_fields(line)
        if event is not None:
            self._recorder.record(event)

    # -- the world ---------------------------------------------------------------------------------------------------------

    def now(self) -> float:
        return self._now

    async def sleep_until(self, at: float) -> None:
        await self.ask("sleep", at=at)

    async def raise_curtain(self) -> None:
        await self.ask("raise")

    async def drain(self) -> None:
        await self.ask("drain")

    async def finish(self, *, complete: bool) -> None:
        await self.ask("finish", complete=complete)

    async def start(self, node: str) -> None:
        await self.ask("start", node=node)

    async def kill(self, node: str) -> None:
        await self.ask("kill", node=node)

    async def pause(self, node: str) -> None:
        await self.ask("pause", node=node)

    async def resume(self, node: str) -> None:
        await self.ask("resume", node=node)

    async def stop(self, node: str) -> None:
        await self.ask("stop", node=node)

    async def set_absent(self, node: str, callees: frozenset[str]) -> None:
        await self.ask("absent", node=node, callees=sorted(callees))

    async def set_rate(self, load: str, per_second: float | None) -> None:
        await self.ask("rate", load=load, per_second=per_second)

    async def set_clock(self, node: str, skew: ClockSkew) -> None:
        await self.ask("clock", node=node, skew=to_plain(skew))

    async def set_speed(self, node: str, slower_by: float) -> None:
        await self.ask("speed", node=node, slower_by=slower_by)

    async def exchange(self, callee: str, request: Request, *, within_s: float) -> Response:
        """The guest's own call; CallError for whatever is no answer, a timeout after so long among it."""
        plain = {**to_plain(request), "body": request.body.decode("latin-1")}
        answer = await self.ask("exchange", callee=callee, request=plain, within_s=within_s)
        if "result" in answer:
            raise CallError(Result(answer["result"]), answer["detail"])
        headers = tuple((name, value) for name, value in answer["headers"])
        return Response(status=answer["status"], headers=headers, body=answer["body"].encode("latin-1"))

    # -- inside ------------------------------------------------------------------------------------------------------------

    async def ask(self, do: str, **fields: Any) -> Line:
        """Ask for something to be done at this instant, and wait until it is."""
        self._say_if_ended()
        self._asked += 1
        number, answer, answered = self._asked, Line(), trio.Event()
        self._open[number] = answered, answer
        self._new.append({"number": number, "do": do, **fields})
        self._wanted.set()
        try:
            await answered.wait()
        finally:
            self._open.pop(number, None)  # of one who does not wait any more the answer is passed over
        if "failed" in answer:
            raise SimulationEnded(answer["failed"], hint=answer["hint"], code=answer["code"])
        self._say_if_ended()
        return answer

    def _passed(self, line: Line) -> None:
        if "broken" in line:
            self._ended = line
            for event, _ in self._open.values():
                event.set()
            return
        self._now = line["now"]
        for finished in line["finished"]:
            if finished["number"] in self._open:
                event, answer = self._open.pop(finished["number"])
                answer.update(finished)
                event.set()

    def _say_if_ended(self) -> None:
        if self._ended is not None:
            ended = self._ended
            raise SimulationEnded(ended["broken"], hint=ended.get("hint", ""), code=ended.get("code", ExitCode.NOT_MADE))


class BoardElsewhere:
    """Its board."""

    def __init__(self, world: SimulationElsewhere) -> None:
        self._world = world

    async def inject(self, name: str, links: Sequence[tuple[Link, Direction]], fault: LinkFault, share: float = 1.0) -> None:
        targets = [[str(link), direction.value] for link, direction in links]
        plain = fault_to_plain(fault)
        await self._world.ask("inject", name=name, kind=fault.kind, fault=plain, share=share, targets=targets)

    async def update(self, name: str, fault: LinkFault, share: float = 1.0) -> None:
        await self._world.ask("update", name=name, kind=fault.kind, fault=fault_to_plain(fault), share=share)

    async def heal(self, name: str) -> None:
        await self._world.ask("heal", name=name)


@asynccontextmanager
async def open_simulation_elsewhere(
    topology: Topology, recorder: Recorder, *, guest: str, seed: int, spawner: Spawner, lasts_s: float
) -> AsyncIterator[SimulationElsewhere]:
    """All nodes ready, ``CURTAIN_DELAY_S`` before zero, in a process that the spawner forks. NotMadeError for what cannot be
    simulated."""
    refuse_what_is_no_service_of_ours(topology)
    part = {"seed": seed, "topology": to_plain(topology), "guest": guest, "lasts_s": lasts_s}
    child = await spawner.spawn("simulation", "simulation", part)
    async with trio.open_nursery() as nursery:
        world = SimulationElsewhere(child.channel, recorder)
        nursery.start_soon(child.channel.run, _nothing_to_answer, world.told)
        nursery.start_soon(world.run)
        yield world
        nursery.cancel_scope.cancel()


def _in_order(command: Line) -> str:
    return json.dumps({key: value for key, value in command.items() if key != "number"}, sort_keys=True)


async def _nothing_to_answer(question: Line) -> None:
    raise NotMadeError(f"a simulation asked its owner to {question['do']}")
