"""Whatever a request says, a service answers it: with a status of its contract, and never by failing itself."""

from __future__ import annotations

import json
from typing import Any

import pytest
import trio
from hypothesis import given, settings
from hypothesis import strategies as st
from trio.testing import MockClock

from chaoscli.events import Noted
from chaoscli.messages import Headers
from chaoscli.services.catalogue import KINDS
from tests.services.shop import Shop

# What a wire can bring: h11 lets through visible ASCII in targets, and any Latin-1 without line ends in headers.
VISIBLE = st.text(st.characters(min_codepoint=0x21, max_codepoint=0x7E), max_size=12)
WORDS = st.sampled_from(
    [
        "api", "orders", "inventory", "check", "reserve", "payment", "charge", "topics", "lease", "ack", "register", "actuator",
        "health", "BOOK-001", "1", "0", "-1", "%00", "%FF", "%2F", "..", "", "a.b.c",
    ]
)  # fmt: skip
QUERIES = st.sampled_from(
    [
        "",
        "?",
        "?quantity=1",
        "?quantity=&quantity=2",
        "?wait=1",
        "?items=2",
        "?items=x",
        "?" + "a&" * 200,
        "?%=%",
        "?group=g&wait=0",
        "?after=0",
        "?client=me",
    ]
)
PLACES = st.sampled_from(
    [
        "/api/orders", "/api/inventory/check/BOOK-001", "/api/inventory/reserve/BOOK-001",
        "/api/inventory/release/BOOK-001", "/payment/charge",
        "/payment/refund", "/bank/charge", "/bank/refund", "/api/users/validate/CUST-1", "/api/prices/BOOK-001", "/topics/t",
        "/api/shipments", "/api/shipments/x", "/registry", "/registry/a/b", "/store/k", "/a%0Ab", "/topics/t/dead",
        "/topics/t/lease", "/topics/t/ack/1", "/register/k", "/actuator/metrics", "*",
    ]
)  # fmt: skip
PATHS = PLACES | st.lists(WORDS | VISIBLE, max_size=5).map(lambda parts: "/" + "/".join(parts))
JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=5)
    | st.sampled_from(["C", "BOOK-001", 1, "\ud800"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.fixed_dictionaries({"productId": inner, "quantity": inner, "customerId": inner})
        | st.fixed_dictionaries({"userId": inner, "amount": inner})
        | st.fixed_dictionaries({"userId": st.just("C"), "amount": st.just(1), "card": inner | st.just("4111111111111111")})
        | st.fixed_dictionaries({"account": inner, "amount": inner})
        | st.fixed_dictionaries({"key": inner})
        | st.fixed_dictionaries({"orderId": inner, "productId": inner, "quantity": inner, "customerId": inner})
        | st.dictionaries(st.text(max_size=3), inner, max_size=4)
    ),
    max_leaves=6,
)
BODIES = st.binary(max_size=20) | st.just(b"1e999") | JSON.map(lambda value: json.dumps(value).encode())
NAMES = st.sampled_from(
    ["x-request-id", "traceparent", "x-attempt", "x-caller", "x-sent-at", "idempotency-key", "x-stamp", "x-served-as"]
)
VALUES = st.sampled_from(["", "1", "-1", "1.5.a", "0.1.b", "nan", "1e999", "9" * 30]) | st.text(
    st.characters(min_codepoint=0x20, max_codepoint=0xFF), max_size=8
)
HEADERS = st.lists(st.tuples(NAMES, VALUES), max_size=3).map(tuple)
METHODS = st.sampled_from(["GET", "POST", "PUT", "HEAD", "DELETE", "PATCH", "OPTIONS", "BREW"])
REQUESTS = st.lists(st.tuples(METHODS, PATHS, QUERIES, BODIES, HEADERS), min_size=1, max_size=4)

# Contracts of all the services taken together; 500 and 503 are none of them here.
EXPECTED = {200, 201, 202, 204, 400, 404, 405, 409, 422}
# A replica by itself is no majority.
ALSO = {"replica": {503}}


@pytest.mark.parametrize("kind", KINDS)
@settings(max_examples=150, deadline=None)
@given(requests=REQUESTS)
def test_any_request_is_answered(kind: str, requests: list[tuple[str, str, str, bytes, Headers]]) -> None:
    async def ask_all() -> None:
        shop = Shop()
        shop.open("x", kind)
        for method, path, query, body, headers in requests:
            answer = await shop.ask_raw("x", method, path + query, body, headers=headers)
            assert answer.status in EXPECTED | ALSO.get(kind, set())
            assert answer.body == b"" or isinstance(strict_json(answer.body), dict)
        assert [event for event in shop.events if isinstance(event, Noted)] == []

    trio.run(ask_all, clock=MockClock(autojump_threshold=0))


def strict_json(text: bytes) -> Any:
    """JSON as the standard has it: NaN and Infinity are Python's own."""

    def refuse(constant: str) -> None:
        raise ValueError(f"{constant} is no JSON")

    return json.loads(text, parse_constant=refuse)
