"""Drops: what is tried again succeeds, and is done twice unless it is known for the same; take either away and it shows."""

from __future__ import annotations

from pathlib import Path

import pytest

from chaoscli.errors import ExitCode
from tests.support.plays import Played, play

LINK = "order -> payment"


@pytest.fixture(scope="module")
def shipped(tmp_path_factory: pytest.TempPathFactory) -> Played:
    return play("drops", tmp_path_factory.mktemp("drops"))


def test_every_expectation_holds(shipped: Played) -> None:
    assert (shipped.code, shipped.failed()) == (ExitCode.HELD, []), shipped.told()


def test_the_two_that_try_again_look_alike_from_outside_and_only_one_charges_twice(shipped: Played) -> None:
    assert shipped.measure("retry", "duplicates") > 5
    assert shipped.measure("idempotent", "duplicates") == 0
    # Within a few requests: a retry may fall on either side of a heal.
    for name in ("success", "timeouts"):
        there, here = (shipped.measure(variant, name, LINK) for variant in ("retry", "idempotent"))
        assert there == pytest.approx(here, rel=0.2), name
    assert shipped.measure("retry", "success") - shipped.measure("no-retry", "success") > 0.08


def test_nobody_pays_twice_for_a_request_that_was_lost(shipped: Played) -> None:
    during_requests = shipped.claimed("retry", "duplicates(charged) during lost-requests")
    during_replies = shipped.claimed("retry", "duplicates(charged) during lost-replies")
    assert during_requests < during_replies / 5
    # What was on its way when the fault came may lose its reply as well.
    assert during_replies > shipped.measure("retry", "duplicates") - 4


def test_what_was_lost_is_near_what_was_asked(shipped: Played) -> None:
    lost = [fault for fault in shipped.document["faults"] if fault["kind"] == "drop"]
    shares = [figure for fault in lost for figure in fault["figures"] if figure["what"] == "share"]
    assert [figure["asked"] for figure in shares] == [0.33] * 6
    # At least 50 requests each: four standard deviations of their share are 0.27.
    assert all(abs(figure["achieved"] - 0.33) < 0.27 for figure in shares)


def test_a_lost_packet_is_a_late_one(shipped: Played) -> None:
    packets = [fault for fault in shipped.document["faults"] if fault["fault"] == "lost-packets"]
    delays = [figure for fault in packets for figure in fault["figures"] if figure["what"] == "delay"]
    # 200 ms, or 600 where the second try was lost as well.
    assert len(delays) == 3
    assert all(0.2 <= figure["achieved"] < 0.7 for figure in delays)


def test_without_its_cure_each_variant_fails_the_expectations_that_guard_it(tmp_path: Path) -> None:
    shorter = [
        "faults.lost-requests.at=500ms",
        "faults.lost-requests.for=2s",
        "faults.lost-replies.at=2500ms",
        "faults.lost-replies.for=2s",
        "faults.lost-packets.at=4500ms",
        "faults.lost-packets.for=500ms",
        "lasts=5s",
    ]
    taken_out = ["retry:order.calls.payment.retry=none", "idempotent:order.idempotency_key=false"]
    played = play("drops", tmp_path, variants=["retry", "idempotent"], changed=[*taken_out, *shorter], world="sim")
    assert played.failed() == [
        "retry: success >= 96%",
        # Who never tries again never pays twice.
        "retry: duplicates(charged) during lost-replies > 5",
        "idempotent: no double charge",
    ], played.told()
