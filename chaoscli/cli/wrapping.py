"""What ``chaos wrap`` does: a proxy before each thing the command talks to, the command, faults at their times, a summary."""

from __future__ import annotations

import re
import shlex
import signal
import socket
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import trio

from chaoscli.control.addresses import AddressError, join, look_up, split
from chaoscli.control.timed_fault import TimedFault, parse_timed_fault
from chaoscli.environment import Secrets
from chaoscli.errors import ChaosError, NotMadeError, UsageError
from chaoscli.event_lines import from_fields
from chaoscli.events import Event, FaultMeasured, LinkCounted, Noted
from chaoscli.faults.base import MessageFault
from chaoscli.faults.catalogue import fault_to_plain
from chaoscli.faults.datagrams.catalogue import is_for_datagrams_only
from chaoscli.net.channel import Channel, Line
from chaoscli.net.programs import end_in_words
from chaoscli.playbook.nodes import shortened
from chaoscli.services.foreign import filled_in_part, variable
from chaoscli.units import format_duration, format_share, format_size
from chaoscli.worlds.processes import Child, open_spawner

Address = tuple[str, int]

_LINK = re.compile(r"(?P<name>[A-Za-z][A-Za-z0-9_-]{0,39})=(?:(?P<protocol>[a-z]+)://)?(?P<address>[^/]+)/?")
PROTOCOLS = ("tcp", "http", "udp")
# The proxy answers what it counted; it has nothing else to do.
LONGEST_SUMMARY_S = 2.0
# What leaves room for the rest of its line.
LONGEST_COMMAND = 40
SIGNALLED = 128  # what a shell adds to the number of the signal that ended a command


@dataclass(frozen=True, slots=True, kw_only=True)
class WrappedLink:
    name: str
    upstream: str
    protocol: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Wrapping:
    """Everything that was asked for."""

    command: tuple[str, ...]
    links: Mapping[str, WrappedLink]
    faults: tuple[TimedFault, ...] = ()
    seed: int = 1
    quiet: bool = False
    from_file: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of(
        cls,
        command: tuple[str, ...],
        links: Sequence[str],
        faults: Sequence[str],
        *,
        seed: int = 1,
        quiet: bool = False,
        from_file: Mapping[str, str] | None = None,
    ) -> Wrapping:
        """From the words of the command line; an error for each that is wrong."""
        wrong: list[ChaosError] = []
        read: dict[str, WrappedLink] = {}
        for text in links:
            try:
                link = _link(text)
                if variable(link.name) in map(variable, read):
                    raise UsageError(f"--link: there is a link '{link.name}' already")
                read[link.name] = link
            except UsageError as error:
                wrong.append(error)
        timed: list[TimedFault] = []
        for text in faults:
            try:
                timed.append(parse_timed_fault(text, {name: link.protocol for name, link in read.items()}))
            except ChaosError as error:
                wrong.append(error)
        if wrong:
            raise wrong[0] if len(wrong) == 1 else ExceptionGroup("the command is wrong", wrong)
        # Whole requests can be harmed only where they are seen.
        seen = {one.link for one in timed if isinstance(one.fault.fault, MessageFault)}
        known = {
            name: WrappedLink(name=name, upstream=one.upstream, protocol="http" if name in seen else one.protocol)
            for name, one in read.items()
        }
        return cls(command=command, links=known, faults=tuple(timed), seed=seed, quiet=quiet, from_file=from_file or {})


def _link(text: str) -> WrappedLink:
    match = _LINK.fullmatch(text)
    hint = "write it like db=127.0.0.1:5432, or api=http://127.0.0.1:8080"
    if match is None:
        raise UsageError(f"--link: '{text}' is no link", hint=hint)
    protocol = match["protocol"] or "tcp"
    if protocol not in PROTOCOLS:
        raise UsageError(f"--link: '{protocol}' of '{text}' is not one of {', '.join(PROTOCOLS)}", hint="any bytes are tcp")
    try:
        _host, port = split(match["address"])
    except AddressError as error:
        raise UsageError(f"--link: '{text}': {error}", hint=hint) from None
    if not port:
        raise UsageError(f"--link: '{text}' has no port", hint=hint)
    return WrappedLink(name=match["name"], upstream=match["address"], protocol=protocol)


def run_wrapped(wrapping: Wrapping, guardian: socket.socket) -> int:
    """The command's exit code."""
    return trio.run(_Wrapped(wrapping).run, guardian)


class _Wrapped:
    def __init__(self, wrapping: Wrapping) -> None:
        self._wrapping = wrapping
        self._secrets = Secrets(wrapping.from_file.values())
        self._names = {f"{one.link}-{number}": one for number, one in enumerate(wrapping.faults, 1)}
        self._counted: dict[str, LinkCounted] = {}
        self._measured: dict[str, list[FaultMeasured]] = {}
        self._on: set[str] = set()
        self._began = 0.0
        self._status: int | None = None
        self._ended = trio.Event()

    async def run(self, guardian: socket.socket) -> int:
        async with open_spawner() as spawner, trio.open_nursery() as nursery:
            proxy = await self._open_proxy(spawner, nursery)
            listening = await self._lead(proxy)
            channel = Channel(guardian, "the guardian")
            nursery.start_soon(self._hear, channel)
            nursery.start_soon(self._pass_signals_on, channel)
            await channel.ask("run", argv=self._argv(listening), env=self._environment(listening))
            self._began = time.monotonic()
            for name, one in self._names.items():
                nursery.start_soon(self._play, proxy, name, one)
            await self._ended.wait()
            lasted_s = time.monotonic() - self._began
            await self._finish(proxy)
            self._summarise(listening, lasted_s)
            nursery.cancel_scope.cancel()
        if self._status is None:
            raise NotMadeError("the process that kept the command was killed, and the command with it")
        return self._status if self._status >= 0 else SIGNALLED - self._status

    # -- the proxy -------------------------------------------------------------------------------------------------------

    async def _open_proxy(self, spawner: Any, nursery: trio.Nursery) -> Child:
        links = [
            {"name": one.name, "http": one.protocol == "http", "udp": one.protocol == "udp"}
            for one in self._wrapping.links.values()
        ]
        proxy: Child = await spawner.spawn("proxy", "the proxy", {"seed": self._wrapping.seed, "links": links})
        nursery.start_soon(proxy.channel.run, _nothing_to_answer, self._told)
        nursery.start_soon(_miss, proxy)
        return proxy

    async def _lead(self, proxy: Child) -> dict[str, Address]:
        """Where each link listens, once it is known where it leads."""
        addresses = (await proxy.channel.ask("links"))["addresses"]
        for one in self._wrapping.links.values():
            host, port = split(one.upstream)
            try:
                address = (await look_up(host or "127.0.0.1"), port)
            except AddressError as error:
                raise NotMadeError(f"--link {one.name}={one.upstream}: {error}") from None
            await proxy.channel.ask("upstream", link=one.name, address=list(address))
        return {name: (host, port) for name, (host, port) in addresses.items()}

    def _told(self, line: Line) -> None:
        event: Event | None = from_fields(line)
        match event:
            case LinkCounted(link=link):
                self._counted[link] = event
            case FaultMeasured(fault=name):
                self._measured.setdefault(name, []).append(event)
            case Noted(source=source, text=text):
                self._say(f"{source}: {text}")

    # -- the command -----------------------------------------------------------------------------------------------------

    def _argv(self, listening: Mapping[str, Address]) -> list[str]:
        values: dict[str, str] = {}
        for name, (host, port) in listening.items():
            values |= {f"host.{name}": host, f"port.{name}": str(port), f"url.{name}": self._url(name, (host, port))}
        return [filled_in_part(word, values) for word in self._wrapping.command]

    def _environment(self, listening: Mapping[str, Address]) -> dict[str, str]:
        told = dict(self._wrapping.from_file)
        for name, (host, port) in listening.items():
            of = variable(name)
            told |= {f"{of}_HOST": host, f"{of}_PORT": str(port), f"{of}_URL": self._url(name, (host, port))}
            told[f"CHAOS_{of}"] = join((host, port))
        return told

    def _url(self, name: str, address: Address) -> str:
        return f"{self._wrapping.links[name].protocol}://{join(address)}"

    async def _hear(self, channel: Channel) -> None:
        def told(line: Line) -> None:
            self._status = line["ended"]
            self._ended.set()

        await channel.run(_nothing_to_answer, told)
        self._ended.set()

    async def _pass_signals_on(self, channel: Channel) -> None:
        """What a person types at the terminal reaches the command by itself; the second Ctrl-C ends it for good."""
        times = 0
        with trio.open_signal_receiver(signal.SIGINT, signal.SIGTERM) as signals:
            async for number in signals:
                times += 1
                if times > 1:
                    await channel.ask("end")
                elif number != signal.SIGINT or not sys.stdin.isatty():
                    await channel.ask("signal", number=number)

    # -- the faults ------------------------------------------------------------------------------------------------------

    async def _play(self, proxy: Child, name: str, one: TimedFault) -> None:
        await trio.sleep(max(0.0, self._began + one.at_s - time.monotonic()))
        fault = one.fault
        targets = [[one.link, direction.value] for direction in fault.directions]
        await proxy.channel.ask(
            "inject", name=name, kind=fault.kind, fault=fault_to_plain(fault.fault), share=fault.share, targets=targets,
            datagrams=is_for_datagrams_only(fault.fault),
        )  # fmt: skip
        self._on.add(name)
        self._say(f"{format_duration(time.monotonic() - self._began)}: {one.link}: {fault.fault.words()}")
        if one.until_s is not None:
            await trio.sleep(max(0.0, self._began + one.until_s - time.monotonic()))
            await proxy.channel.ask("heal", name=name)
            self._on.discard(name)
            self._say(f"{format_duration(time.monotonic() - self._began)}: {one.link}: {fault.kind} healed")

    async def _finish(self, proxy: Child) -> None:
        with trio.move_on_after(LONGEST_SUMMARY_S):
            for name in sorted(self._on):
                await proxy.channel.ask("heal", name=name)
            await proxy.channel.ask("finish")

    # -- what is said ----------------------------------------------------------------------------------------------------

    def _say(self, text: str) -> None:
        if not self._wrapping.quiet:
            print(f"chaos: {self._secrets.mask(text)}", file=sys.stderr, flush=True)

    def _summarise(self, listening: Mapping[str, Address], lasted_s: float) -> None:
        if self._status is None:
            return
        command = shortened(shlex.join(self._wrapping.command).replace("\n", " "), LONGEST_COMMAND)
        self._say(f"`{command}` {end_in_words(self._status)} after {format_duration(lasted_s)}")
        for name, link in self._wrapping.links.items():
            self._say(f"{name}  {join(listening[name])} -> {link.upstream}  {carried(self._counted.get(name))}")
            counted = self._counted.get(name)
            if counted is None or not counted.connections:
                self._say(f"  nothing came through: does the command read {variable(name)}_HOST and {variable(name)}_PORT?")
            for fault_name, one in self._names.items():
                if one.link == name:
                    self._say(f"  {one.text}: {touched(self._measured.get(fault_name, ()), one, lasted_s)}")


def carried(counted: LinkCounted | None) -> str:
    """What passed through a link, in words."""
    if counted is None:
        return "nothing"
    connections = "1 connection" if counted.connections == 1 else f"{counted.connections} connections"
    return f"{connections}, {format_size(counted.bytes_request)} there, {format_size(counted.bytes_reply)} back"


def touched(measured: Sequence[FaultMeasured], one: TimedFault, lasted_s: float) -> str:
    """What a fault did, in words."""
    if one.at_s >= lasted_s:
        return f"never began: the command was over after {format_duration(lasted_s)}"
    met, hit = sum(each.met for each in measured), sum(each.touched for each in measured)
    if not met:
        return "met nothing"
    late = next((each for each in measured if each.asked_mean_s), None)
    shares = next((each for each in measured if each.asked_share), None)
    words = f"touched {hit} of {met}"
    if late is not None:
        words += f", {format_duration(late.asked_mean_s)} late asked, {format_duration(late.achieved_mean_s)} achieved"
    if shares is not None:
        words += f", {format_share(shares.asked_share)} asked, {format_share(shares.achieved_share)} achieved"
    return words


async def _miss(proxy: Child) -> None:
    await proxy.ended.wait()
    raise NotMadeError(f"the proxy {proxy.end_in_words}")


async def _nothing_to_answer(question: Line) -> None:
    raise AssertionError(f"a child asked its owner to {question['do']}")
