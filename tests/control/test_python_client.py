"""A Toxiproxy client from PyPI (toxiproxy-python) drives the API; it has only ever met the original."""

from __future__ import annotations

from typing import Any

import pytest
import trio

from tests.control.live import Live, round_trip

toxiproxy = pytest.importorskip("toxiproxy")

TYPES: dict[str, dict[str, int]] = {
    "latency": {"latency": 10, "jitter": 2},
    "bandwidth": {"rate": 100},
    "slow_close": {"delay": 100},
    "timeout": {"timeout": 1000},
    "reset_peer": {"timeout": 100},
    "slicer": {"average_size": 64, "size_variation": 32, "delay": 10},
    "limit_data": {"bytes": 1000},
    "noop": {},
}


@pytest.fixture
def client(live: Live) -> Any:
    server = toxiproxy.Toxiproxy()
    server.update_api_consumer(*live.api)
    return server


async def in_thread(call: Any, *arguments: Any, **named: Any) -> Any:
    return await trio.to_thread.run_sync(lambda: call(*arguments, **named))


async def test_it_finds_the_server_and_its_version(client: Any) -> None:
    assert await in_thread(client.running)
    assert await in_thread(client.version) == b'{"version": "2.12.0"}\n'


async def test_it_creates_finds_and_destroys_proxies(client: Any, live: Live) -> None:
    made = await in_thread(client.create, live.echo, "web")
    assert (made.name, made.upstream, made.enabled, made.listen[:10]) == ("web", live.echo, True, "127.0.0.1:")
    assert list(await in_thread(client.proxies)) == ["web"]
    assert (await in_thread(client.get_proxy, "web")).listen == made.listen
    assert await in_thread(client.destroy, made)
    assert await in_thread(client.proxies) == {}


async def test_it_is_told_what_exists_and_what_does_not(client: Any, live: Live) -> None:
    web = await in_thread(client.create, live.echo, "web")
    with pytest.raises(Exception, match="already exists"):
        await in_thread(client.create, live.echo, "web")
    with pytest.raises(Exception, match="invalid toxic type"):
        await in_thread(web.add_toxic, type="poison")
    await in_thread(web.add_toxic, type="latency", name="lag")
    with pytest.raises(Exception, match="toxic already exists"):
        await in_thread(web.add_toxic, type="latency", name="lag")
    with pytest.raises(Exception, match="toxic not found"):
        await in_thread(web.destroy_toxic, "other")
    await in_thread(web.destroy)
    with pytest.raises(Exception, match="proxy not found"):
        await in_thread(web.destroy)


async def test_it_populates(client: Any, live: Live) -> None:
    wanted = [{"name": name, "upstream": live.echo, "listen": "127.0.0.1:0"} for name in ("a", "b")]
    made = await in_thread(client.populate, wanted)
    assert [one.name for one in made] == ["a", "b"]
    again = [{"name": one.name, "upstream": one.upstream, "listen": one.listen} for one in made]
    assert await in_thread(client.populate, again) == []


@pytest.mark.parametrize("kind", TYPES)
@pytest.mark.parametrize("stream", ["upstream", "downstream"])
async def test_it_adds_and_removes_toxics_of_every_type(client: Any, live: Live, kind: str, stream: str) -> None:
    web = await in_thread(client.create, live.echo, "web")
    await in_thread(web.add_toxic, type=kind, stream=stream, attributes=TYPES[kind], toxicity=0.5)
    toxic = (await in_thread(web.toxics))[f"{kind}_{stream}"]
    assert (toxic.type, toxic.stream, toxic.toxicity, toxic.attributes) == (kind, stream, 0.5, TYPES[kind])
    assert await in_thread(web.destroy_toxic, toxic.name)
    assert await in_thread(web.toxics) == {}


async def test_it_takes_a_proxy_down_and_resets_everything(client: Any, live: Live) -> None:
    web = await in_thread(client.create, live.echo, "web")
    await in_thread(web.add_toxic, type="timeout", attributes={"timeout": 0})
    await in_thread(web.disable)
    with pytest.raises(OSError, match=r"refused|connect"):
        await live.connect({"listen": web.listen})
    assert await in_thread(client.reset)
    assert await in_thread(web.toxics) == {}
    async with await live.connect({"listen": web.listen}) as stream:
        assert await round_trip(stream) < 5.0
