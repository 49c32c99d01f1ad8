from __future__ import annotations

import json
from typing import Any

import h11
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chaoscli.faults.base import BadSetting
from chaoscli.load.mix import Mix
from chaoscli.load.settings import Load
from chaoscli.messages import Request
from chaoscli.resilience.policy import Bulkhead, Policy, Retry
from chaoscli.settings import from_plain, to_plain


def test_a_request_is_what_the_load_says_with_the_headers_of_the_call_first() -> None:
    load = Load(
        request="POST order /api/orders",
        json={"productId": "BOOK-001", "quantity": 1, "customerId": "CUST-${n}"},
        headers={"Idempotency-Key": "${request}"},
    )

    assert Mix("shoppers", load).request(12, (("x-request-id", "shoppers-12"),)) == Request(
        method="POST",
        target="/api/orders",
        headers=(
            ("x-request-id", "shoppers-12"),
            ("content-type", "application/json"),
            ("idempotency-key", "shoppers-12"),
        ),
        body=b'{"productId":"BOOK-001","quantity":1,"customerId":"CUST-12"}',
    )


def test_a_request_without_json_has_no_body() -> None:
    assert Mix("a", Load(request="GET inventory /check/BOOK-00${n % 3}")).request(5) == Request(
        method="GET", target="/check/BOOK-002"
    )


def test_a_text_that_is_a_number_template_becomes_a_number() -> None:
    mix = Mix("a", Load(request="PUT register /x", json={"value": "${n}", "deep": [{"turn": "${ n % 2 }"}], "id": "${request}"}))

    assert mix.request(3).body == b'{"value":3,"deep":[{"turn":1}],"id":"a-3"}'


def test_what_is_no_template_stays_as_it_is() -> None:
    mix = Mix("a", Load(request="PUT register /x", json={"text": "$n {n} é", "on": True, "none": None}))

    assert mix.request(3).body == '{"text":"$n {n} é","on":true,"none":null}'.encode()


def test_a_content_type_of_its_own_takes_the_place_of_the_usual_one() -> None:
    load = Load(request="PUT register /x", json={}, headers={"Content-Type": "application/merge-patch+json"})

    assert Mix("a", load).request(1).headers == (("content-type", "application/merge-patch+json"),)


@pytest.mark.parametrize(
    "text", ["", "order", "GET /x", "GET order", "get order /x", "GET order x", "GET order /a b", "GET order /ä"]
)
def test_a_request_line_that_says_nothing_is_refused(text: str) -> None:
    with pytest.raises(BadSetting) as refused:
        Load(request=text)

    assert refused.value.field == "request"
    assert str(refused.value) == f"request is '{text}'; it names method, service and path, like 'POST order /api/orders'"


def test_a_blank_in_the_path_that_nobody_could_fill_in_is_refused() -> None:
    with pytest.raises(BadSetting, match=r"^request has '\$\{m\}'; what can be filled in is"):
        Load(request="GET order /${m}")


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"json": {"id": ["${m}"]}}, "json has '${m}'; what can be filled in is ${n}, ${n % 3} and ${request}"),
        ({"headers": {"x-turn": "${n % 0}"}}, "headers has '${n % 0}'; what can be filled in is ${n}, ${n % 3} and ${request}"),
        ({"headers": {"Host": "a"}}, "headers has 'Host', which goes with every request by itself"),
        ({"headers": {"x y": "a"}}, "headers has 'x y: a', which HTTP cannot carry"),
        ({"headers": {"x-y": "a\nb: c"}}, "headers has 'x-y: a\nb: c', which HTTP cannot carry"),
        ({"expect_status": (200, 99)}, "expect_status has 99; a final status is from 200 to 599"),
        ({"max_in_flight": 0}, "max_in_flight is 0; it may be from 1 to 2048"),
        ({"starts": 3.0, "stops": 3.0}, "stops is not after it starts, so nothing would ever be sent"),
        ({"timeout": 0.0}, "timeout is 0, and nothing answers in no time; `none` waits for ever"),
    ],
)
def test_a_load_that_could_not_work_is_refused(settings: dict[str, Any], message: str) -> None:
    with pytest.raises(BadSetting) as refused:
        Load(request="GET order /", **settings)

    assert str(refused.value) == message


def test_the_parts_of_a_request_line() -> None:
    load = Load(request="POST order /api/orders?dry=1")

    assert (load.method, load.callee, load.target) == ("POST", "order", "/api/orders?dry=1")


def test_a_load_has_a_policy_of_its_own_and_never_gives_up_by_default() -> None:
    assert Load(request="GET order /").policy == Policy(timeout=None)
    assert Load(request="GET order /", timeout=2.0, retry=Retry(attempts=2), bulkhead=Bulkhead(slots=3)).policy == Policy(
        timeout=2.0, retry=Retry(attempts=2), bulkhead=Bulkhead(slots=3)
    )


def test_a_load_travels_as_plain_json() -> None:
    load = Load(
        request="POST order /api/orders", json={"quantity": 1}, retry=Retry(budget=0.1), expect_status=(200, 400), stops=4.0
    )

    assert from_plain(Load, to_plain(load)) == load
    assert from_plain(Policy, to_plain(load)) == load.policy


TEXTS = st.text(alphabet=st.characters(codec="utf-8"), max_size=30)
NAMES = st.sampled_from(["X-Shop", "Content-Type", "Idempotency-Key", "HOST", "X-Request-ID"])


@given(
    st.dictionaries(NAMES | TEXTS, TEXTS | st.sampled_from(["${n}", "a-${request}", "${n % 7}"]), max_size=3),
    st.integers(1, 10**6),
)
def test_what_a_load_accepts_it_can_send(headers: dict[str, str], n: int) -> None:
    try:
        load = Load(request="POST order /x/${n % 3}", headers=headers, json={"all": list(headers)})
    except BadSetting:
        return
    request = Mix("a", load).request(n)

    h11.Request(method=request.method, target=request.target, headers=[("host", "order"), *request.headers])
    assert json.loads(request.body) == {"all": list(headers)}
