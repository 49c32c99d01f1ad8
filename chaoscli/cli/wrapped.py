"""What ``chaos wrap`` was asked for, and what passed, in words; nothing here waits."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from chaoscli.control.addresses import AddressError, split
from chaoscli.control.timed_fault import TimedFault, parse_timed_fault
from chaoscli.errors import ChaosError, UsageError
from chaoscli.events import FaultMeasured, LinkCounted
from chaoscli.faults.base import MessageFault
from chaoscli.services.foreign import variable
from chaoscli.units import format_duration, format_share, format_size

_LINK = re.compile(r"(?P<name>[A-Za-z][A-Za-z0-9_-]{0,39})=(?:(?P<protocol>[a-z]+)://)?(?P<address>[^/]+)/?")
PROTOCOLS = ("tcp", "http", "udp")


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
        return "whoever connected meanwhile was kept out" if one.keeps_out else "met nothing"
    late = next((each for each in measured if each.asked_mean_s), None)
    shares = next((each for each in measured if each.asked_share), None)
    words = f"touched {hit} of {met}"
    if late is not None:
        words += f", {format_duration(late.asked_mean_s)} late asked, {format_duration(late.achieved_mean_s)} achieved"
    if shares is not None:
        words += f", {format_share(shares.asked_share)} asked, {format_share(shares.achieved_share)} achieved"
    return words
