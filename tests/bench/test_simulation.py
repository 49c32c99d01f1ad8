"""The parts of the benchmark of the simulated world work, on a few seeds; what they say of a machine is for whoever runs them."""

from __future__ import annotations

import pytest

from tests.bench.simulation import SPARSER, read, response, shares, speed


def test_speed_is_told_in_seeds_messages_and_times_of_real_time(capsys: pytest.CaptureFixture[str]) -> None:
    speed("sparse", read(SPARSER), 2)
    said = capsys.readouterr().out
    assert said.startswith("sparse: ")
    assert all(unit in said for unit in ("seeds/s", "messages/s", "times faster than real time"))


def test_the_shares_of_all_layers_are_the_whole() -> None:
    found = dict(shares(read(SPARSER), 1))
    assert sum(found.values()) == pytest.approx(1.0)
    assert {"trio", "services", "worlds"} <= found.keys()


def test_a_long_queue_is_measured_in_plays_that_are_allowed() -> None:
    """200,000 requests at half of what a worker of 10 ms can do are 4,000 seconds, and no play lasts longer than 3,600."""
    mean_s, expected_s = response(0.5, 2000, longest_s=20.0)
    assert expected_s == pytest.approx(0.020)
    assert mean_s == pytest.approx(expected_s, rel=0.2)
