"""The collection against a board that only remembers what it was asked."""

from __future__ import annotations

import dataclasses
import errno
import json
from collections.abc import Sequence
from typing import Any

import pytest

from chaoscli.control.addresses import Address, resolve_listen
from chaoscli.control.collection import Collection
from chaoscli.control.metrics import LinkTotals
from chaoscli.control.proxies import Carried
from chaoscli.control.routes import Task, route
from chaoscli.control.tasks import do
from chaoscli.control.toxics import Fault
from chaoscli.events import Event, FaultHealed, FaultInjected, Noted
from chaoscli.faults.base import Direction
from chaoscli.messages import Request, Response
from chaoscli.proxy.faulted_link import LinkCounts


class RememberingBoard:
    """Gives out ports from 9001 when any will do; those in ``taken`` cannot be had."""

    def __init__(self) -> None:
        self.did: list[str] = []
        self.links: list[str] = []
        self.taken: set[int] = set()
        self._port = 9000

    def add_link(
        self, name: str, *, listen: Address, upstream: Address | None, http: bool, udp: bool, closes_unreached: bool
    ) -> Address:
        assert closes_unreached, "Toxiproxy's clients wait for the end of the stream"
        host, port = listen
        if port in self.taken:
            raise OSError(errno.EADDRINUSE, "Address already in use")
        self._port += not port
        bound = (host, port or self._port)
        self.links.append(name)
        to = "?" if upstream is None else f"{upstream[0]}:{upstream[1]}"
        self.did.append(f"listen {name} {bound[0]}:{bound[1]} -> {to}{' http' if http else ''}{' udp' if udp else ''}")
        return bound

    def set_upstream(self, name: str, address: Address) -> None:
        self.did.append(f"upstream {name} {address[0]}:{address[1]}")

    def remove_link(self, name: str) -> None:
        self.links.remove(name)
        self.did.append(f"close {name}")

    def inject(self, name: str, links: Sequence[tuple[str, Direction]], fault: Fault, share: float = 1.0) -> None:
        where = " and ".join(f"{link} {direction.value}" for link, direction in links)
        self.did.append(f"inject {name} on {where}: {fault.words()} for {share:g}")

    def update(self, name: str, fault: Fault, share: float = 1.0) -> None:
        self.did.append(f"update {name}: {fault.words()} for {share:g}")

    def heal(self, name: str) -> None:
        self.did.append(f"heal {name}")

    def counts_of(self, name: str) -> LinkCounts:
        """As if every link had carried one request of 10 bytes with a reply of 20."""
        touched = {"web/lag": 3, "web/other": 4}
        assert name in self.links
        return LinkCounts(
            connections=1,
            open=1,
            bytes_request=10,
            bytes_reply=20,
            sent_request=9,
            sent_reply=18,
            requests=0,
            held_bytes=0,
            touched=touched,
        )


class Desk:
    """A collection to send requests to, on a clock that stands still until told."""

    def __init__(self) -> None:
        self.board = RememberingBoard()
        self.time_s = 100.0
        self.told: list[Event] = []
        self.collection = Collection(self.board, now=lambda: self.time_s, tell=self.told.append, resolve=resolve_listen)

    async def ask(self, method: str, target: str, value: Any = None) -> Response:
        body = value if isinstance(value, bytes) else b"" if value is None else json.dumps(value).encode()
        task = route(Request(method=method, target=target, body=body))
        assert isinstance(task, Task)
        return await do(task, self.collection)

    async def asked(self, method: str, target: str, value: Any = None) -> Any:
        """The reply as (status, JSON)."""
        response = await self.ask(method, target, value)
        return response.status, json.loads(response.body) if response.body else None

    def done(self) -> list[str]:
        """What the board was asked since last time."""
        did, self.board.did = self.board.did, []
        return did


WEB = {"name": "web", "listen": "localhost:3310", "upstream": "localhost:80"}
WEB_SHOWN = {"name": "web", "listen": "127.0.0.1:3310", "upstream": "localhost:80", "enabled": True, "Logger": {}, "toxics": []}
LAG = {"attributes": {"latency": 100, "jitter": 5}, "name": "lag", "type": "latency", "stream": "upstream", "toxicity": 0.5}


@pytest.fixture
def desk() -> Desk:
    return Desk()


@pytest.fixture
async def web(desk: Desk) -> Desk:
    """A desk with one proxy on it."""
    assert await desk.asked("POST", "/proxies", WEB) == (201, WEB_SHOWN)
    desk.done()
    return desk


# -- proxies -----------------------------------------------------------------------------------------------------------------


async def test_a_proxy_listens_where_it_was_asked_to_and_says_so(desk: Desk) -> None:
    response = await desk.ask("POST", "/proxies", WEB)
    assert response.status == 201
    assert response.body == (
        b'{"name":"web","listen":"127.0.0.1:3310","upstream":"localhost:80","enabled":true,"Logger":{},"toxics":[]}'
    )
    assert desk.done() == ["listen web 127.0.0.1:3310 -> 127.0.0.1:80"]


async def test_a_proxy_made_disabled_keeps_the_text_of_its_address(desk: Desk) -> None:
    shown = {**WEB_SHOWN, "listen": "localhost:3310", "enabled": False}
    assert await desk.asked("POST", "/proxies", {**WEB, "enabled": False}) == (201, shown)
    assert desk.done() == []
    assert await desk.asked("POST", "/proxies/web", {"enabled": True}) == (200, WEB_SHOWN)


@pytest.mark.parametrize(
    ("value", "status", "message"),
    [
        (b"", 400, "bad request body: EOF"),
        (b"{bad}", 400, "bad request body: invalid character 'b' looking for beginning of object key string"),
        ({}, 400, "missing required field: name"),
        ({"name": "db"}, 400, "missing required field: upstream"),
        ({"name": "web", "upstream": "x"}, 409, "proxy already exists"),
        ({"name": "db", "upstream": "x", "listen": "local373"}, 500, "listen tcp: address local373: missing port in address"),
        ({"name": "db", "upstream": "x", "listen": "localhost:1"}, 500, "listen tcp 127.0.0.1:1: bind: address already in use"),
    ],
)
async def test_a_proxy_that_cannot_be_made_is_refused_with_the_reason(web: Desk, value: Any, status: int, message: str) -> None:
    web.board.taken = {1}
    assert await web.asked("POST", "/proxies", value) == (status, {"error": message, "status": status})
    assert web.done() == []
    assert await web.asked("GET", "/proxies") == (200, {"web": WEB_SHOWN})


async def test_proxies_are_listed_by_name_in_order(web: Desk) -> None:
    assert (await Desk().ask("GET", "/proxies")).body == b"{}"
    await web.ask("POST", "/proxies", {"name": "api", "upstream": "localhost:81"})
    status, listed = await web.asked("GET", "/proxies")
    assert (status, list(listed)) == (200, ["api", "web"])
    assert await web.asked("GET", "/proxies/web") == (200, WEB_SHOWN)


async def test_what_is_not_there_is_not_found(web: Desk) -> None:
    no_proxy, no_toxic = {"error": "proxy not found", "status": 404}, {"error": "toxic not found", "status": 404}
    for method, target in (
        ("GET", ""),
        ("POST", ""),
        ("DELETE", ""),
        ("GET", "/toxics"),
        ("POST", "/toxics"),
        ("GET", "/toxics/lag"),
    ):
        assert await web.asked(method, f"/proxies/db{target}", b"{broken") == (404, no_proxy)
    for method in ("GET", "POST", "PATCH", "DELETE"):
        assert await web.asked(method, "/proxies/web/toxics/lag", b"{broken") == (404, no_toxic)


async def test_a_deleted_proxy_is_closed_and_forgotten(web: Desk) -> None:
    assert await web.asked("DELETE", "/proxies/web") == (204, None)
    assert web.done() == ["close web"]
    assert await web.asked("GET", "/proxies") == (200, {})


@pytest.mark.parametrize(
    "value",
    [{}, None, {"enabled": None}, {"listen": "127.0.0.1:3310"}, {"listen": "localhost:3310"}, {**WEB_SHOWN, "name": "other"}],
)
async def test_an_update_that_changes_nothing_leaves_connections_alone(web: Desk, value: Any) -> None:
    assert await web.asked("PATCH", "/proxies/web", b"null" if value is None else value) == (200, WEB_SHOWN)
    assert web.done() == []


async def test_another_upstream_restarts_the_proxy_where_it_was_with_its_toxics(web: Desk) -> None:
    await web.ask("POST", "/proxies/web/toxics", LAG)
    web.done()
    shown = {**WEB_SHOWN, "upstream": "localhost:81", "toxics": [LAG]}
    assert await web.asked("POST", "/proxies/web", {"upstream": "localhost:81"}) == (200, shown)
    assert web.done() == [
        "close web",
        "listen web 127.0.0.1:3310 -> 127.0.0.1:81",
        "inject web/lag on web request: latency 100ms ± 5ms for 0.5",
    ]


async def test_a_disabled_proxy_stops_listening_and_comes_back_on_its_port(desk: Desk) -> None:
    await desk.ask("POST", "/proxies", {**WEB, "listen": "localhost:0"})
    assert await desk.asked("POST", "/proxies/web", {"enabled": False}) == (
        200,
        {**WEB_SHOWN, "listen": "127.0.0.1:9001", "enabled": False},
    )
    assert await desk.asked("POST", "/proxies/web", {"enabled": True}) == (200, {**WEB_SHOWN, "listen": "127.0.0.1:9001"})
    assert desk.done() == ["listen web 127.0.0.1:9001 -> 127.0.0.1:80", "close web", "listen web 127.0.0.1:9001 -> 127.0.0.1:80"]


async def test_a_free_port_asked_for_again_is_another_port(desk: Desk) -> None:
    await desk.ask("POST", "/proxies", {**WEB, "listen": "localhost:0"})
    assert await desk.asked("POST", "/proxies/web", {"listen": "localhost:0"}) == (200, {**WEB_SHOWN, "listen": "127.0.0.1:9002"})


async def test_a_disabled_proxy_given_another_address_keeps_its_text(web: Desk) -> None:
    shown = {**WEB_SHOWN, "listen": "localhost:55555", "enabled": False}
    assert await web.asked("POST", "/proxies/web", {"listen": "localhost:55555", "enabled": False}) == (200, shown)
    assert web.done() == ["close web"]


async def test_a_proxy_that_cannot_move_is_left_disabled_at_its_new_address(web: Desk) -> None:
    web.board.taken = {1}
    error = {"error": "listen tcp 127.0.0.1:1: bind: address already in use", "status": 500}
    assert await web.asked("POST", "/proxies/web", {"listen": "localhost:1"}) == (500, error)
    assert await web.asked("GET", "/proxies/web") == (200, {**WEB_SHOWN, "listen": "localhost:1", "enabled": False})
    wrong = {"error": "address local373: missing port in address", "status": 500}
    assert await web.asked("POST", "/proxies/web", {"listen": "local373"}) == (500, wrong)


async def test_an_upstream_that_is_no_address_is_taken_and_fails_when_dialled(web: Desk) -> None:
    status, shown = await web.asked("POST", "/proxies/web", {"upstream": ""})
    assert (status, shown["upstream"]) == (200, "")
    assert web.done() == ["close web", "listen web 127.0.0.1:3310 -> 127.0.0.1:0"]


# -- lists -------------------------------------------------------------------------------------------------------------------


async def test_a_list_makes_what_is_new_keeps_what_is_the_same_and_replaces_what_differs(web: Desk) -> None:
    await web.ask("POST", "/proxies/web/toxics", LAG)
    await web.ask("POST", "/proxies", {"name": "db", "listen": "localhost:5432", "upstream": "localhost:1"})
    web.done()
    status, listed = await web.asked(
        "POST",
        "/populate",
        [
            {**WEB, "enabled": False},
            {"name": "db", "listen": "localhost:5432", "upstream": "localhost:2"},
            {"name": "new", "upstream": "u:3"},
        ],
    )
    assert status == 201
    assert listed["proxies"][0] == {**WEB_SHOWN, "toxics": [LAG]}
    assert [(one["name"], one["listen"]) for one in listed["proxies"][1:]] == [
        ("db", "127.0.0.1:5432"),
        ("new", "127.0.0.1:9001"),
    ]
    assert web.done() == ["close db", "listen db 127.0.0.1:5432 -> 127.0.0.1:2", "listen new 127.0.0.1:9001 -> ?"]


async def test_an_empty_list_makes_nothing(desk: Desk) -> None:
    assert await desk.asked("POST", "/populate", []) == (201, {"proxies": []})


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ({"name": "web"}, "bad request body: json: cannot unmarshal object into Go value of type []toxiproxy.Proxy"),
        ([WEB, {"upstream": "u:1"}], "missing required field: name at proxy 2"),
        ([WEB, {"name": "db"}], "missing required field: upstream at proxy 2"),
        ([{**WEB, "toxics": [{"type": "poison"}]}], "invalid toxic type"),
        ([{**WEB, "toxics": [LAG, LAG]}], "toxic already exists"),
    ],
)
async def test_a_list_with_a_mistake_in_it_makes_nothing(desk: Desk, value: Any, message: str) -> None:
    status = 409 if "exists" in message else 400
    assert await desk.asked("POST", "/populate", value) == (status, {"error": message, "status": status, "proxies": None})
    assert desk.done() == []


async def test_a_list_ends_at_the_first_that_cannot_listen(desk: Desk) -> None:
    desk.board.taken = {1}
    value = [WEB, {"name": "db", "listen": "localhost:1", "upstream": "u:1"}, {"name": "late", "upstream": "u:2"}]
    assert await desk.asked("POST", "/populate", value) == (
        500,
        {"error": "listen tcp 127.0.0.1:1: bind: address already in use", "status": 500, "proxies": [WEB_SHOWN]},
    )
    assert await desk.asked("GET", "/proxies") == (200, {"web": WEB_SHOWN})


async def test_toxics_written_inside_a_proxy_are_there_from_the_start(desk: Desk) -> None:
    assert await desk.asked("POST", "/populate", [{**WEB, "toxics": [LAG]}]) == (
        201,
        {"proxies": [{**WEB_SHOWN, "toxics": [LAG]}]},
    )
    assert desk.done() == [
        "listen web 127.0.0.1:3310 -> 127.0.0.1:80",
        "inject web/lag on web request: latency 100ms ± 5ms for 0.5",
    ]


async def test_a_reset_starts_every_proxy_and_takes_every_toxic_away(web: Desk) -> None:
    await web.ask("POST", "/proxies/web/toxics", LAG)
    await web.ask("POST", "/proxies/web", {"enabled": False})
    await web.ask("POST", "/proxies", {"name": "db", "upstream": "localhost:1"})
    await web.ask("POST", "/proxies/db/toxics", {"type": "latency"})
    web.done()
    assert await web.asked("POST", "/reset", b"anything") == (204, None)
    assert web.done() == [
        "listen web 127.0.0.1:3310 -> 127.0.0.1:80",
        "inject web/lag on web request: latency 100ms ± 5ms for 0.5",
        "heal web/lag",
        "heal db/latency_downstream",
    ]
    assert await web.asked("GET", "/proxies/web") == (200, WEB_SHOWN)


async def test_a_reset_ends_at_the_first_that_cannot_start(web: Desk) -> None:
    await web.ask("POST", "/proxies", {"name": "db", "listen": "localhost:1", "upstream": "localhost:1", "enabled": False})
    await web.ask("POST", "/proxies", {"name": "last", "upstream": "localhost:1", "toxics": [LAG]})
    web.board.taken = {1}
    error = {"error": "listen tcp 127.0.0.1:1: bind: address already in use", "status": 500}
    assert await web.asked("POST", "/reset") == (500, error)
    status, last = await web.asked("GET", "/proxies/last")
    assert (status, last["toxics"]) == (200, [LAG])


# -- names -------------------------------------------------------------------------------------------------------------------


async def test_a_named_upstream_waits_until_its_name_is_known(desk: Desk) -> None:
    wanted: list[list[str]] = []
    desk.collection.name_wanted = lambda: wanted.append(desk.collection.names())
    await desk.ask("POST", "/proxies", {**WEB, "upstream": "db.test:5432"})
    assert wanted == [["db.test"]]
    desk.collection.resolved("db.test", "192.0.2.7")
    assert desk.done() == ["listen web 127.0.0.1:3310 -> ?", "upstream web 192.0.2.7:5432"]
    await desk.ask("POST", "/proxies", {"name": "two", "upstream": "db.test:5433"})
    assert desk.done() == ["listen two 127.0.0.1:9001 -> 192.0.2.7:5433"]


async def test_a_name_that_stands_for_nothing_leads_nowhere_until_it_stands_for_something(desk: Desk) -> None:
    await desk.ask("POST", "/proxies", {**WEB, "upstream": "db.test:5432"})
    for address in (None, "192.0.2.7", None):
        desk.collection.resolved("db.test", address)
    assert desk.done() == ["listen web 127.0.0.1:3310 -> ?", "upstream web 127.0.0.1:0", "upstream web 192.0.2.7:5432"]


# -- toxics ------------------------------------------------------------------------------------------------------------------


async def test_a_toxic_becomes_a_fault_and_is_shown_as_it_was_asked_for(web: Desk) -> None:
    response = await web.ask("POST", "/proxies/web/toxics", LAG)
    assert (response.status, response.body) == (
        200,
        b'{"attributes":{"latency":100,"jitter":5},"name":"lag","type":"latency","stream":"upstream","toxicity":0.5}',
    )
    assert web.done() == ["inject web/lag on web request: latency 100ms ± 5ms for 0.5"]
    assert await web.asked("GET", "/proxies/web/toxics/lag") == (200, LAG)


@pytest.mark.parametrize(
    ("asked", "shown", "where"),
    [
        (
            {"type": "latency"},
            {"attributes": {"latency": 0, "jitter": 0}, "name": "latency_downstream", "stream": "downstream", "toxicity": 1},
            "web reply",
        ),
        (
            {"type": "latency", "stream": "UpStream", "attributes": None, "toxicity": 7.5},
            {"attributes": {"latency": 0, "jitter": 0}, "name": "latency_UpStream", "stream": "UpStream", "toxicity": 7.5},
            "web request",
        ),
        (
            {"type": "latency", "stream": "both", "attributes": {"LATENCY": 5, "jitter": None, "unknown": "x"}, "toxicity": 0},
            {"attributes": {"latency": 5, "jitter": 0}, "name": "latency_both", "stream": "both", "toxicity": 0},
            "web request and web reply",
        ),
    ],
)
async def test_what_was_not_said_has_its_default(web: Desk, asked: Any, shown: Any, where: str) -> None:
    assert await web.asked("POST", "/proxies/web/toxics", asked) == (200, {**shown, "type": "latency"})
    assert web.done()[0].startswith(f"inject web/{shown['name']} on {where}: ")


def _latency(**attributes: Any) -> dict[str, Any]:
    return {"type": "latency", "attributes": attributes}


_NOT_INT = "Go struct field LatencyToxic.attributes.latency of type int64"
_NOT_AN_OBJECT = "json: cannot unmarshal number into Go struct field ToxicWrapper.attributes of type toxics.Toxic"
_BAD_STREAM = "stream was invalid, can be either upstream or downstream"


@pytest.mark.parametrize(
    ("value", "status", "message"),
    [
        (b"", 400, "bad request body: EOF"),
        ({"type": "latency", "attributes": 5}, 400, f"bad request body: {_NOT_AN_OBJECT}"),
        ({"type": "poison", "stream": "sideways"}, 400, _BAD_STREAM),
        ({"type": "latency", "stream": ""}, 400, _BAD_STREAM),
        ({}, 400, "invalid toxic type"),
        ({"type": "down"}, 400, "invalid toxic type"),
        ({**_latency(latency="x"), "name": "lag"}, 409, "toxic already exists"),
        (_latency(latency=100.5), 400, f"bad request body: json: cannot unmarshal number 100.5 into {_NOT_INT}"),
        (_latency(latency="100"), 400, f"bad request body: json: cannot unmarshal string into {_NOT_INT}"),
        (_latency(latency=2**63), 400, f"bad request body: json: cannot unmarshal number 9223372036854775808 into {_NOT_INT}"),
        (_latency(latency=-1), 400, "bad request body: latency: latency cannot be negative"),
        (_latency(correlation=2), 400, "bad request body: latency: correlation is a share from 0 to 1"),
        (_latency(correlation="half"), 400, "bad request body: latency: 'half' is not a share, like 5% or 0.05"),
        ({"type": "drop"}, 400, 'bad request body: drop harms HTTP messages: create the proxy with "http": true'),
    ],
)
async def test_a_toxic_that_cannot_be_is_refused_with_the_reason(web: Desk, value: Any, status: int, message: str) -> None:
    await web.ask("POST", "/proxies/web/toxics", LAG)
    web.done()
    assert await web.asked("POST", "/proxies/web/toxics", value) == (status, {"error": message, "status": status})
    assert web.done() == []
    assert await web.asked("GET", "/proxies/web/toxics") == (200, [LAG])


async def test_toxics_are_listed_upstream_first_each_in_the_order_of_their_coming(web: Desk) -> None:
    for name, stream in (("a", "downstream"), ("b", "upstream"), ("c", "both"), ("d", "downstream"), ("e", "Upstream")):
        await web.ask("POST", "/proxies/web/toxics", {"name": name, "type": "noop", "stream": stream})
    _, listed = await web.asked("GET", "/proxies/web/toxics")
    assert [toxic["name"] for toxic in listed] == ["b", "e", "c", "a", "d"]
    assert web.done() == []


async def test_an_update_changes_what_was_said_and_nothing_else(web: Desk) -> None:
    await web.ask("POST", "/proxies/web/toxics", LAG)
    web.done()
    asked = {"attributes": {"Jitter": 20, "latency": None}, "name": "other", "type": "timeout", "stream": "downstream"}
    changed = {**LAG, "attributes": {"latency": 100, "jitter": 20}}
    assert await web.asked("PATCH", "/proxies/web/toxics/lag", asked) == (200, changed)
    assert await web.asked("POST", "/proxies/web/toxics/lag", {"toxicity": 1}) == (200, {**changed, "toxicity": 1})
    assert web.done() == ["update web/lag: latency 100ms ± 20ms for 0.5", "update web/lag: latency 100ms ± 20ms for 1"]


async def test_an_update_with_a_mistake_changes_nothing(web: Desk) -> None:
    await web.ask("POST", "/proxies/web/toxics", LAG)
    web.done()
    status, _ = await web.asked("POST", "/proxies/web/toxics/lag", {"toxicity": 0.1, "attributes": {"latency": -5}})
    assert status == 400
    assert await web.asked("GET", "/proxies/web/toxics") == (200, [LAG])
    assert web.done() == []


async def test_a_toxic_of_a_disabled_proxy_waits_for_it(web: Desk) -> None:
    await web.ask("POST", "/proxies/web", {"enabled": False})
    await web.ask("POST", "/proxies/web/toxics", LAG)
    await web.ask("POST", "/proxies/web/toxics/lag", {"toxicity": 1})
    await web.ask("POST", "/proxies/web/toxics", {"name": "gone", "type": "latency"})
    await web.ask("DELETE", "/proxies/web/toxics/gone")
    assert web.done() == ["close web"]
    await web.ask("POST", "/proxies/web", {"enabled": True})
    assert web.done()[1:] == ["inject web/lag on web request: latency 100ms ± 5ms for 1"]


async def test_a_removed_toxic_heals(web: Desk) -> None:
    await web.ask("POST", "/proxies/web/toxics", LAG)
    assert await web.asked("DELETE", "/proxies/web/toxics/lag") == (204, None)
    assert web.done()[-1] == "heal web/lag"
    assert await web.asked("GET", "/proxies/web/toxics") == (200, [])


async def test_names_with_slashes_do_not_get_in_each_other_s_way(desk: Desk) -> None:
    await desk.ask("POST", "/proxies", {"name": "a/b", "upstream": "localhost:1", "toxics": [{"name": "c", "type": "silence"}]})
    await desk.ask("POST", "/proxies", {"name": "a", "upstream": "localhost:1", "toxics": [{"name": "b/c", "type": "silence"}]})
    assert [line.split()[:2] for line in desk.done()[1::2]] == [["inject", "a/b/c"], ["inject", "a/b/c'"]]


# -- what is told of it ------------------------------------------------------------------------------------------------------


async def test_faults_are_told_as_they_come_change_and_go(web: Desk) -> None:
    await web.ask("POST", "/proxies/web/toxics", LAG)
    web.time_s = 101.0
    await web.ask("POST", "/proxies/web/toxics/lag", {"toxicity": 1})
    await web.ask("DELETE", "/proxies/web/toxics/lag")
    assert web.told == [
        FaultInjected(
            at=100.0,
            fault="web/lag",
            kind="latency",
            text="latency 100ms ± 5ms, toxicity 0.5, upstream",
            targets=("web",),
            asked_at=100.0,
        ),
        Noted(at=101.0, source="web/lag", text="now latency 100ms ± 5ms"),
        FaultHealed(at=101.0, fault="web/lag", asked_at=101.0),
    ]


async def test_what_a_proxy_carried_is_kept_when_it_stops(web: Desk) -> None:
    await web.ask("POST", "/proxies/web/toxics", LAG)
    await web.ask("POST", "/proxies/web", {"enabled": False})
    stopped = LinkTotals(
        proxy="web",
        listener="127.0.0.1:3310",
        upstream="localhost:80",
        carried=Carried(connections=1, bytes_request=10, bytes_reply=20, sent_request=9, sent_reply=18),
    )
    assert web.collection.totals() == [stopped]
    await web.ask("POST", "/proxies/web", {"enabled": True})
    carried = Carried(connections=2, bytes_request=20, bytes_reply=40, sent_request=18, sent_reply=36)
    assert web.collection.totals() == [dataclasses.replace(stopped, carried=carried, open=1, touched={"lag": 3})]


# -- what is ours ------------------------------------------------------------------------------------------------------------


async def test_a_toxic_with_a_duration_heals_by_itself(web: Desk) -> None:
    status, shown = await web.asked("POST", "/proxies/web/toxics", {**LAG, "duration": "1500ms"})
    assert (status, shown) == (200, {**LAG, "duration": 1500})
    assert web.collection.next_end() == 101.5
    web.time_s = 101.4
    web.collection.end_due()
    assert web.done() == ["inject web/lag on web request: latency 100ms ± 5ms for 0.5"]
    web.time_s = 101.5
    web.collection.end_due()
    assert web.done() == ["heal web/lag"]
    assert await web.asked("GET", "/proxies/web/toxics") == (200, [])
    assert web.collection.next_end() == float("inf")


async def test_a_new_duration_counts_from_the_update(web: Desk) -> None:
    await web.ask("POST", "/proxies/web/toxics", {**LAG, "duration": 1000})
    web.time_s = 100.9
    await web.ask("POST", "/proxies/web/toxics/lag", {"duration": 1000})
    assert web.collection.next_end() == 101.9


async def test_our_own_faults_are_types_with_their_fields_as_attributes(web: Desk) -> None:
    toxic = {"attributes": {}, "name": "quiet", "type": "silence", "stream": "both", "toxicity": 1}
    assert await web.asked("POST", "/proxies/web/toxics", toxic) == (200, toxic)
    heavy = {**LAG, "attributes": {"latency": 100, "jitter": 5, "distribution": "pareto", "correlation": "25%"}, "name": "heavy"}
    assert await web.asked("POST", "/proxies/web/toxics", heavy) == (200, heavy)
    assert web.done() == [
        "inject web/quiet on web request and web reply: silence for 1",
        "inject web/heavy on web request: latency 100ms ± 5ms pareto, 25% correlated for 0.5",
    ]


async def test_the_toxicity_of_a_message_fault_is_the_chance_of_each_request(desk: Desk) -> None:
    status, shown = await desk.asked("POST", "/proxies", {**WEB, "http": True})
    assert (status, shown["http"]) == (201, True)
    toxic = {
        "attributes": {"what": "reply", "path": "/api"},
        "name": "lost",
        "type": "drop",
        "stream": "downstream",
        "toxicity": 0.25,
    }
    assert await desk.asked("POST", "/proxies/web/toxics", toxic) == (200, toxic)
    assert desk.done() == [
        "listen web 127.0.0.1:3310 -> 127.0.0.1:80 http",
        "inject web/lost on web reply: drop reply 25%, /api for 1",
    ]


@pytest.mark.parametrize(
    ("said", "what"),
    [
        ({}, "request"),
        ({"stream": "upstream"}, "request"),
        ({"stream": "Downstream"}, "reply"),
        ({"stream": "downstream", "attributes": {"what": "request"}}, "request"),
        ({"stream": "upstream", "attributes": {"What": "reply"}}, "reply"),
    ],
)
async def test_the_stream_says_which_message_is_dropped_where_nothing_else_does(desk: Desk, said: Any, what: str) -> None:
    await desk.asked("POST", "/proxies", {**WEB, "http": True})
    status, _shown = await desk.asked("POST", "/proxies/web/toxics", {"type": "drop", "name": "lost", **said})
    assert status == 200
    assert f": drop {what} for 1" in desk.done()[-1]


@pytest.mark.parametrize(
    ("toxic", "stream"),
    [
        ({"type": "drop"}, "upstream"),
        ({"type": "drop", "attributes": {"what": "reply"}}, "downstream"),
        ({"type": "late", "attributes": {"by": "1s"}}, "downstream"),
        ({"type": "late", "attributes": {"by": "1s", "what": "request"}}, "upstream"),
        ({"type": "latency"}, "downstream"),
    ],
)
async def test_a_stream_that_was_not_said_is_where_the_toxic_acts(desk: Desk, toxic: Any, stream: str) -> None:
    """So that what a server shows, sent back to it, means the same."""
    await desk.asked("POST", "/proxies", {**WEB, "http": True})
    _status, shown = await desk.asked("POST", "/proxies/web/toxics", toxic)
    done = desk.done()[-1]
    assert (shown["stream"], shown["name"]) == (stream, f"{toxic['type']}_{stream}")

    await desk.asked("DELETE", f"/proxies/web/toxics/{shown['name']}")
    desk.done()
    assert await desk.asked("POST", "/proxies/web/toxics", shown) == (
        200,
        {**shown, "attributes": {**shown["attributes"]}} | _aim(shown),
    )
    assert desk.done()[-1] == done


def _aim(shown: Any) -> Any:
    """A stream that is said is also written down as the message it stands for."""
    if shown["type"] == "latency":
        return {}
    what = {"upstream": "request", "downstream": "reply"}[shown["stream"]]
    return {"attributes": {**shown["attributes"], "what": what}}


async def test_a_proxy_that_cannot_listen_again_after_a_heal_is_stopped_and_says_why(
    web: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    def taken(name: str) -> None:
        raise OSError(errno.EADDRINUSE, "Address already in use")

    await web.asked("POST", "/proxies/web/toxics", {"type": "refuse", "name": "down"})
    monkeypatch.setattr(web.board, "heal", taken)
    reason = "listen tcp 127.0.0.1:3310: bind: address already in use"
    assert await web.asked("DELETE", "/proxies/web/toxics/down") == (500, {"error": reason, "status": 500})
    assert await web.asked("GET", "/proxies/web") == (200, {**WEB_SHOWN, "enabled": False})


async def test_a_name_that_stands_for_nothing_is_told_once(desk: Desk) -> None:
    await desk.asked("POST", "/proxies", {**WEB, "upstream": "db.test:5432"})
    for _ in range(2):
        desk.collection.resolved("db.test", None)
    assert desk.told == [
        Noted(at=100.0, source="db.test", text="this name of an upstream stands for no address", level="warning")
    ]


async def test_a_fault_of_one_message_cannot_be_on_both(desk: Desk) -> None:
    await desk.asked("POST", "/proxies", {**WEB, "http": True})
    reason = "bad request body: late harms one message: upstream is the request, downstream the reply"
    late = {"type": "late", "stream": "both", "attributes": {"by": "1s"}}
    assert await desk.asked("POST", "/proxies/web/toxics", late) == (400, {"error": reason, "status": 400})
