"""Replicas come and go, by cues and by a rule, and what was killed starts again as its policy says; alike in both worlds."""

from __future__ import annotations

from pathlib import Path

import pytest

from chaoscli.events import Arrived, Happened, NodeChanged
from chaoscli.recording import Recording
from tests.support.plays import play
from tests.support.simulations import simulated

PLAYBOOK = """\
playbook: come-and-go
services:
  shop: { kind: hop, workers: 2, service_time: 50ms, replicas: 2, startup: 300ms }
  edge: { kind: gateway, calls: { shop: {} }, tries: 2 }
load:
  visitors: { request: GET edge /home, rate: 60/s, arrivals: constant }
cues:
  - { name: more, scale: shop, to: 4, at: 500ms, for: 2s }
lasts: 4s
expect:
  - success == 100%
  - requests(shop-4) > 10
"""


@pytest.fixture
def playbook(tmp_path: Path) -> Path:
    file = tmp_path / "come-and-go.yaml"
    file.write_text(PLAYBOOK)
    return file


def played(playbook: Path, *changed: str) -> Recording:
    return simulated(playbook, changed=["expect=[]", *changed]).variants["default"]


def states(recording: Recording, node: str) -> list[tuple[float, str]]:
    return [(round(one.at, 2), one.state) for one in recording.of(NodeChanged) if one.node == node and one.at >= 0.0]


def happened(recording: Recording, what: str) -> list[tuple[float, str, dict[str, object]]]:
    return [(round(one.at, 2), one.node, dict(one.data)) for one in recording.of(Happened) if one.what == what]


def test_replicas_are_there_once_they_have_started_and_gone_when_they_are_done(playbook: Path) -> None:
    recording = played(playbook)
    assert states(recording, "shop-1") == []
    assert states(recording, "shop-4")[:2] == [(0.5, "starting"), (0.8, "ready")]
    ((gone_at, last),) = states(recording, "shop-4")[2:]
    assert (last, 2.5 <= gone_at < 2.6) == ("stopped", True)
    came = [one.at for one in recording.of(Arrived) if one.node == "shop-4"]
    assert 0.8 <= min(came) < 0.9
    assert max(came) <= 2.5


def test_nobody_is_failed_by_replicas_that_come_and_go_in_either_world(playbook: Path, tmp_path: Path) -> None:
    for world in ("sim", "real"):
        assert play(playbook, tmp_path, world=world).failed() == [], world


def test_one_that_is_dismissed_while_it_starts_never_gets_ready(playbook: Path) -> None:
    recording = played(playbook, "more.for=200ms")
    assert [state for _, state in states(recording, "shop-4")] == ["starting", "killed"]


def test_one_that_is_asked_back_while_it_goes_comes_again(playbook: Path) -> None:
    more = "cues=[{name: less, scale: shop, to: 1, at: 1s, for: 10ms}]"
    recording = played(playbook, more, "shop.service_time=80ms")
    assert [state for _, state in states(recording, "shop-2")] == ["stopped", "starting", "ready"]


def test_a_rule_brings_replicas_when_they_are_needed(playbook: Path) -> None:
    # 60/s of 50 ms hold three workers of the four; to hold 60 % of them at most, three replicas are needed.
    rule = "shop.autoscale={min: 2, max: 4, target: 60%, every: 500ms}"
    recording = played(playbook, rule, "cues=[]")
    ((at, node, data), *_rest) = happened(recording, "scaled")
    assert (at, node, data["before"]) == (0.5, "shop", 2)
    assert states(recording, "shop-3")[:2] == [(0.5, "starting"), (0.8, "ready")]


def test_a_crash_is_followed_by_a_start_each_time_after_twice_as_long_until_it_is_given_up(playbook: Path) -> None:
    kills = (
        "cues=[{kill: shop-1, at: 500ms, name: one}, {kill: shop-1, at: 1500ms, name: two}, {kill: shop-1, at: 3s, name: three}]"
    )
    recording = played(playbook, kills, "shop.restart=on_crash", "shop.restart_after=100ms", "shop.restart_times=2")
    assert states(recording, "shop-1") == [
        (0.5, "killed"), (0.6, "starting"), (0.9, "ready"),
        (1.5, "killed"), (1.7, "starting"), (2.0, "ready"),
        (3.0, "killed"),
    ]  # fmt: skip
    assert [(data["crash"], data["after"]) for _, _, data in happened(recording, "starts again")] == [(1, 0.1), (2, 0.2)]


def test_without_a_policy_the_dead_stay_dead(playbook: Path) -> None:
    recording = played(playbook, "cues=[{kill: shop-1, at: 500ms}]")
    assert states(recording, "shop-1") == [(0.5, "killed")]
