"""Exchanges pass as they came unless a verdict says otherwise, and each verdict does to the bytes what it says."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chaoscli.faults.base import (
    Action,
    Answer,
    BreakChunk,
    Cut,
    Delay,
    Direction,
    Drip,
    DropReply,
    DropRequest,
    Duplicate,
    Finish,
    Pass,
    Reset,
    Send,
    Truncate,
    Verdict,
    WrongLength,
)
from chaoscli.messages import Request
from chaoscli.proxy.exchange import PIPELINED_MAX, Exchange
from chaoscli.proxy.treatments import Repeated

REQUEST, REPLY = Direction.REQUEST, Direction.REPLY

GET = b"GET /stock HTTP/1.1\r\nHost: a\r\n\r\n"
POST = b"POST /orders HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello"
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nthere"
ALSO = b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nalso"
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nthere\r\n0\r\n\r\n"


@dataclass
class Wire:
    """A connection that meets the given verdicts, one for each request, and passes when they have run out."""

    verdicts: list[Verdict] = field(default_factory=list)
    asked: list[Request] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.exchange = Exchange(self._decide)

    def _decide(self, request: Request) -> Verdict:
        self.asked.append(request)
        return self.verdicts.pop(0) if self.verdicts else Pass()

    def sends(self, data: bytes, now: float = 0.0) -> list[tuple[Direction, Action]]:
        """The caller sends."""
        return self.exchange.received(REQUEST, data, now)

    def answers(self, data: bytes, now: float = 0.0) -> list[tuple[Direction, Action]]:
        """The callee sends."""
        return self.exchange.received(REPLY, data, now)


def onward(data: bytes, at: float = 0.0) -> tuple[Direction, Action]:
    return (REQUEST, Send(at, data))


def back(data: bytes, at: float = 0.0) -> tuple[Direction, Action]:
    return (REPLY, Send(at, data))


# -- nothing matches -------------------------------------------------------------------------------------------------------


def test_a_request_and_its_reply_pass_each_in_one_piece() -> None:
    wire = Wire()
    assert wire.sends(POST) == [onward(POST)]
    assert wire.answers(OK, 1.0) == [back(OK, 1.0)]


def test_each_request_is_decided_on_once_with_its_head_as_a_value() -> None:
    wire = Wire()
    for piece in (GET + POST[:30], POST[30:60], POST[60:]):
        wire.sends(piece)
    assert wire.asked == [
        Request(method="GET", target="/stock", headers=(("host", "a"),)),
        Request(method="POST", target="/orders", headers=(("host", "a"), ("content-length", "5"))),
    ]
    assert wire.exchange.requests == 2


def test_without_anything_to_decide_requests_are_still_counted_and_paired() -> None:
    exchange = Exchange()
    assert exchange.received(REQUEST, GET, 0.0) == [onward(GET)]
    exchange.decide = lambda request: DropReply()  # a fault arrives while the first reply is under way
    assert exchange.received(REQUEST, POST, 0.0) == [onward(POST)]
    assert exchange.received(REPLY, OK + ALSO, 0.0) == [back(OK)]
    assert exchange.requests == 2


def test_a_request_that_asks_first_gets_its_100_before_its_body_is_sent() -> None:
    head, body = POST[:-5].replace(b"Host", b"Expect: 100-continue\r\nHost"), POST[-5:]
    wire = Wire()
    go_on = b"HTTP/1.1 100 Continue\r\n\r\n"
    assert wire.sends(head) == [onward(head)]
    assert wire.answers(go_on) == [back(go_on)]
    assert wire.sends(body) == [onward(body)]
    assert wire.answers(OK) == [back(OK)]
    assert wire.sends(GET) == [onward(GET)]


def test_ends_of_stream_pass_each_way() -> None:
    wire = Wire()
    assert wire.exchange.ended(REQUEST, 1.0) == [(REQUEST, Finish(1.0))]
    assert wire.exchange.ended(REPLY, 2.0) == [(REPLY, Finish(2.0))]


def test_an_incomplete_head_passes_when_the_stream_ends() -> None:
    wire = Wire()
    assert wire.sends(b"GET / HT") == []
    assert wire.exchange.ended(REQUEST, 1.0) == [onward(b"GET / HT", 1.0), (REQUEST, Finish(1.0))]


def test_a_websocket_is_raw_once_it_is_one() -> None:
    upgrade = b"GET /ws HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n"
    switching = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n"
    wire = Wire()
    assert wire.sends(upgrade) == [onward(upgrade)]
    assert wire.answers(switching + b"\x81\x02hi") == [back(switching + b"\x81\x02hi")]
    assert wire.sends(b"GET / HTTP/1.1\r\n\r\n") == [onward(b"GET / HTTP/1.1\r\n\r\n")]
    assert wire.exchange.requests == 1


def test_a_refused_upgrade_stays_http() -> None:
    wire = Wire()
    wire.sends(GET.replace(b"Host", b"Upgrade: websocket\r\nHost"))
    wire.answers(b"HTTP/1.1 426 Upgrade Required\r\nContent-Length: 0\r\n\r\n")
    wire.sends(GET)
    assert wire.exchange.requests == 2


def test_a_tunnel_is_raw_behind_its_connect() -> None:
    connect = b"CONNECT bank:443 HTTP/1.1\r\nHost: bank\r\n\r\n"
    established = b"HTTP/1.1 200 Connection established\r\n\r\n"
    wire = Wire()
    assert wire.sends(connect) == [onward(connect)]
    assert wire.answers(established) == [back(established)]
    assert wire.sends(b"\x16\x03\x01") == [onward(b"\x16\x03\x01")]
    assert wire.answers(b"\x16\x03\x03") == [back(b"\x16\x03\x03")]


def test_a_tunnel_that_a_fault_answers_for_never_reaches_the_callee() -> None:
    """It has no end that the answer could wait for, and what was meant for the tunnel means nothing to the callee."""
    wire = Wire([Answer(503)])
    refused = b"HTTP/1.1 503 Service Unavailable\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"
    assert wire.sends(b"CONNECT bank:443 HTTP/1.1\r\nHost: bank\r\n\r\n") == [back(refused), (REPLY, Cut(0.0))]
    assert wire.sends(b"\x16\x03\x01") == []


def test_a_server_that_speaks_first_is_heard() -> None:
    wire = Wire()
    assert wire.answers(b"220 mail.example.org ESMTP\r\n") == [back(b"220 mail.example.org ESMTP\r\n")]
    assert wire.sends(b"HELO a\r\n") == [onward(b"HELO a\r\n")]


def test_a_reply_nobody_asked_for_releases_what_was_held_of_a_head() -> None:
    wire = Wire()
    late = b"HTTP/1.1 408 Request Timeout\r\nConnection: close\r\n\r\n"
    assert wire.sends(b"GET / HT") == []
    assert wire.answers(late) == [onward(b"GET / HT"), back(late)]


def test_a_caller_that_never_reads_its_replies_goes_raw() -> None:
    wire = Wire()
    many = GET * (PIPELINED_MAX + 1)
    assert wire.sends(many) == [onward(many)]
    assert wire.sends(GET) == [onward(GET)]
    assert wire.exchange.requests == PIPELINED_MAX + 1


# -- dropped messages ------------------------------------------------------------------------------------------------------


def test_a_dropped_request_is_never_seen_and_nothing_is_heard_of_it() -> None:
    wire = Wire([DropRequest()])
    assert wire.sends(POST) == []
    assert wire.exchange.ended(REPLY, 9.0) == []


def test_a_dropped_reply_is_not_heard_though_the_work_was_done() -> None:
    wire = Wire([DropReply()])
    assert wire.sends(POST) == [onward(POST)]
    assert wire.answers(OK[:20]) == []
    assert wire.answers(OK[20:]) == []
    assert wire.exchange.ended(REPLY, 9.0) == []


def test_a_later_reply_is_not_taken_for_the_one_that_was_dropped() -> None:
    for verdict in (DropRequest(), DropReply()):
        wire = Wire([Pass(), verdict])
        wire.sends(GET + POST)
        assert wire.sends(GET) == [onward(GET)]  # the callee still hears of later requests
        assert wire.answers(OK + ALSO) == [back(OK)]
        assert wire.answers(OK) == []


def test_the_reply_before_a_dropped_one_arrives_even_when_it_comes_later() -> None:
    wire = Wire([Pass(), DropRequest()])
    assert wire.sends(GET + POST) == [onward(GET)]
    assert wire.answers(OK[:10]) + wire.answers(OK[10:]) == [back(OK)]


def test_a_caller_that_waits_for_a_100_does_the_work_whose_reply_is_dropped() -> None:
    wire = Wire([DropReply()])
    wire.sends(POST[:-5].replace(b"Host", b"Expect: 100-continue\r\nHost"))
    assert wire.answers(b"HTTP/1.1 100 Continue\r\n\r\n") == [back(b"HTTP/1.1 100 Continue\r\n\r\n")]
    assert wire.sends(POST[-5:]) == [onward(POST[-5:])]
    assert wire.answers(OK) == []


# -- late messages ---------------------------------------------------------------------------------------------------------


def test_a_late_request_holds_back_the_ones_behind_it() -> None:
    wire = Wire([Delay(request_s=2.0)])
    assert wire.sends(POST + GET, 1.0) == [onward(POST + GET, 3.0)]
    assert wire.sends(GET, 4.0) == [onward(GET, 4.0)]


def test_a_late_reply_holds_back_the_ones_behind_it_and_the_end() -> None:
    wire = Wire([Delay(reply_s=2.0)])
    assert wire.sends(GET + GET) == [onward(GET + GET)]
    assert wire.answers(OK, 1.0) == [back(OK, 3.0)]
    assert wire.answers(ALSO, 2.0) == [back(ALSO, 3.0)]
    assert wire.exchange.ended(REPLY, 2.5) == [(REPLY, Finish(3.0))]


def test_after_what_waited_was_released_nothing_queues_behind_it() -> None:
    wire = Wire([Delay(reply_s=9.0)])
    wire.sends(GET + GET)
    wire.answers(OK, 1.0)
    wire.exchange.released()
    assert wire.answers(ALSO, 2.0) == [back(ALSO, 2.0)]


# -- answers of the link ---------------------------------------------------------------------------------------------------

UNAVAILABLE = Answer(503, (("retry-after", "2"),), b"no")
UNAVAILABLE_BYTES = b"HTTP/1.1 503 Service Unavailable\r\nretry-after: 2\r\ncontent-length: 2\r\n\r\nno"


def test_the_link_answers_once_the_request_is_whole_and_the_callee_sees_nothing() -> None:
    wire = Wire([UNAVAILABLE])
    assert wire.sends(POST[:-1], 1.0) == []
    assert wire.sends(POST[-1:], 2.0) == [back(UNAVAILABLE_BYTES, 2.0)]
    assert wire.sends(GET, 3.0) == [onward(GET, 3.0)]
    assert wire.answers(OK, 4.0) == [back(OK, 4.0)]


def test_an_answer_waits_its_turn_behind_replies_to_earlier_requests() -> None:
    wire = Wire([Pass(), UNAVAILABLE])
    assert wire.sends(GET + POST) == [onward(GET)]
    assert wire.answers(OK) == [back(OK + UNAVAILABLE_BYTES)]


def test_an_answer_can_take_its_time() -> None:
    wire = Wire([Answer(500, after_s=0.5)])
    assert wire.sends(GET, 1.0) == [back(b"HTTP/1.1 500 Internal Server Error\r\ncontent-length: 0\r\n\r\n", 1.5)]


def test_an_answer_to_a_head_request_states_a_length_and_has_no_body() -> None:
    wire = Wire([UNAVAILABLE])
    assert wire.sends(GET.replace(b"GET", b"HEAD")) == [back(UNAVAILABLE_BYTES[:-2])]


def test_a_caller_that_will_not_keep_the_connection_sees_it_close_behind_the_answer() -> None:
    wire = Wire([Answer(404, after_s=1.0)])
    told = b"HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"
    assert wire.sends(GET.replace(b"Host", b"Connection: close\r\nHost")) == [back(told, 1.0), (REPLY, Cut(1.0))]


def test_a_caller_that_asks_first_is_answered_in_place_of_its_100_and_the_connection_closes() -> None:
    wire = Wire([Answer(503)])
    told = b"HTTP/1.1 503 Service Unavailable\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"
    head = POST[:-5].replace(b"Host", b"Expect: 100-continue\r\nHost")
    assert wire.sends(head) == [back(told), (REPLY, Cut(0.0))]
    assert wire.sends(POST[-5:]) == []


# -- harmed exchanges ------------------------------------------------------------------------------------------------------


def test_a_duplicate_reaches_the_callee_twice_and_the_caller_hears_once() -> None:
    wire = Wire([Duplicate()])
    assert wire.sends(POST) == [onward(POST + POST)]
    assert wire.sends(GET) == [onward(GET)]
    assert wire.answers(OK + OK + ALSO) == [back(OK + ALSO)]


def test_the_first_copy_of_a_duplicate_does_not_close_the_connection() -> None:
    wire = Wire([Duplicate()])
    closing = GET.replace(b"Host", b"Connection: close\r\nHost")
    assert wire.sends(closing) == [onward(GET + closing)]


def test_a_request_for_another_protocol_is_not_duplicated() -> None:
    """Its copy would stand behind the 101, as the first words of the new protocol."""
    upgrade = GET.replace(b"Host", b"Connection: Upgrade\r\nUpgrade: websocket\r\nHost")
    assert Wire([Duplicate()]).sends(upgrade) == [onward(upgrade)]


def test_a_request_too_large_to_keep_is_not_duplicated() -> None:
    size = Repeated.COPY_BYTES_MAX
    head = b"POST / HTTP/1.1\r\nContent-Length: %d\r\n\r\n" % size
    wire = Wire([Duplicate()])
    assert wire.sends(head + bytes(size)) == [onward(head + bytes(size))]
    wire.sends(GET)
    assert wire.answers(OK + ALSO) == [back(OK + ALSO)]


def test_a_reset_comes_before_the_callee_saw_the_request_or_in_place_of_the_reply() -> None:
    assert Wire([Reset()]).sends(POST, 1.0) == [(REQUEST, Cut(1.0, reset=True))]
    wire = Wire([Reset(after_work=True)])
    assert wire.sends(POST, 1.0) == [onward(POST, 1.0)]
    assert wire.answers(OK, 2.0) == [(REPLY, Cut(2.0, reset=True))]


@pytest.mark.parametrize(
    ("verdict", "arrives"),
    [
        (Truncate(2), [back(OK[:-3]), (REPLY, Cut(0.0))]),
        (Truncate(2, reset=True), [back(OK[:-3]), (REPLY, Cut(0.0, reset=True))]),
        (Truncate(0), [back(OK[:-5]), (REPLY, Cut(0.0))]),
        (Truncate(100), [back(OK), (REPLY, Cut(0.0))]),
    ],
)
def test_a_truncated_reply_breaks_off_where_it_is_told(verdict: Verdict, arrives: list[tuple[Direction, Action]]) -> None:
    wire = Wire([verdict])
    wire.sends(GET)
    assert wire.answers(OK) == arrives


def test_a_truncated_reply_breaks_off_at_the_same_byte_however_it_comes() -> None:
    wire = Wire([Truncate(2)])
    wire.sends(GET)
    assert [wire.answers(OK[place : place + 1]) for place in range(len(OK))][-5:] == [
        [back(b"t")],
        [back(b"h"), (REPLY, Cut(0.0))],
        [],
        [],
        [],
    ]


def test_a_dripping_reply_comes_piece_by_piece() -> None:
    wire = Wire([Drip(piece_bytes=2, every_s=0.5)])
    wire.sends(GET)
    assert wire.answers(OK, 1.0) == [back(OK[:-5], 1.0), back(b"th", 1.5), back(b"er", 2.0), back(b"e", 2.5)]


def test_the_pieces_of_a_dripping_reply_do_not_depend_on_how_it_comes() -> None:
    wire = Wire([Drip(piece_bytes=2, every_s=0.5)])
    wire.sends(GET)
    late = [wire.answers(piece, 1.0) for piece in (OK[:-5], b"t", b"h", b"ere")]
    assert late == [[back(OK[:-5], 1.0)], [back(b"t", 1.5)], [back(b"h", 1.5)], [back(b"er", 2.0), back(b"e", 2.5)]]


def test_a_malformed_chunk_stands_where_a_size_should() -> None:
    wire = Wire([BreakChunk(), BreakChunk()])
    wire.sends(GET + GET)
    assert wire.answers(OK) == [back(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\nthere")]
    assert wire.answers(CHUNKED) == [back(CHUNKED.replace(b"5\r\nthere", b"xyz\r\n5\r\nthere"))]


def test_a_reply_without_a_body_has_no_chunk_to_break() -> None:
    empty = b"HTTP/1.1 204 No Content\r\n\r\n"
    wire = Wire([BreakChunk()])
    wire.sends(GET)
    assert wire.answers(empty) == [back(empty)]


@pytest.mark.parametrize(("by_bytes", "length"), [(3, b"8"), (-3, b"2"), (-9, b"0")])
def test_a_wrong_length_is_off_by_so_much_and_never_negative(by_bytes: int, length: bytes) -> None:
    wire = Wire([WrongLength(by_bytes)])
    wire.sends(GET)
    assert wire.answers(OK) == [back(OK.replace(b"Length: 5", b"Length: " + length))]


def test_a_reply_that_states_no_length_cannot_lie_about_it() -> None:
    wire = Wire([WrongLength(3)])
    wire.sends(GET)
    assert wire.answers(CHUNKED) == [back(CHUNKED)]


# -- properties ------------------------------------------------------------------------------------------------------------

EXCHANGES = [
    (GET, OK),
    (POST, CHUNKED),
    (GET.replace(b"GET", b"HEAD"), b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n"),
    (b"DELETE /orders/1 HTTP/1.1\r\nHost: a\r\n\r\n", b"HTTP/1.1 204 No Content\r\n\r\n"),
    (GET, b"HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n" + OK),
    (
        b"PUT /x HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\nT: 1\r\n\r\n",
        b"HTTP/1.1 200 OK\nContent-Length: 2\n\nok",
    ),
    (GET, b"HTTP/1.1 304 Not Modified\r\nContent-Length: 500\r\n\r\n"),
]
conversations = st.lists(st.sampled_from(EXCHANGES), min_size=1, max_size=5)
splits = st.lists(st.integers(0, 10_000), max_size=15)
verdicts = st.lists(
    st.sampled_from(
        [
            Pass(), DropRequest(), DropReply(), Delay(0.5, 0.5), UNAVAILABLE, Duplicate(), Reset(), Reset(after_work=True),
            Truncate(3), Drip(2, 0.1), BreakChunk(), WrongLength(3), WrongLength(-3),
        ]
    ),
    max_size=6,
)  # fmt: skip
anything = st.lists(
    st.one_of(
        st.sampled_from([GET, POST, OK, CHUNKED, GET[:20], OK[:20], b"\r\n", b"0\r\n\r\n", b"CONNECT a:1 HTTP/1.1\r\n\r\n"]),
        st.binary(max_size=20),
    ),
    max_size=8,
).map(b"".join)


def cut(data: bytes, places: Sequence[int]) -> list[bytes]:
    edges = [0, *sorted(place % (len(data) + 1) for place in places), len(data)]
    return [data[begin:end] for begin, end in itertools.pairwise(edges)]


def passed(out: Sequence[tuple[Direction, Action]], direction: Direction) -> bytes:
    return b"".join(action.data for way, action in out if way is direction and isinstance(action, Send))


@pytest.mark.parametrize("decide", [None, lambda request: Pass()])
@given(talk=conversations, request_splits=splits, reply_splits=splits)
def test_pipelined_exchanges_pass_byte_for_byte_in_any_cut(
    decide: Callable[[Request], Verdict] | None,
    talk: list[tuple[bytes, bytes]],
    request_splits: list[int],
    reply_splits: list[int],
) -> None:
    exchange = Exchange(decide)
    asked, answered = (b"".join(side) for side in zip(*talk, strict=True))
    there = [exchange.received(REQUEST, piece, 0.0) for piece in cut(asked, request_splits)]
    here = [exchange.received(REPLY, piece, 0.0) for piece in cut(answered, reply_splits)]
    assert passed([one for out in there for one in out], REQUEST) == asked
    assert passed([one for out in here for one in out], REPLY) == answered
    assert exchange.requests == len(talk)


@given(talk=conversations, place=st.integers(0, 4), request_splits=splits, reply_splits=splits)
def test_a_dropped_reply_silences_its_connection_from_there_on_and_nothing_before(
    talk: list[tuple[bytes, bytes]], place: int, request_splits: list[int], reply_splits: list[int]
) -> None:
    place %= len(talk)
    wire = Wire([*[Pass()] * place, DropReply()])
    asked, answered = (b"".join(side) for side in zip(*talk, strict=True))
    there = [one for piece in cut(asked, request_splits) for one in wire.sends(piece)]
    here = [one for piece in cut(answered, reply_splits) for one in wire.answers(piece)]
    hints = talk[place][1].partition(OK)[0] if b" 103 " in talk[place][1] else b""  # hints are no reply yet
    assert passed(there, REQUEST) == asked
    assert passed(here, REPLY) == b"".join(reply for _, reply in talk[:place]) + hints


@given(talk=conversations, met=verdicts, request_splits=splits, reply_splits=splits)
def test_how_the_bytes_are_cut_makes_no_difference_to_what_passes(
    talk: list[tuple[bytes, bytes]], met: list[Verdict], request_splits: list[int], reply_splits: list[int]
) -> None:
    asked, answered = (b"".join(side) for side in zip(*talk, strict=True))

    def play(request_pieces: list[bytes], reply_pieces: list[bytes]) -> tuple[bytes, bytes]:
        wire = Wire(list(met))
        out = [one for piece in request_pieces for one in wire.sends(piece)]
        out += [one for piece in reply_pieces for one in wire.answers(piece)]
        return passed(out, REQUEST), passed(out, REPLY)

    assert play(cut(asked, request_splits), cut(answered, reply_splits)) == play([asked], [answered])


@given(events=st.lists(st.tuples(st.sampled_from([REQUEST, REPLY]), st.booleans(), anything, splits), max_size=10), met=verdicts)
def test_nothing_anyone_sends_makes_it_fail_and_instants_never_go_back(
    events: list[tuple[Direction, bool, bytes, list[int]]], met: list[Verdict]
) -> None:
    wire = Wire(met)
    out: list[tuple[Direction, Action]] = []
    now = 0.0
    for direction, ends, data, places in events:
        for piece in cut(data, places):
            now += 0.01
            out += wire.exchange.received(direction, piece, now)
        if ends:
            out += wire.exchange.ended(direction, now)
    for direction in (REQUEST, REPLY):
        instants = [one.at for way, one in out if way is direction and not (isinstance(one, Cut) and one.reset)]
        assert instants == sorted(instants)


@given(events=st.lists(st.tuples(st.sampled_from([REQUEST, REPLY]), anything, splits), max_size=10))
def test_whatever_is_sent_passes_whole_when_nothing_is_harmed(events: list[tuple[Direction, bytes, list[int]]]) -> None:
    wire = Wire()
    out: list[tuple[Direction, Action]] = []
    for direction, data, places in events:
        for piece in cut(data, places):
            out += wire.exchange.received(direction, piece, 0.0)
    out += wire.exchange.ended(REQUEST, 1.0) + wire.exchange.ended(REPLY, 1.0)
    for direction in (REQUEST, REPLY):
        assert passed(out, direction) == b"".join(data for way, data, _ in events if way is direction)
