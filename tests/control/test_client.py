from __future__ import annotations

import socket
from collections.abc import Callable
from typing import Any

import pytest
import trio

from chaoscli.control.client import ControlClient
from chaoscli.errors import NotMadeError, UsageError
from tests.control.live import Live


async def in_thread(call: Callable[..., Any], *arguments: Any) -> Any:
    return await trio.to_thread.run_sync(call, *arguments)


async def test_it_lists_poisons_cures_and_resets(live: Live) -> None:
    client = ControlClient(*live.api)
    await live.create("order -> inventory")
    assert list(await in_thread(client.proxies)) == ["order -> inventory"]
    added = await in_thread(client.add_toxic, "order -> inventory", {"type": "latency", "attributes": {"latency": 5}})
    assert added["name"] == "latency_downstream"
    await in_thread(client.remove_toxic, "order -> inventory", "latency_downstream")
    assert (await in_thread(client.set_enabled, "order -> inventory", False))["enabled"] is False
    await in_thread(client.reset)
    assert (await in_thread(client.proxies))["order -> inventory"]["enabled"] is True
    assert "chaos_connections_total" in await in_thread(client.metrics)


async def test_a_refusal_is_told_in_the_server_s_words(live: Live) -> None:
    client = ControlClient(*live.api)
    with pytest.raises(UsageError, match=r"^proxy not found$"):
        await in_thread(client.add_toxic, "nothing", {"type": "latency"})


def test_a_server_that_is_not_there_is_said_to_be() -> None:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        port = sock.getsockname()[1]
        with pytest.raises(NotMadeError, match=f"^no proxy answers on 127.0.0.1:{port}: "):
            ControlClient(port=port).proxies()
