"""The proxy that stands alone: one board, what was asked of it at the start, and the API to change it while it runs.

It ends politely on SIGINT and SIGTERM, and with it every listener and connection of its.
"""

from __future__ import annotations

import dataclasses
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import trio

from chaoscli.control import metrics
from chaoscli.control.addresses import API_PORT, AddressError, resolve_listen, split
from chaoscli.control.collection import Collection
from chaoscli.control.config import load_config
from chaoscli.control.fault_text import parse_fault
from chaoscli.control.replies import ApiError
from chaoscli.control.server import Api, end_toxics_in_time, keep_names_resolved, serve_api
from chaoscli.control.toxics import asked_as_toxic
from chaoscli.control.wire import ProxyAsked, ToxicAsked
from chaoscli.errors import NotMadeError, UsageError
from chaoscli.events import Event
from chaoscli.faults.base import MessageFault
from chaoscli.net.tcp import address_of, listen
from chaoscli.proxy.board import Board
from chaoscli.proxy.descriptors import allow_many
from chaoscli.proxy.engine import LINGER_S

# The one link of a proxy that is started with --upstream.
ONLY_LINK = "proxy"


@dataclass(frozen=True, slots=True, kw_only=True)
class ProxyOptions:
    """``port`` None: no API. ``upstream`` makes one link from the start, listening on ``listen``, with
    these faults (each in a line of text).

    ``poll_s``: how long the engine polls before it sleeps.
    """

    host: str = "localhost"
    port: int | None = API_PORT
    config: Path | None = None
    seed: int = 1
    poll_s: float = 0.0
    listen: str = ""
    upstream: str = ""
    http: bool = False
    udp: bool = False
    faults: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Serving:
    """What is up: the proxies, and where the API answers (None: nowhere)."""

    collection: Collection
    api: tuple[str, int] | None


def _quiet(event: Event) -> None:
    """Nobody listens."""


async def serve(
    options: ProxyOptions,
    *,
    tell: Callable[[Event], None] = _quiet,
    task_status: trio.TaskStatus[Serving] = trio.TASK_STATUS_IGNORED,
) -> None:
    """Serve until a signal comes or the task is cancelled. Events are stamped by the host's monotonic clock.

    UsageError or PlaybookError when the options or the configuration are wrong, NotMadeError when a port cannot be had.
    """
    asked = _asked(options)
    allow_many()
    board = Board(seed=options.seed, tell=tell, linger_s=LINGER_S, poll_s=options.poll_s)
    collection = Collection(board, now=time.monotonic, tell=tell)
    async with trio.open_nursery() as nursery:
        listeners = [] if options.port is None else [await _api_listener(options.host, options.port)]
        await nursery.start(board.run)
        nursery.start_soon(end_toxics_in_time, collection)
        nursery.start_soon(keep_names_resolved, collection)
        await _make(collection, asked)
        api = Api(collection, metrics=lambda: metrics.page(collection.totals()), own_name=options.host)
        if listeners:
            nursery.start_soon(serve_api, api, listeners, tell)
        with trio.open_signal_receiver(signal.SIGINT, signal.SIGTERM) as signals:
            task_status.started(Serving(collection=collection, api=address_of(listeners[0]) if listeners else None))
            await anext(signals)
        board.tell_all_measured()
        collection.stop()
        nursery.cancel_scope.cancel()


def _asked(options: ProxyOptions) -> list[ProxyAsked]:
    """The proxies to make before anything else."""
    asked = list(load_config(options.config)) if options.config is not None else []
    if options.upstream:
        _check_address("--upstream", options.upstream, least_port=1)
        if options.listen:
            _check_address("--listen", options.listen)
        faults = [parse_fault(text, udp=options.udp) for text in options.faults]
        http = options.http or any(isinstance(fault.fault, MessageFault) for fault in faults)
        toxics = _named([asked_as_toxic(fault) for fault in faults])
        asked.append(
            ProxyAsked(
                name=ONLY_LINK,
                listen=options.listen,
                upstream=options.upstream,
                http=http,
                protocol="udp" if options.udp else None,
                toxics=toxics,
            )
        )
    return asked


def _check_address(option: str, text: str, *, least_port: int = 0) -> None:
    """UsageError when a person's text is no address; the API takes anything for an upstream, and dials it in vain."""
    try:
        if split(text)[1] >= least_port:
            return
    except AddressError:
        pass
    raise UsageError(f"{option}: '{text}' is not a host and a port", hint="write it like 127.0.0.1:5432")


def _named(toxics: list[ToxicAsked]) -> tuple[ToxicAsked, ...]:
    """Each under the name of its kind, a number behind those that come again."""
    seen: dict[str, int] = {}
    named = []
    for toxic in toxics:
        seen[toxic.type] = seen.get(toxic.type, 0) + 1
        again = f"_{seen[toxic.type]}" if seen[toxic.type] > 1 else ""
        named.append(dataclasses.replace(toxic, name=toxic.type + again))
    return tuple(named)


async def _make(collection: Collection, asked: list[ProxyAsked]) -> None:
    try:
        await collection.populate(asked, lambda made: None)
    except ApiError as error:
        message = error.message.removeprefix("bad request body: ")
        if error.status < 500:
            raise UsageError(message) from error
        raise NotMadeError(message, hint=_way_out(message)) from error


def _way_out(message: str) -> str:
    return "stop the program that has the port, or choose another one" if "address already in use" in message else ""


async def _api_listener(host: str, port: int) -> trio.SocketListener:
    try:
        address = (await resolve_listen(f"[{host}]:{port}" if ":" in host else f"{host}:{port}"))[0]
    except AddressError as error:
        raise NotMadeError(f"cannot listen on {host}:{port}: {error}") from error
    return await listen(port, address)
