from __future__ import annotations

import json
from typing import Any

import h11
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chaoscli.faults.base import BadSetting
from chaoscli.load.asked import Asked
from chaoscli.load.mix import Mix
from chaoscli.load.settings import Bursts, Load, Step
from chaoscli.load.values import Value
from chaoscli.messages import Request, Response
from chaoscli.resilience.policy import Bulkhead, Policy, Retry
from chaoscli.settings import from_plain, to_plain


def test_a_request_is_what_the_load_says_with_the_headers_of_the_call_first() -> None:
    load = Load(
        request="POST order /api/orders",
        json={"productId": "BOOK-001", "quantity": 1, "customerId": "CUST-${n}"},
        headers={"Idempotency-Key": "${request}"},
    )

    assert Mix("shoppers", load, seed=7).request(12, (("x-request-id", "shoppers-12"),)) == Request(
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
    assert Mix("a", Load(request="GET inventory /check/BOOK-00${n % 3}"), seed=7).request(5) == Request(
        method="GET", target="/check/BOOK-002"
    )


def test_a_text_that_is_a_number_template_becomes_a_number() -> None:
    json = {"value": "${n}", "deep": [{"turn": "${ n % 2 }"}], "id": "${request}"}
    mix = Mix("a", Load(request="PUT register /x", json=json), seed=7)

    assert mix.request(3).body == b'{"value":3,"deep":[{"turn":1}],"id":"a-3"}'


def test_what_is_no_template_stays_as_it_is() -> None:
    mix = Mix("a", Load(request="PUT register /x", json={"text": "$n {n} é", "on": True, "none": None}), seed=7)

    assert mix.request(3).body == '{"text":"$n {n} é","on":true,"none":null}'.encode()


def test_a_content_type_of_its_own_takes_the_place_of_the_usual_one() -> None:
    load = Load(request="PUT register /x", json={}, headers={"Content-Type": "application/merge-patch+json"})

    assert Mix("a", load, seed=7).request(1).headers == (("content-type", "application/merge-patch+json"),)


@pytest.mark.parametrize(
    "text", ["order", "GET /x", "GET order", "get order /x", "GET order x", "GET order /a b", "GET order /ä"]
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
        ({"json": {"id": ["${m}"]}}, "json has '${m}'; what can be filled in is ${n}, ${n % 3}, ${request}"),
        ({"headers": {"x-turn": "${n % 0}"}}, "headers has '${n % 0}'; what can be filled in is ${n}, ${n % 3}, ${request}"),
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
    (asked,) = Load(request="POST order /api/orders?dry=1").asked

    assert (asked.method, asked.callee, asked.target) == ("POST", "order", "/api/orders?dry=1")


def test_a_load_has_a_policy_of_its_own_and_never_gives_up_by_default() -> None:
    assert Load(request="GET order /").policy == Policy(timeout=None)
    assert Load(request="GET order /", timeout=2.0, retry=Retry(attempts=2), bulkhead=Bulkhead(slots=3)).policy == Policy(
        timeout=2.0, retry=Retry(attempts=2), bulkhead=Bulkhead(slots=3)
    )


def test_a_load_travels_as_plain_json() -> None:
    load = Load(
        request="POST order /api/orders", json={"quantity": 1}, retry=Retry(budget=0.1), expect_status=(200, 400), stops=4.0,
        stages=(Step(for_=1.0, to=3.0),), bursts=Bursts(every=2.0, of=3), expect_body={"a": [1]}, users=3,
        values={"a": Value(one_of=("x", 1), weights=(1.0, 2.0)), "b": Value(random=(1, 2.5))},
    )  # fmt: skip
    mixed = Load(
        requests=(Asked(request="GET order /", weight=2.0), Asked(request="PUT order /", json={"a": 1}, expect_body="x"))
    )
    assert from_plain(Load, json.loads(json.dumps(to_plain(mixed)))) == mixed

    assert from_plain(Load, json.loads(json.dumps(to_plain(load)))) == load
    assert from_plain(Policy, to_plain(load)) == load.policy


def test_a_mix_sends_each_request_as_often_as_its_weight_says_and_always_the_same_for_a_seed() -> None:
    load = Load(
        requests=(Asked(request="GET order /a", weight=9), Asked(request="GET order /b"), Asked(request="GET x /", weight=0))
    )
    sent = [Mix("a", load, seed=7).asked(n).target for n in range(1, 1001)]
    assert sent == [Mix("a", load, seed=7).asked(n).target for n in range(1, 1001)]
    assert set(sent) == {"/a", "/b"}
    # 100 of 1000 at p = 0.1, give or take four times the standard deviation, which is 9.5.
    assert 62 < sent.count("/b") < 138
    assert load.callees == ("order", "x")


def test_what_the_load_says_holds_for_each_request_that_says_nothing_else() -> None:
    load = Load(
        headers={"x-shop": "1", "x-who": "load"},
        expect_status=(200,),
        requests=(Asked(request="GET order /a"), Asked(request="GET order /b", headers={"x-who": "me"}, expect_status=(404,))),
    )
    assert [(one.headers, one.expect_status) for one in load.asked] == [
        ({"x-shop": "1", "x-who": "load"}, (200,)),
        ({"x-shop": "1", "x-who": "me"}, (404,)),
    ]


def test_values_are_filled_into_the_target_the_body_and_the_headers_alike() -> None:
    load = Load(
        request="POST order /of/${who}?n=${book}",
        json={"book": "${book}", "count": "${count}"},
        headers={"x-book": "${book}"},
        values={"book": Value(each=("A B", "C/D")), "count": Value(from_=1), "who": Value(each=("é",))},
    )
    request = Mix("a", load, seed=7).request(2)
    assert request == Request(
        method="POST",
        target="/of/%C3%A9?n=C%2FD",
        headers=(("content-type", "application/json"), ("x-book", "C/D")),
        body=b'{"book":"C/D","count":2}',
    )


def test_an_answer_may_have_to_hold_what_was_asked_for() -> None:
    load = Load(request="GET inventory /x/${book}", values={"book": Value(each=("A", "B"))}, expect_body={"productId": "${book}"})
    mix = Mix("a", load, seed=7)
    answer = Response(status=200, body=b'{"productId":"B","more":1}')
    assert mix.strangeness(2, answer) is None
    assert mix.strangeness(1, answer) == '\'productId\' is "B", expected "A"'


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({}, "request is missing, like POST order /api/orders"),
        (
            {"request": "GET a /", "requests": (Asked(request="GET a /"),)},
            "requests and 'request' do not go together; write all that is sent as `requests`",
        ),
        ({"requests": (Asked(request="GET a /", weight=0),)}, "requests has only weights of 0, so nothing would ever be sent"),
        (
            {"requests": (Asked(request="GET a /"),), "json": {}},
            "json belongs to one request: write it there, beside its `request`",
        ),
        (
            {"requests": (Asked(request="GET a /${b}"),)},
            "requests has '${b}'; what can be filled in is ${n}, ${n % 3}, ${request}",
        ),
        ({"requests": tuple(Asked(request="GET a /") for _ in range(51))}, "requests has 51; at most 50"),
        ({"request": "GET a /", "expect_body": 3}, "expect_body is a text, or a mapping of what its JSON must have"),
        ({"request": "GET a /", "users": 501}, "users are 501, and at most 500 may wait at once: `max_in_flight`"),
        ({"request": "GET a /", "stages": (Step(for_=1.0),) * 101}, "stages are 101; at most 100"),
        (
            {"request": "GET a /", "values": {"n": Value(from_=1)}},
            "values has 'n'; a name is letters, digits and '_', and not 'n' or 'request'",
        ),
        (
            {"request": "GET a /", "values": {"b": Value(each=("é",))}, "headers": {"x-b": "${b}"}},
            "headers has 'x-b', and HTTP cannot carry its value 'é'",
        ),
    ],
)
def test_requests_and_values_that_do_not_go_together_are_refused(settings: dict[str, Any], message: str) -> None:
    with pytest.raises(BadSetting) as refused:
        Load(**settings)

    assert str(refused.value) == message


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
    request = Mix("a", load, seed=7).request(n)

    h11.Request(method=request.method, target=request.target, headers=[("host", "order"), *request.headers])
    assert json.loads(request.body) == {"all": list(headers)}
