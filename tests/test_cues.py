"""Cues change who is on stage while a play goes on, alike in both worlds: the same playbook, the same promises."""

from __future__ import annotations

from pathlib import Path

import pytest

from chaoscli.events import NodeChanged
from chaoscli.recording import Recording
from tests.support.plays import play
from tests.support.simulations import simulated

PLAYBOOK = """\
playbook: ups-and-downs
services:
  inventory: { workers: 4, service_time: 10ms, stock: { BOOK-001: 500 } }
  order: { calls: { inventory: { timeout: 200ms } } }
load:
  shoppers:
    request: POST order /api/orders
    json: { productId: BOOK-001, quantity: 1, customerId: C }
    rate: 40/s
    arrivals: constant
cues:
  - { name: crash, kill: inventory, at: 500ms, for: 500ms }
  - { name: freeze, pause: inventory, at: 2s, for: 500ms }
  - { name: surge, load: shoppers, rate: 120/s, at: 3s, for: 500ms }
  - { name: quiet, pause: shoppers, at: 3500ms, for: 500ms }
lasts: 4500ms
expect:
  # Nobody listens: the answer is a quick no. Nobody answers: it takes as long as the timeout.
  - success during crash <= 10%
  - timeouts(order -> inventory) during crash <= 1
  - timeouts(order -> inventory) during freeze >= 5
  - success during surge >= 95%
  - requests during surge > 50
  - requests during quiet <= 2
  - no oversell
"""
LIFE = ["starting", "ready", "killed", "starting", "ready", "paused", "resumed"]


@pytest.fixture
def playbook(tmp_path: Path) -> Path:
    file = tmp_path / "ups-and-downs.yaml"
    file.write_text(PLAYBOOK)
    return file


def life_of(node: str, recording: Recording) -> list[str]:
    return [event.state for event in recording.of(NodeChanged) if event.node == node]


def test_a_simulated_play_does_what_its_cues_say(playbook: Path, tmp_path: Path) -> None:
    assert play(playbook, tmp_path, world="sim").failed() == []
    assert life_of("inventory", simulated(playbook).variants["default"]) == LIFE


def test_a_play_on_real_processes_does_the_same(playbook: Path, tmp_path: Path) -> None:
    played = play(playbook, tmp_path)
    assert played.failed() == [], played.told()


def test_a_node_starts_again_with_its_disk(playbook: Path) -> None:
    """Stock that was given away before the power cut is gone after it."""
    recording = simulated(playbook, changed=["inventory.stock={BOOK-001: 15}"]).variants["default"]
    sold = [event for event in recording.events if getattr(event, "what", "") == "stock reserved"]
    assert len(sold) == 15


def test_who_is_killed_for_good_stays_dead_and_the_play_goes_on(playbook: Path, tmp_path: Path) -> None:
    never_back = ["crash={kill: inventory, at: 500ms}", "freeze=none", "expect=[]"]
    recording = simulated(playbook, changed=never_back).variants["default"]
    assert life_of("inventory", recording) == ["starting", "ready", "killed"]
    assert recording.complete
