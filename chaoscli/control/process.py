"""A world's proxy with the API beside it, when its owner asks for one: the world's links, steered from another terminal."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

import trio

from chaoscli.control import metrics
from chaoscli.control.collection import Collection
from chaoscli.control.server import Api, end_toxics_in_time, keep_names_resolved, serve_api
from chaoscli.net.channel import Channel, Line
from chaoscli.net.tcp import address_of, listen
from chaoscli.proxy import process
from chaoscli.proxy.board import Board


async def run(channel: Channel, part: Mapping[str, Any]) -> None:
    """What the proxy's own process does, and one question more: ``api`` (a port, and the links with their names,
    addresses, upstreams and whether they carry http) opens the API and answers its ``address``; refused when the port is taken.
    """
    async with trio.open_nursery() as nursery:

        async def open_api(board: Board, line: Line) -> Mapping[str, Any]:
            listener = await listen(line["port"])
            collection = Collection(board, now=time.monotonic, tell=channel.tell_event)
            for link in line["links"]:
                host, port = link["address"]
                upstream_host, upstream_port = link["upstream"]
                collection.adopt(link["name"], (host, port), (upstream_host, upstream_port), http=link["http"])
            api = Api(collection, metrics=lambda: metrics.page(collection.totals()))
            nursery.start_soon(end_toxics_in_time, collection)
            nursery.start_soon(keep_names_resolved, collection)
            nursery.start_soon(serve_api, api, [listener], channel.tell_event)
            return {"address": list(address_of(listener))}

        await process.run(channel, part, more={"api": open_api})
        nursery.cancel_scope.cancel()
