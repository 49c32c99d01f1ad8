"""Health checks: each way of finding out sees what it can see; taken away, nobody finds out."""

from __future__ import annotations

from tests.support.simulations import broken


def test_every_expectation_holds() -> None:
    assert broken("health-checks") == []


def test_who_only_asks_whether_it_lives_cannot_see_what_is_behind_it() -> None:
    changed = ["readiness:gateway.probe=liveness"]
    assert broken("health-checks", changed=changed) == [
        "readiness: success during deep > 90%",
        "readiness: count(replica unhealthy) during deep >= 1",
    ]


def test_without_ejection_nobody_learns_from_failures() -> None:
    changed = ["ejection:gateway.eject_after=none"]
    assert broken("health-checks", changed=changed) == [
        "ejection: success during deep > 85%",
        "count(ejection, ejected) >= 3",
    ]


def test_without_asking_a_frozen_replica_is_never_left_out() -> None:
    changed = ["liveness:gateway.health_every=none"]
    assert broken("health-checks", changed=changed) == [
        "liveness: count(replica unhealthy) during frozen >= 1",
    ]
