"""A load as a process of its own, so that neither a busy service nor a slow screen can delay its schedule.

Its owner asks it to ``play`` (``epoch``: the instant of curtain-up on the host's monotonic clock), to change its ``rate``
(``per_second``), and to ``drain``; events go back stamped with the same clock. It answers ``address``, of which it has none,
as all processes of a play do, behind what it told before.
"""

from __future__ import annotations

import os
import time
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import trio

from chaoscli.environment import Secrets
from chaoscli.errors import NotMadeError
from chaoscli.load.commands import Commands
from chaoscli.load.generator import generator_of
from chaoscli.load.settings import Load
from chaoscli.messages import Request, Response
from chaoscli.net.channel import Channel, Line
from chaoscli.net.compressed import CompressedTransport
from chaoscli.net.http_client import HttpTransport
from chaoscli.net.pool import limits_of
from chaoscli.net.programs import open_programs
from chaoscli.net.signed import SignedTransport
from chaoscli.net.signing import keys_of
from chaoscli.net.tls import client_contexts, credentials_of
from chaoscli.settings import from_plain
from chaoscli.topology import NodeSpec

Exchange = Callable[[str, Request], Awaitable[Response]]


async def run(channel: Channel, part: Mapping[str, Any]) -> None:
    """Serve ``channel`` until its owner is gone.

    ``part``: ``seed``; ``node``, a plain NodeSpec whose settings are a plain Load and whose calls have the Load's policy;
    ``neighbours``, host and port of each callee as the load reaches it; ``lasts_s``, how long the play is;
    ``credentials``, plain Credentials or None; of a load that runs commands, ``environment``, their variables, and
    ``secrets``, the values to mask.
    """
    if part["node"]["settings"].get("command"):
        async with open_programs() as programs:
            secrets = Secrets(part["secrets"])
            commands = Commands(programs, from_plain(Load, part["node"]["settings"]), secrets, part["environment"])
            await _run(channel, part, commands.exchange)
    else:
        await _run(channel, part, None)


async def _run(channel: Channel, part: Mapping[str, Any], exchange: Exchange | None) -> None:
    """``exchange``: how requests are sent; without, by HTTP."""
    spec = from_plain(NodeSpec, part["node"])
    neighbours = {callee: (host, port) for callee, (host, port) in part["neighbours"].items()}
    tls = client_contexts(credentials_of(part), spec.calls)
    transport = HttpTransport(neighbours, limits=limits_of(spec.calls), tls=tls)
    unpacked = CompressedTransport(inner=transport, calls=spec.calls)
    signed = SignedTransport(inner=unpacked, caller=spec, keys=keys_of(os.environ), wall=time.time)
    generator = generator_of(
        spec,
        seed=part["seed"],
        lasts_s=part["lasts_s"],
        exchange=exchange or signed.exchange,
        sleep=trio.sleep,
        now=time.monotonic,
        wall=time.time,
        tell=channel.tell_event,
    )

    async def answer(question: Line) -> None:
        match question["do"]:
            case "play":
                generator.play(question["epoch"])
            case "rate":
                generator.change_rate(question["per_second"])
            case "drain":
                await generator.drain()
            case "address":
                pass
            case other:
                raise NotMadeError(f"load '{spec.name}' does not know how to {other}")

    try:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(generator.run)
            await channel.run(answer, lambda line: None)
            nursery.cancel_scope.cancel()
    finally:
        with trio.CancelScope(shield=True):
            await transport.aclose()
