from __future__ import annotations

from chaoscli.events import Event, FaultTouched
from chaoscli.faults.base import Direction, DropReply, DropRequest, Pass, Verdict
from chaoscli.faults.drop import Drop
from chaoscli.messages import Request
from chaoscli.proxy.judge import Judge

LINK = "order -> inventory"


def _judge(seed: int = 7) -> tuple[Judge, list[Event]]:
    told: list[Event] = []
    return Judge(LINK, seed=seed, tell=told.append, now=lambda: 3.0), told


def _request(number: int, *, named: bool = True) -> Request:
    headers = (("x-request-id", f"r{number}"), ("x-attempt", "1")) if named else ()
    return Request(method="GET", target="/", headers=headers)


def _verdicts(judge: Judge, count: int, *, named: bool = True) -> list[Verdict]:
    return [judge.decide(_request(number, named=named)) for number in range(count)]


def test_with_no_fault_there_is_nothing_to_ask() -> None:
    judge, _ = _judge()
    assert judge.decide_or_none is None
    judge.inject("lost", Direction.REQUEST, Drop())
    assert judge.decide_or_none is not None
    judge.heal("lost")
    assert judge.decide_or_none is None


def test_the_first_fault_that_strikes_decides_and_is_told() -> None:
    judge, told = _judge()
    judge.inject("first two", Direction.REQUEST, Drop(what="request", first=2))
    judge.inject("all", Direction.REPLY, Drop(what="reply"))
    assert _verdicts(judge, 3) == [DropRequest(), DropRequest(), DropReply()]
    assert told == [
        FaultTouched(at=3.0, fault="first two", link=LINK, request="r0", action="drop request"),
        FaultTouched(at=3.0, fault="first two", link=LINK, request="r1", action="drop request"),
        FaultTouched(at=3.0, fault="all", link=LINK, request="r2", action="drop reply"),
    ]
    assert [(tally.fault, tally.met, tally.touched) for tally in judge.tallies()] == [("first two", 3, 2), ("all", 1, 1)]


def test_the_same_request_meets_the_same_fate_whatever_came_before_it() -> None:
    one, _ = _judge()
    other, _ = _judge()
    for judge in (one, other):
        judge.inject("some", Direction.REQUEST, Drop(probability=0.5))
    in_order = _verdicts(one, 50)
    backwards = [other.decide(_request(number)) for number in reversed(range(50))]
    assert in_order == backwards[::-1]
    assert {type(verdict) for verdict in in_order} == {Pass, DropRequest}


def test_another_seed_rolls_other_dice() -> None:
    fates = []
    for seed in (7, 8):
        judge, _ = _judge(seed)
        judge.inject("some", Direction.REQUEST, Drop(probability=0.5))
        fates.append(_verdicts(judge, 50))
    assert fates[0] != fates[1]


def test_requests_without_a_name_do_not_share_one_fate() -> None:
    judge, _ = _judge()
    judge.inject("some", Direction.REQUEST, Drop(probability=0.5))
    assert {type(verdict) for verdict in _verdicts(judge, 50, named=False)} == {Pass, DropRequest}
