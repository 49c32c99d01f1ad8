"""The proxy as a process of its own, driven over its owner's channel; it ends when the channel does."""

from __future__ import annotations

import gc
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import trio

from chaoscli.errors import UsageError
from chaoscli.faults.base import BadSetting, Direction
from chaoscli.faults.catalogue import fault_from_plain
from chaoscli.faults.datagrams.catalogue import datagram_fault_from_plain
from chaoscli.net.channel import Channel, Line
from chaoscli.proxy.board import Board
from chaoscli.proxy.descriptors import allow_many
from chaoscli.proxy.links import COUNTS_EVERY_S

MoreAnswer = Callable[[Board, Line], Awaitable[Mapping[str, Any] | None]]


async def run(channel: Channel, part: Mapping[str, Any], *, more: Mapping[str, MoreAnswer] | None = None) -> None:
    """``part`` has the ``seed`` and the ``links``, each with its ``name`` and whether it carries ``http``.

    It answers ``links`` (their addresses), ``upstream`` (link, address), ``inject`` (name, kind, fault, share, targets),
    ``update`` (the same of one that is there),
    ``heal`` (name) and ``finish`` (the last counts, and what faults that are still there did); and what is in ``more``.
    """
    allow_many()
    # It does not linger: a playbook's traffic is thin, and the services beside it need the processor more.
    board = Board(seed=part["seed"], tell=channel.tell_event)
    async with trio.open_nursery() as nursery:
        await nursery.start(board.run)
        desk = _Desk(board, part, more or {})
        nursery.start_soon(_tell_counts, board)
        # What is alive now stays alive: the collector need not walk through it again and again.
        gc.collect()
        gc.freeze()
        await channel.run(desk.answer, _ignore)
        nursery.cancel_scope.cancel()


class _Desk:
    """Takes the owner's questions to the board."""

    def __init__(self, board: Board, part: Mapping[str, Any], more: Mapping[str, MoreAnswer]) -> None:
        self._board = board
        self._more = more
        self._addresses = {
            link["name"]: board.add_link(link["name"], upstream=None, http=link["http"], udp=link.get("udp", False))
            for link in part["links"]
        }

    async def answer(self, line: Line) -> Mapping[str, Any] | None:
        match line["do"]:
            case "links":
                return {"addresses": {name: list(address) for name, address in self._addresses.items()}}
            case "upstream":
                host, port = line["address"]
                self._board.set_upstream(line["link"], (host, port))
            case "inject":
                self._inject(line)
            case "update":
                self._board.update(line["name"], _fault(line), line.get("share", 1.0))
            case "heal":
                self._board.heal(line["name"])
            case "finish":
                self._board.tell_counts()
                self._board.tell_all_measured()
            case other if other in self._more:
                return await self._more[other](self._board, line)
            case unknown:
                raise UsageError(f"the proxy cannot do '{unknown}'")
        return None

    def _inject(self, line: Line) -> None:
        targets = [(link, Direction(direction)) for link, direction in line["targets"]]
        self._board.inject(line["name"], targets, _fault(line), line.get("share", 1.0))


def _fault(line: Line) -> Any:
    try:
        return (datagram_fault_from_plain if line.get("datagrams") else fault_from_plain)(line["kind"], line["fault"])
    except BadSetting as error:
        raise UsageError(str(error)) from None


async def _tell_counts(board: Board) -> None:
    while True:
        await trio.sleep(COUNTS_EVERY_S)
        board.tell_counts()


def _ignore(line: Line) -> None:
    """The owner has nothing to tell the proxy, only to ask."""
