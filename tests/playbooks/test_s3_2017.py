"""S3, 2017: what a safeguard refuses or slows down is not felt; without it the outage is back."""

from __future__ import annotations

from tests.support.simulations import broken


def test_every_expectation_holds() -> None:
    assert broken("s3-2017") == []


def test_without_the_least_capacity_the_same_command_is_the_outage() -> None:
    changed = ["minimum:cues.command.kill=[index-2, index-3, index-4, index-5]"]
    assert broken("s3-2017", changed=changed) == [
        "minimum: success(customers) from 3s to 4.5s > 95%",
        "minimum: success(worried) from 3s to 4.5s > 90%",
        "minimum: turned_away(index) <= 5",
    ]


def test_all_at_once_is_not_gradual() -> None:
    changed = ["gradual:cues.command.kill=[index-2, index-3, index-4, index-5]"]
    assert broken("s3-2017", changed=changed) == [
        "gradual: success(customers) from 3s to 4.5s > 95%",
        "gradual: success(worried) from 3s to 4.5s > 90%",
        "gradual: turned_away(index) <= 5",
    ]
