"""Message faults decide on whole requests: which they are about, and what becomes of those."""

from __future__ import annotations

from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chaoscli.faults.abort import Abort
from chaoscli.faults.bad_chunk import BadChunk
from chaoscli.faults.base import (
    Answer,
    BadSetting,
    BreakChunk,
    Delay,
    DropReply,
    DropRequest,
    MessageFault,
    Pass,
    Reset,
    Verdict,
)
from chaoscli.faults.base import Drip as DripVerdict
from chaoscli.faults.base import Duplicate as DuplicateVerdict
from chaoscli.faults.base import Truncate as TruncateVerdict
from chaoscli.faults.base import WrongLength as WrongLengthVerdict
from chaoscli.faults.catalogue import FAULTS
from chaoscli.faults.drip import Drip
from chaoscli.faults.drop import Drop
from chaoscli.faults.duplicate import Duplicate
from chaoscli.faults.error import Error
from chaoscli.faults.late import Late
from chaoscli.faults.matching import Matching
from chaoscli.faults.truncate import Truncate
from chaoscli.faults.wrong_length import WrongLength
from chaoscli.messages import Request

ORDER = Request(method="POST", target="/api/orders?gift=yes", headers=(("x-caller", "shoppers"), ("accept", "*/*")))


def decide(fault: MessageFault, number: int = 1, seed: int = 7) -> Verdict:
    return fault.decide(ORDER, number, Random(seed))


@pytest.mark.parametrize(
    ("fault", "verdict", "words"),
    [
        (Drop(), DropRequest(), "drop request"),
        (Drop(what="reply"), DropReply(), "drop reply"),
        (Late(by=0.2), Delay(reply_s=0.2), "reply late by 200ms"),
        (Late(by=0.2, what="request"), Delay(request_s=0.2), "request late by 200ms"),
        (Error(), Answer(503), "error 503"),
        (Duplicate(), DuplicateVerdict(), "duplicate requests"),
        (Abort(), Reset(after_work=True), "reset at the reply"),
        (Abort(what="request"), Reset(), "reset at the request"),
        (Truncate(keep=100.0), TruncateVerdict(100), "truncate replies to 100B"),
        (Truncate(ending="reset"), TruncateVerdict(0, reset=True), "truncate replies to 0B"),
        (Drip(piece=2.0, interval=0.5), DripVerdict(2, 0.5), "drip 2B every 500ms"),
        (BadChunk(), BreakChunk(), "malformed chunks"),
        (WrongLength(by=3.0), WrongLengthVerdict(3), "Content-Length 3B too long"),
        (WrongLength(by=3.0, says="less"), WrongLengthVerdict(-3), "Content-Length 3B too short"),
    ],
)
def test_each_fault_has_its_verdict_and_its_words(fault: MessageFault, verdict: Verdict, words: str) -> None:
    assert (decide(fault), fault.words()) == (verdict, words)


def test_an_error_carries_its_body_headers_and_when_to_come_back() -> None:
    fault = Error(status=429, body='{"slow": "down"}', headers={"X-Reason": "quota"}, retry_after=1.2, after=0.1)
    headers = (("x-reason", "quota"), ("retry-after", "2"), ("content-type", "application/json"))
    assert decide(fault) == Answer(429, headers, b'{"slow": "down"}', 0.1)
    assert fault.words() == "error 429, retry after 1.2s, after 100ms"


def test_the_content_type_of_an_error_can_be_told() -> None:
    assert decide(Error(body="no", headers={"Content-Type": "text/html"})) == Answer(503, (("content-type", "text/html"),), b"no")
    assert decide(Error(body="no")) == Answer(503, (("content-type", "text/plain; charset=utf-8"),), b"no")


def test_jitter_of_a_late_message_stays_within_its_bounds_and_above_zero() -> None:
    drawn = [decide(Late(by=0.1, jitter=0.15), seed=seed) for seed in range(500)]
    delays = [verdict.reply_s for verdict in drawn if isinstance(verdict, Delay)]
    assert len(delays) == 500
    assert min(delays) == 0.0
    assert 0.24 < max(delays) <= 0.25


# -- which requests --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("matching", "matches"),
    [
        ({}, True),
        ({"method": "post"}, True),
        ({"method": "GET"}, False),
        ({"path": "/api"}, True),
        ({"path": "/api/orders"}, True),
        ({"path": "/api/orders?gift"}, False),  # the query is no part of the path
        ({"path": "/actuator"}, False),
        ({"header": "X-Caller"}, True),
        ({"header": "x-caller: shoppers"}, True),
        ({"header": "x-caller: order"}, False),
        ({"header": "x-tenant"}, False),
        ({"method": "POST", "path": "/api", "header": "accept"}, True),
        ({"method": "POST", "path": "/nowhere", "header": "accept"}, False),
    ],
)
def test_requests_are_matched_by_method_path_and_header(matching: dict[str, Any], matches: bool) -> None:
    assert Matching(**matching).matches(ORDER) is matches


def test_only_the_first_so_many_are_harmed() -> None:
    assert [decide(Drop(first=2), number) for number in (1, 2, 3)] == [DropRequest(), DropRequest(), Pass()]
    assert decide(Drop(first=0)) == Pass()


def test_only_the_one_of_that_number_is_harmed() -> None:
    assert [decide(Drop(nth=2), number) for number in (1, 2, 3)] == [Pass(), DropRequest(), Pass()]


@pytest.mark.parametrize("kind", [kind for kind, row in FAULTS.items() if row.harms == "messages"])
def test_a_probability_of_zero_never_harms_and_of_one_always(kind: str) -> None:
    needed = {"by": 1.0} if kind == "late" else {}
    never, always = (FAULTS[kind].settings(probability=share, **needed) for share in (0.0, 1.0))
    assert {type(decide(never, seed=seed)) for seed in range(200)} == {Pass}
    assert Pass not in {type(decide(always, seed=seed)) for seed in range(200)}


def test_a_probability_is_that_share_of_the_requests() -> None:
    dropped = sum(decide(Drop(probability=0.3), seed=seed) == DropRequest() for seed in range(10_000))
    assert dropped == pytest.approx(3_000, abs=230)  # five deviations of sqrt(10,000 * 0.3 * 0.7) = 46


@given(number=st.integers(1, 100), seed=st.integers())
def test_the_same_dice_give_the_same_verdict(number: int, seed: int) -> None:
    fault = Drop(probability=0.5)
    assert decide(fault, number, seed) == decide(fault, number, seed)


def test_the_restrictions_are_said_behind_the_fault() -> None:
    fault = Drop(what="reply", probability=0.3, first=2, method="POST", path="/api", header="x-caller: order")
    assert fault.words() == "drop reply 30%, the first 2, POST /api, with x-caller: order"
    assert Drop(nth=3).words() == "drop request, number 3"
    assert Drop(first=1).words() == "drop request, the first"


@pytest.mark.parametrize(
    ("make", "told"),
    [
        (lambda: Drop(first=-1), "first cannot be negative"),
        (lambda: Drop(nth=0), "nth counts from 1"),
        (lambda: Drop(probability=1.5), "probability is a share from 0 to 1"),
        (lambda: Late(by=-1.0), "by cannot be negative"),
        (lambda: Late(by=1.0, jitter=-1.0), "jitter cannot be negative"),
        (lambda: Late(by=1.0, nth=0), "nth counts from 1"),
        (lambda: Error(status=100), "status is a number from 200 to 599"),
        (lambda: Error(retry_after=-1.0), "retry_after cannot be negative"),
        (lambda: Error(after=-1.0), "after cannot be negative"),
        (lambda: Error(headers={"bad name": "x"}), "headers cannot hold 'bad name: x'"),
        (lambda: Error(headers={"x": "split\r\nset-cookie: y"}), "headers cannot hold 'x: split\r\nset-cookie: y'"),
        (
            lambda: Error(headers={"Content-Length": "3"}),
            "headers cannot hold 'Content-Length': the reply states its own length",
        ),
        (lambda: Truncate(keep=-1.0), "keep cannot be negative"),
        (lambda: Drip(piece=0.0), "piece must be at least 1 byte"),
        (lambda: Drip(interval=-1.0), "interval cannot be negative"),
        (lambda: WrongLength(by=0.0), "by must be at least 1 byte"),
    ],
)
def test_impossible_settings_are_refused(make: Any, told: str) -> None:
    with pytest.raises(BadSetting) as caught:
        make()
    assert str(caught.value) == told
