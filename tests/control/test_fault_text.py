from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chaoscli.control.fault_text import FaultTextError, LinkFault, link_kinds, parse_fault
from chaoscli.faults.base import Direction
from chaoscli.faults.drop import Drop
from chaoscli.faults.error import Error
from chaoscli.faults.latency import Latency

BOTH = (Direction.REQUEST, Direction.REPLY)


def test_a_fault_is_its_kind_its_first_value_and_further_fields_by_name() -> None:
    assert parse_fault("latency 20ms jitter 5ms") == LinkFault(
        kind="latency",
        fault=Latency(delay=0.02, jitter=0.005),
        given={"delay": 0.02, "jitter": 0.005},
        directions=(Direction.REPLY,),
    )


@pytest.mark.parametrize(
    "text",
    [
        "latency delay 20ms jitter 5ms",
        "latency 20ms, jitter 5ms",
        "  latency\t20ms jitter  5ms ",
        "latency jitter 5ms delay 20ms",
    ],
)
def test_there_are_several_ways_to_write_the_same(text: str) -> None:
    assert parse_fault(text).fault == Latency(delay=0.02, jitter=0.005)


def test_what_every_fault_can_be_told_stands_beside_its_fields() -> None:
    line = parse_fault("latency 20ms direction both share 30% for 1m30s")
    assert (line.fault, line.directions, line.share, line.duration_s) == (Latency(delay=0.02), BOTH, 0.3, 90.0)


def test_a_probability_may_do_without_its_name() -> None:
    assert parse_fault("drop reply 30%").fault == Drop(what="reply", probability=0.3)
    assert parse_fault("drop 30% method POST").fault == Drop(method="POST", probability=0.3)


def test_quotes_keep_words_together() -> None:
    line = parse_fault("""error 503 body "try again, later" headers 'X-Why: chaos; X-Who: me'""")
    assert line.fault == Error(status=503, body="try again, later", headers={"X-Why": "chaos", "X-Who": "me"})


@pytest.mark.parametrize(
    ("text", "message", "under"),
    [
        ("", "a kind of fault is missing", "^  like 'latency 20ms jitter 5ms'"),
        ("latncy 20ms", "unknown fault 'latncy'", "^~~~~~  did you mean 'latency'?"),
        ("partition", "unknown fault 'partition'", "^~~~~~~~~"),
        ("latency", "latency needs 'delay'", "^~~~~~~  how much later each chunk of bytes arrives, like 'latency delay 250ms'"),
        ("latency 20", "'20' has no unit: write '20ms' or '20s'", "        ^~  how much later each chunk of bytes arrives"),
        ("latency 20ms jiter 5ms", "latency has no 'jiter'", "             ^~~~~  did you mean 'jitter'?"),
        (
            "latency 20ms 30ms",
            "latency has no '30ms'",
            "             ^~~~  it has delay, jitter, distribution, correlation, handshake, direction, share, for",
        ),
        ("latency 20ms jitter", "a value for 'jitter' is missing", "                    ^  like 250ms"),
        ("latency 20ms jitter 1ms jitter 2ms", "'jitter' is given twice", "                        ^~~~~~"),
        ("silence direction up", "'up' is not one of request, reply, both", "                  ^~  which way it works"),
        ("drop first -1", "'-1' is not a whole number", "           ^~  only the first so many of them"),
        (
            "slicer 10B size_variation 20B",
            "size_variation must be less than average_size, and not negative",
            "                          ^~~",
        ),
    ],
)
def test_a_mistake_is_shown_where_it_is_with_the_way_out(text: str, message: str, under: str) -> None:
    with pytest.raises(FaultTextError) as caught:
        parse_fault(text)
    column = under.index("^") + 1
    assert caught.value.render() == f"--fault:1:{column}: {message}\n  1 | {text}\n    | {under}"


def test_a_text_without_end_is_refused() -> None:
    with pytest.raises(FaultTextError, match="at most 1000 characters"):
        parse_fault("latency " + "1ms " * 1000)


_WORDS = st.sampled_from(
    [*link_kinds(), "20ms", "5%", "64KB/s", "direction", "both", "for", "share", "jitter", "what", "'", "1", "reply"]
)


@given(st.lists(_WORDS, max_size=6).map(" ".join) | st.text(max_size=40))
def test_any_text_is_a_fault_or_a_mistake_with_its_place(text: str) -> None:
    column = 1
    try:
        assert parse_fault(text).kind in link_kinds()
    except FaultTextError as error:
        column = error.problem.place.column
    assert 1 <= column <= len(text) + 2  # what is missing would begin behind a space
