"""``chaos fault``, ``heal`` and ``ps`` against a proxy that is up."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import trio

from chaoscli.cli.steering import add_fault, heal, listing
from chaoscli.control.client import ControlClient
from chaoscli.control.fault_text import FaultTextError
from chaoscli.errors import UsageError
from tests.control.live import Live, start
from tests.support.command import chaos


@pytest.fixture
async def live(nursery: trio.Nursery) -> AsyncIterator[Live]:
    up = await start(nursery)
    await up.create("web")
    await up.create("clock", protocol="udp")
    yield up
    await up.aclose()


@pytest.fixture
def client(live: Live) -> ControlClient:
    return ControlClient(*live.api)


async def test_a_fault_comes_is_listed_and_goes(client: ControlClient) -> None:
    async def add(link: str, text: str, name: str) -> str:
        return await trio.to_thread.run_sync(add_fault, client, link, text, name)

    assert await add("web", "latency 20ms jitter 5ms", "") == ("web  latency_downstream: latency latency=20 jitter=5, downstream")
    assert await add("web", "silence share 50% for 1h", "cut") == "web  cut: silence, both, toxicity 0.5, for 3600s"
    assert await add("clock", "loss 5%", "") == "clock  loss_both: loss rate=0.05, both"
    proxies = await trio.to_thread.run_sync(client.proxies)
    upstream = proxies["web"]["upstream"]
    assert listing(proxies) == (
        f"clock  {proxies['clock']['listen']} -> {upstream}\n"
        "  loss_both: loss rate=0.05, both\n"
        f"web  {proxies['web']['listen']} -> {upstream}\n"
        "  cut: silence, both, toxicity 0.5, for 3600s\n"
        "  latency_downstream: latency latency=20 jitter=5, downstream"
    )

    async def take(link: str, name: str) -> str:
        return await trio.to_thread.run_sync(heal, client, link, name)

    assert await take("web", "cut") == "web  cut healed"
    assert await take("", "") == "clock  loss_both healed\nweb  latency_downstream healed"
    assert await take("", "") == "nothing to heal"


async def test_what_is_not_there_is_said_with_what_is(client: ControlClient) -> None:
    with pytest.raises(UsageError) as caught:
        await trio.to_thread.run_sync(add_fault, client, "wep", "silence", "")
    assert caught.value.render() == "there is no link 'wep'\n  did you mean 'web'?"
    with pytest.raises(UsageError) as caught:
        await trio.to_thread.run_sync(heal, client, "web", "cut")
    assert caught.value.render() == "web has no fault 'cut'\n  it has none at all"
    with pytest.raises(FaultTextError, match="unknown fault 'silense'"):
        await trio.to_thread.run_sync(add_fault, client, "web", "silense", "")


def test_a_disabled_link_and_no_link_are_said_to_be() -> None:
    web = {"listen": "localhost:1", "upstream": "u:2", "enabled": False, "toxics": []}
    assert listing({"web": web}) == "web  localhost:1 -> u:2  disabled"
    assert listing({}) == "no links"


async def test_the_verbs_do_it_from_the_command_line(live: Live, tmp_path: Path) -> None:
    port = ("--port", str(live.api[1]))

    async def run(*arguments: str) -> tuple[int, str, str]:
        folder = tmp_path / "-".join(arguments[:1])
        folder.mkdir(exist_ok=True)
        ended = await trio.to_thread.run_sync(lambda: chaos(*arguments, *port, folder=folder))
        return ended.code, ended.out, ended.err

    assert await run("fault", "web", "latency", "20ms") == (
        0,
        "web  latency_downstream: latency latency=20 jitter=0, downstream\n",
        "",
    )
    code, out, err = await run("ps", "--json")
    assert (code, err, list(json.loads(out))) == (0, "", ["clock", "web"])
    assert await run("heal", "web") == (0, "web  latency_downstream healed\n", "")
    code, out, err = await run("fault", "nothing", "silence")
    assert (code, out) == (2, "")
    assert err.startswith("chaos: there is no link 'nothing'\n")
