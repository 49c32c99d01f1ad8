"""The laws of stores: which histories break each, who is named, and what does not break them."""

from __future__ import annotations

from random import Random
from typing import Any

import pytest

from chaoscli.checks.catalogue import INVARIANTS
from chaoscli.checks.laws import Finding
from chaoscli.checks.recovers import fares_no_better
from chaoscli.events import CallRejected
from chaoscli.measures.base import NoData
from tests.support.recordings import Play, recording

LAWS = ("linearizable", "reads own writes", "no step back")


class Store:
    """Histories of one key, told as a store's front would: ``wrote("a", 1, at=0)`` takes half a second."""

    def __init__(self) -> None:
        self.play: Play = recording()
        self._asked = 0

    def _told(self, kind: str, client: str, at: float, took: float, asked: dict[str, Any], answered: dict[str, Any]) -> Store:
        self._asked += 1
        name = {"operation": f"op-{self._asked}"}
        request = f"{client}-{self._asked}"
        self.play.happened("front", f"{kind} invoked", request, at=at, client=client, key="k", **name, **asked)
        self.play.happened("front", f"{kind} returned", request, at=at + took, **name, **answered)
        return self

    def wrote(self, client: str, value: int, *, at: float, took: float = 0.5, outcome: str = "ok", **more: Any) -> Store:
        return self._told("write", client, at, took, {"value": value}, {"outcome": outcome, **more})

    def read(self, client: str, value: int | None, *, at: float, took: float = 0.5, outcome: str = "ok", **more: Any) -> Store:
        return self._told("read", client, at, took, {}, {"value": value, "outcome": outcome, **more})

    def guilty(self) -> dict[str, tuple[str, ...]]:
        findings = {law: INVARIANTS[law].judge(self.play) for law in LAWS}
        return {law: finding.guilty for law, finding in findings.items() if finding.guilty}


def test_one_copy_keeps_all_of_them() -> None:
    assert Store().wrote("a", 1, at=0).read("a", 1, at=1).wrote("b", 2, at=2).read("a", 2, at=3).guilty() == {}


def test_a_replica_that_lags_behind_breaks_the_writers_trust_and_linearizability() -> None:
    store = Store().wrote("a", 1, at=0).read("a", None, at=1)
    assert store.guilty() == {"linearizable": ("a-2",), "reads own writes": ("a-2",)}


def test_two_replicas_in_turn_take_a_reader_back() -> None:
    store = Store().wrote("a", 1, at=0).wrote("a", 2, at=1).read("b", 2, at=2).read("b", 1, at=3)
    assert store.guilty() == {"linearizable": ("b-4",), "no step back": ("b-4",)}


def test_two_readers_who_disagree_each_see_time_go_forward_and_yet_there_is_no_one_copy() -> None:
    store = Store().wrote("a", 1, at=0).wrote("a", 2, at=1).read("b", 2, at=2).read("c", 1, at=3)
    assert store.guilty() == {"linearizable": ("c-4",)}


def test_versions_decide_where_the_store_has_them() -> None:
    # The write of 2 overlaps that of 1, so times say nothing; versions do.
    store = Store().wrote("a", 1, at=0, took=5, version=2).wrote("c", 2, at=0, took=5, version=1)
    store.read("b", 1, at=6, version=2).read("b", 2, at=7, version=1)
    assert store.guilty()["no step back"] == ("b-4",)


def test_a_value_that_is_written_again_later_is_as_new_as_it_was_when_it_was_read() -> None:
    store = Store().wrote("a", 2, at=0).read("b", 2, at=1).wrote("a", 1, at=2).read("b", 1, at=3).wrote("a", 2, at=4)
    assert store.guilty() == {}


def test_a_value_that_somebody_else_wrote_again_may_be_the_newer_one() -> None:
    # a's own 2 stands between two writes of 1, and nobody can say which of them a has read.
    store = Store().wrote("c", 1, at=0).wrote("a", 2, at=1).wrote("c", 1, at=2).read("a", 1, at=3)
    assert store.guilty() == {}
    # c wrote its second 1 side by side with a's 2, and then either may have been the last.
    store = Store().wrote("c", 1, at=0).wrote("a", 2, at=1).wrote("c", 1, at=1.2).read("a", 1, at=3).read("a", 1, at=4)
    assert store.guilty() == {}


def test_a_value_that_was_written_twice_and_is_older_either_way_is_still_found() -> None:
    store = Store().wrote("c", 1, at=0).wrote("c", 1, at=1).wrote("a", 2, at=2).read("a", 2, at=3).read("a", 1, at=4)
    assert store.guilty() == {"linearizable": ("a-5",), "reads own writes": ("a-5",), "no step back": ("a-5",)}
    # What is written again only after the read was over is no excuse for it.
    assert store.wrote("c", 1, at=5).guilty()["no step back"] == ("a-5",)
    assert store.guilty()["reads own writes"] == ("a-5",)


def test_who_writes_a_value_again_is_told_by_the_write_it_has_just_made() -> None:
    # a's last write of 2 is the second one; the 1 that it reads came between the two.
    store = Store().wrote("a", 2, at=0).wrote("c", 1, at=1).wrote("a", 2, at=2).read("a", 1, at=3).wrote("c", 2, at=4)
    assert store.guilty() == {"linearizable": ("a-4",), "reads own writes": ("a-4",)}


def test_a_key_that_was_emptied_again_may_be_found_empty() -> None:
    store = Store().wrote("a", 1, at=0).read("b", 1, at=1)
    store._told("write", "c", 2, 0.5, {"value": None}, {"outcome": "ok"})
    assert store.read("a", None, at=3).read("b", None, at=4).read("b", 1, at=5).guilty() == {"linearizable": ("b-6",)}


def test_nobody_is_accused_whose_history_one_copy_explains() -> None:
    dice = Random(1)
    accused = 0
    for _ in range(1000):
        store = Store()
        times = dict.fromkeys("abc", 0.0)
        for _ in range(dice.randint(3, 9)):
            client = dice.choice("abc")
            at, took = times[client] + dice.random(), dice.random() * 2
            times[client] = at + took + 0.01
            outcome = dice.choice(["ok"] * 6 + ["unknown", "failed"])
            tell = dice.choice([store.wrote, store.read])
            tell(client, dice.choice([1, 2]), at=at, took=took, outcome=outcome)
        guilty = store.guilty()
        accused += bool(guilty)
        assert not guilty or "linearizable" in guilty
    assert accused > 500  # most of what is drawn is impossible


def test_what_failed_never_was_and_what_is_unknown_may_be() -> None:
    assert Store().wrote("a", 1, at=0, outcome="failed").read("a", None, at=1).guilty() == {}
    assert Store().wrote("a", 1, at=0, outcome="unknown").read("a", None, at=1).read("a", 1, at=2).guilty() == {}
    assert Store().wrote("a", 1, at=0, outcome="failed").read("a", 1, at=1).guilty() == {"linearizable": ("a-2",)}


def test_reads_side_by_side_may_be_answered_in_either_order() -> None:
    store = Store().wrote("a", 1, at=0, took=5).read("b", 1, at=1, took=2).read("b", None, at=1.5, took=2)
    assert store.guilty() == {}


def test_a_violation_is_shown_by_the_longest_order_that_fits() -> None:
    store = Store().wrote("a", 1, at=0).wrote("a", 2, at=1).read("b", 2, at=2).read("b", 1, at=3)
    assert INVARIANTS["linearizable"].judge(store.play) == Finding(
        shown="k: after a writes 1, a writes 2, b reads 2: b reads 1 does not fit", guilty=("b-4",)
    )


def test_what_could_not_be_decided_is_no_data() -> None:
    store = Store()
    for number in range(201):
        store.wrote("a", number, at=number)
    with pytest.raises(NoData, match="whether k is linearizable is not known: 201 operations, and 200 are the most"):
        INVARIANTS["linearizable"].judge(store.play)


# -- liveness ----------------------------------------------------------------------------------------------------------------


def shop() -> Play:
    return recording().node("shipping", "ready", at=0).happened("order", "order created", "s-1", at=1, order="o-1", quantity=1)


def judged(law: str, play: Play) -> Finding:
    return INVARIANTS[law].judge(play)


def test_an_order_is_shipped_within_a_bound_of_the_last_heal() -> None:
    # Healed at 10, so that 13.9 is in time and 14.1 is not.
    for at, guilty in ((13.9, ()), (14.1, ("s-1",))):
        play = shop().fault("cut", at=2, until=10).happened("shipping", "shipped", "s-1", at=at, order="o-1").fell(20)
        assert judged("shipped in time", play).guilty == guilty


def test_an_order_that_is_never_shipped_is_late_once_its_time_has_passed() -> None:
    assert judged("shipped in time", shop().fell(6)) == Finding(
        shown="0 of 1 orders shipped within 4s of the last heal", guilty=("s-1",)
    )
    with pytest.raises(NoData, match="no order was due"):
        judged("shipped in time", shop().fell(4))


def answered(play: Play, result: str, *times: float, status: int = 0) -> Play:
    for at in times:
        play.request(at=at, took=0.1, result=result, status=status)
    return play


def test_who_succeeds_again_has_recovered_and_who_does_not_is_named() -> None:
    def harmed() -> Play:
        return answered(recording(), "ok", 0.1, 0.2, 0.3).fault("cut", at=1, until=2)

    assert judged("recovers", answered(harmed(), "ok", 6, 7, 8)).guilty == ()
    broken = judged("recovers", answered(harmed(), "failed", 6, 7, 8))
    assert broken == Finding(
        shown="0% of 3 requests are answered 3s after the last heal", guilty=("shoppers-4", "shoppers-5", "shoppers-6")
    )


def test_what_failed_before_anything_broke_may_fail_afterwards() -> None:
    play = answered(recording(), "failed", 0.1, 0.2, 0.3).fault("cut", at=1, until=2)
    assert judged("recovers", answered(play, "failed", 6, 7, 8)).guilty == ()


@pytest.mark.parametrize(
    ("status", "recovered"), [(400, True), (409, True), (408, False), (429, False), (500, False), (503, False)]
)
def test_a_no_that_was_considered_is_an_answer_and_one_that_speaks_of_the_server_is_none(status: int, recovered: bool) -> None:
    play = answered(recording(), "ok", 0.1, 0.2, 0.3).fault("cut", at=1, until=2)
    assert (judged("recovers", answered(play, "failed", 6, 7, 8, status=status)).guilty == ()) is recovered


@pytest.mark.parametrize(("last", "recovered"), [("ok", True), ("timeout", False), ("refused", False)])
def test_a_no_for_want_of_somebody_elses_answer_is_none(last: str, recovered: bool) -> None:
    play = answered(recording(), "ok", 0.1, 0.2, 0.3).fault("cut", at=1, until=2)
    for at in (6, 7, 8):
        name = f"late-{at}"
        play.call("order -> inventory", name, at=at, took=0.01, result="timeout")
        play.call("order -> inventory", name, at=at + 0.02, took=0.01, result=last, attempt=2)
        play.request(at=at, took=0.1, result="failed", status=400, name=name)
    assert (judged("recovers", play).guilty == ()) is recovered


def test_a_no_for_a_call_that_an_open_breaker_kept_back_is_none() -> None:
    play = answered(recording(), "ok", 0.1, 0.2, 0.3).fault("cut", at=1, until=2)
    for at in (6, 7, 8):
        play.tell(CallRejected(at=at, caller="order", callee="inventory", request=f"late-{at}", attempt=1, reason="breaker open"))
        play.request(at=at, took=0.1, result="failed", status=400, name=f"late-{at}")
    assert judged("recovers", play).guilty == ("late-6", "late-7", "late-8")


def test_faults_are_not_to_blame_for_what_fails_as_often_without_them() -> None:
    def late(*results: str) -> Play:
        play = answered(recording(), "ok", 0.1, 0.2, 0.3).fault("cut", at=1, until=2)
        for at, result in enumerate(results, start=6):
            answered(play, result, at)
        return play

    lost = late("timeout", "timeout", "timeout", "ok")
    assert fares_no_better(late("timeout", "timeout", "ok", "ok"), lost)
    assert not fares_no_better(late("timeout", "ok", "ok", "ok"), lost)
    # Two requests say nothing about a share.
    assert not fares_no_better(late("timeout", "timeout"), lost)
