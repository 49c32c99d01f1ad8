"""Stale reads: any copy shows what is over; a sticky one not to its own users, and a quorum to nobody; without them, again."""

from __future__ import annotations

import pytest

from tests.support.simulations import broken, judged

NODES = ("a", "b", "c")


@pytest.mark.parametrize("seed", [4, 9])
def test_every_expectation_holds(seed: int) -> None:
    assert broken("stale-reads", seed=seed) == []


def test_a_copy_that_does_not_remember_what_it_took_shows_its_users_what_was_before() -> None:
    changed = [f"sticky:{node}.reads=local" for node in ("b", "c")]
    assert broken("stale-reads", changed=changed, variants=["sticky"]) == ["sticky: reads own writes"]


def test_sticking_to_a_copy_is_of_no_use_to_who_is_sent_to_another() -> None:
    changed = ["sticky:looks.request=GET c /store/user-${n % 2}?client=user-${n % 2}"]
    assert "sticky: reads own writes" in broken("stale-reads", changed=changed, variants=["sticky"])


def test_a_quorum_for_writes_alone_is_none_for_readers() -> None:
    changed = [f"quorum:{node}.reads=local" for node in NODES]
    failed = broken("stale-reads", changed=changed, variants=["quorum"])
    assert failed[:3] == ["quorum: linearizable", "quorum: reads own writes", "quorum: no step back"]


def test_the_run_names_the_looks_that_missed_what_was_saved() -> None:
    law = judged("stale-reads", variants=["any"]).checks[0]
    assert len(law.guilty) > 5
    assert all(request.startswith("looks-") for request in law.guilty)
