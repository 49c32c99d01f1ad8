"""What can be done on a playground while it is open, in whichever world; ``shop.py`` gives it its three faces."""

from __future__ import annotations

import itertools
import json as json_codec
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Protocol

from chaoscli.checks.evaluate import evaluate
from chaoscli.checks.expectation import Names, parse_expectation, parse_measure
from chaoscli.checks.judge import judge
from chaoscli.conductor import Faults
from chaoscli.errors import NotMadeError, UsageError
from chaoscli.events import CallEnded, CallStarted, CurtainRose, Event, FaultInjected, RequestEnded, RequestStarted
from chaoscli.faults.base import BadSetting
from chaoscli.faults.catalogue import Fault
from chaoscli.faults.partition import Partition
from chaoscli.load.asked import Asked
from chaoscli.messages import CallError, Headers, Request, Response, Result
from chaoscli.outcome import Check
from chaoscli.playbook.meaning import FaultPlan
from chaoscli.playbook.nodes import nearest
from chaoscli.python.aimed import aimed
from chaoscli.python.reply import Reply
from chaoscli.recording import Recording, RunRecorder, RunRecording, write_recording
from chaoscli.topology import Link, Topology
from chaoscli.tracing import call_headers
from chaoscli.worlds.base import World

# The caller that stands for the code that plays: its links are `you -> order` and so on, and its requests those of a load.
YOU = "you"
# By then whoever was connected to a service that was killed has heard of it, and connects anew.
HEARD_WITHIN_S = 0.01


class Exchange(Protocol):
    """Sends what you call; CallError for whatever is no answer, a timeout after ``within_s`` among it."""

    async def __call__(self, callee: str, request: Request, *, within_s: float) -> Response: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Script:
    """What a playground is made of. ``repeat`` says how to come by the same one."""

    name: str
    title: str
    variant: str
    topology: Topology
    seed: int
    world: str


@dataclass(slots=True, kw_only=True)
class Ground:
    """An open playground. ``catch_up`` lets in the events of what has happened; ``address`` is where a service can be reached
    from outside, through its link, in a world that has addresses."""

    script: Script
    world: World
    recorder: RunRecorder
    exchange: Exchange
    wall: Callable[[], float]
    catch_up: Callable[[], Awaitable[None]]
    address: Callable[[str], tuple[str, int]]
    is_open: bool = True
    faults: Faults = field(init=False)
    on: set[str] = field(default_factory=set)
    dead: set[str] = field(default_factory=set)
    paused: set[str] = field(default_factory=set)
    _calls: int = 0

    def __post_init__(self) -> None:
        self.faults = Faults(self.world, self.recorder.variant(self.script.variant))
        self.dead = {node.name for node in self.script.topology.services if node.standby}

    # -- calls -------------------------------------------------------------------------------------------------------------

    async def call(self, said: str, json: Any, body: bytes, headers: Mapping[str, str], timeout: float) -> Reply:
        self._check_open()
        asked = _read_request(said, headers)
        self._known(asked.callee)
        self._calls += 1
        name = f"{YOU}-{self._calls}"
        request = self._request(asked, name, json, body)
        at = self.world.now()
        self._tell(RequestStarted(at=at, load=YOU, request=name, intended_at=at))
        self._tell(CallStarted(at=at, caller=YOU, callee=asked.callee, request=name, attempt=1, target=asked.target))
        reply = Reply(result=Result.UNANSWERED, detail="given up by its caller", request=name)
        try:
            response = await self.exchange(asked.callee, request, within_s=timeout)
            result = Result.FAILED if response.status >= 400 else Result.OK
            reply = replace(reply, result=result, status=response.status, headers=response.headers, body=response.body, detail="")
        except CallError as error:
            reply = replace(reply, result=error.result, detail=error.detail)
        finally:
            reply = replace(reply, seconds=self.world.now() - at)
            self._tell_ended(asked.callee, at, reply)
        return reply

    def _request(self, asked: Asked, name: str, json: Any, body: bytes) -> Request:
        headers: Headers = call_headers(
            seed=self.script.seed, caller=YOU, callee=asked.callee, request=name, attempt=1, wall_s=self.wall()
        )
        if json is not None:
            body = json_codec.dumps(json, ensure_ascii=False).encode()
            headers += (("content-type", "application/json"),)
        headers += tuple((key.lower(), value) for key, value in (asked.headers or {}).items())
        return Request(method=asked.method, target=asked.target, headers=headers, body=body)

    def _tell_ended(self, callee: str, began: float, reply: Reply) -> None:
        told: dict[str, Any] = {"at": self.world.now(), "result": reply.result, "status": reply.status, "detail": reply.detail}
        self._tell(CallEnded(caller=YOU, callee=callee, request=reply.request, attempt=1, seconds=reply.seconds, **told))
        self._tell(RequestEnded(load=YOU, request=reply.request, intended_at=began, latency_s=reply.seconds, **told))

    # -- harm --------------------------------------------------------------------------------------------------------------

    async def inject_said(self, fault: str | Fault | Partition, on: str | None, name: str, direction: str) -> str:
        topology = self.script.topology
        return await self.inject(aimed(fault, on, name=name, topology=topology, at_s=self.world.now(), direction=direction))

    async def inject(self, plan: FaultPlan) -> str:
        """The name it got: its own, or with a number behind it while there is another of that name."""
        self._check_open()
        number = next(number for number in itertools.count(1) if _numbered(plan.name, number) not in self.on)
        plan = replace(plan, name=_numbered(plan.name, number))
        self.on.add(plan.name)
        await self.faults.inject(plan, plan.at_s, None)
        return plan.name

    async def heal(self, name: str) -> None:
        if self.is_open and name in self.on:  # at its end a playground heals everything itself
            self.on.discard(name)
            await self.faults.heal(name, self.world.now())

    async def kill(self, node: str) -> None:
        self._check_open()
        if self._known(node) in self.dead:
            raise UsageError(f"'{node}' is dead already", hint="restart it first")
        self.dead.add(node)
        self.paused.discard(node)
        await self.world.kill(node)

    async def restart(self, node: str) -> None:
        self._check_open()
        if self._known(node) not in self.dead:
            await self.kill(node)
        await self.world.start(node)
        self.dead.discard(node)
        await self.world.sleep_until(self.world.now() + HEARD_WITHIN_S)

    async def pause(self, node: str) -> None:
        self._check_open()
        if self._known(node) in self.dead | self.paused:
            raise UsageError(f"'{node}' cannot be paused: it is {'dead' if node in self.dead else 'paused already'}")
        self.paused.add(node)
        await self.world.pause(node)

    async def resume(self, node: str) -> None:
        self._check_open()
        if self._known(node) not in self.paused:
            raise UsageError(f"'{node}' is not paused")
        self.paused.discard(node)
        await self.world.resume(node)

    async def set_rate(self, load: str, per_second: float | None) -> None:
        self._check_open()
        known = [one.name for one in self.script.topology.loads]
        if load not in known:
            raise UsageError(f"there is no load '{load}'", hint=nearest(load, known) or f"there is {', '.join(known) or 'none'}")
        await self.world.set_rate(load, per_second)

    async def sleep(self, seconds: float) -> None:
        self._check_open()
        await self.world.sleep_until(self.world.now() + seconds)

    # -- what came of it ---------------------------------------------------------------------------------------------------

    async def so_far(self) -> RunRecording:
        """The recording up to now, as if the load ended here."""
        if self.is_open:
            await self.catch_up()
        run, until = self.recorder.recording, self.world.now() if self.is_open else self._ended_at()
        return RunRecording(header=run.header, variants={name: _until(one, until) for name, one in run.variants.items()})

    async def measure(self, texts: tuple[str, ...]) -> dict[str, float | None]:
        """Those that are named, or all standard ones; None is "no data", infinite "never"."""
        run = await self.so_far()
        if not texts:
            return dict(judge(run, ()).variants[0].measures)
        recording = run.variants[self.script.variant]
        read = {text: parse_measure(text, self._names_known(run)) for text in texts}
        return {text: one.measure.read(recording, one.scope) for text, one in read.items()}

    async def check(self, text: str) -> Check:
        run = await self.so_far()
        return evaluate(parse_expectation(text, self._names_known(run)), run)[0]

    async def save(self, file: Path) -> None:
        write_run(file, await self.so_far())

    # -- inside ------------------------------------------------------------------------------------------------------------

    def _names_known(self, run: RunRecording) -> Names:
        topology = self.script.topology
        faults = (injected.fault for one in run.variants.values() for injected in one.of(FaultInjected))
        return Names(
            variants=(self.script.variant,),
            links=topology.links,
            nodes=tuple(node.name for node in topology.services),
            loads=(*(load.name for load in topology.loads), YOU),
            faults=tuple(dict.fromkeys(faults)),
        )

    def _known(self, node: str) -> str:
        known = [one.name for one in self.script.topology.services]
        if node not in known:
            raise UsageError(f"there is no service '{node}'", hint=nearest(node, known) or f"there are {', '.join(known)}")
        return node

    def _check_open(self) -> None:
        if not self.is_open:
            raise UsageError("this playground is closed", hint="use it inside its `with` block")

    def _tell(self, event: Event) -> None:
        self.recorder.variant(self.script.variant).record(event)

    def _ended_at(self) -> float:
        return max((one.events[-1].at for one in self.recorder.recording.variants.values() if one.events), default=0.0)


def write_run(file: Path, run: RunRecording) -> None:
    """NotMadeError when it cannot be written."""
    try:
        file.write_text("".join(line + "\n" for line in write_recording(run)), encoding="utf-8")
    except OSError as error:
        raise NotMadeError(f"the recording could not be written to '{file}': {error.strerror}") from error


def _numbered(name: str, number: int) -> str:
    return name if number == 1 else f"{name}-{number}"


def _read_request(said: str, headers: Mapping[str, str]) -> Asked:
    try:
        asked = Asked(request=said, headers=dict(headers) or None)
        asked.check_blanks({})
    except BadSetting as error:
        raise UsageError(str(error)) from None
    return asked


def _until(recording: Recording, now: float) -> Recording:
    """A playground is open for as long as its block lasts; what is measured by the second counts the seconds until now."""
    events = (replace(event, lasts_s=max(now, 0.0)) if isinstance(event, CurtainRose) else event for event in recording.events)
    return Recording(recording.name, events)


def link_of(callee: str) -> Link:
    """The link you call ``callee`` over."""
    return Link(YOU, callee)
