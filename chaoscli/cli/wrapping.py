"""What ``chaos wrap`` does: a proxy before each thing the command talks to, the command, faults at their times, a summary."""

from __future__ import annotations

import shlex
import signal
import socket
import sys
import time
from collections.abc import Mapping
from typing import Any

import trio

from chaoscli.cli.wrapped import Wrapping, carried, touched
from chaoscli.control.addresses import AddressError, join, look_up, split
from chaoscli.control.timed_fault import TimedFault
from chaoscli.environment import Secrets
from chaoscli.errors import NotMadeError
from chaoscli.event_lines import from_fields
from chaoscli.events import Event, FaultMeasured, LinkCounted, Noted
from chaoscli.faults.catalogue import fault_to_plain
from chaoscli.faults.datagrams.catalogue import is_for_datagrams_only
from chaoscli.net.channel import Channel, Line
from chaoscli.net.programs import end_in_words
from chaoscli.playbook.nodes import shortened
from chaoscli.services.foreign import filled_in_part, variable
from chaoscli.units import format_duration
from chaoscli.worlds.processes import Child, open_spawner

Address = tuple[str, int]

# The proxy answers what it counted; it has nothing else to do.
LONGEST_SUMMARY_S = 2.0
# What leaves room for the rest of its line.
LONGEST_COMMAND = 40
SIGNALLED = 128  # what a shell adds to the number of the signal that ended a command


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
            kept_out = any(one.keeps_out for one in self._names.values() if one.link == name)
            if (counted is None or not counted.connections) and not kept_out:
                self._say(f"  nothing came through: does the command read {variable(name)}_HOST and {variable(name)}_PORT?")
            for fault_name, one in self._names.items():
                if one.link == name:
                    self._say(f"  {one.text}: {touched(self._measured.get(fault_name, ()), one, lasted_s)}")


async def _miss(proxy: Child) -> None:
    await proxy.ended.wait()
    raise NotMadeError(f"the proxy {proxy.end_in_words}")


async def _nothing_to_answer(question: Line) -> None:
    raise AssertionError(f"a child asked its owner to {question['do']}")
