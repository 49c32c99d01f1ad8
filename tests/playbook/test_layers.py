"""Services by the hundred out of a few lines: who calls whom, what they are set to, and what is refused."""

from __future__ import annotations

from collections import Counter

import pytest

from chaoscli.errors import PlaybookError, UsageError
from chaoscli.playbook.layers import MOST_CALLS, MOST_SERVICES, callees_of, calls_of
from chaoscli.playbook.meaning import Playbook
from chaoscli.playbook.read import read_playbook

TEXT = """
playbook: large
title: Large
worlds: [sim]
layers: { sizes: [2, 4, 6], fanout: 2, service: { workers: 3, service_time: 2ms }, calls: { timeout: 1s } }
load:
  viewers: { request: 'GET gateway /s1-${n % 2}/', rate: 10/s }
variants:
  plain: {}
  guarded: { layers.calls.timeout: 100ms, layers.entry_calls: { timeout: 300ms } }
faults:
  - { name: slow, at: 1s, slow: s3-5, by: 4x }
lasts: 2s
expect:
  - all: success > 0%
"""


def read(text: str = TEXT) -> Playbook:
    return read_playbook(text.encode(), "large.yaml")


def test_each_layer_calls_the_next_and_the_entry_the_first() -> None:
    topology = read().variants[0].topology
    called = {node.name: tuple(node.calls) for node in topology.services}
    assert len(called) == 13
    assert called["gateway"] == ("s1-0", "s1-1")
    assert called["s1-1"] == ("s2-2", "s2-3")
    assert called["s2-3"] == ("s3-0", "s3-1")  # 6 and 7 of 6, round and round
    assert called["s3-5"] == ()
    assert topology.node("gateway").settings["paths"] == {"s1-0": "/s1-0/", "s1-1": "/s1-1/"}
    assert topology.node("s2-0").settings["workers"] == 3
    assert topology.node("s2-0").kind == "hop"


def test_a_variant_changes_the_policy_of_all_of_them() -> None:
    plain, guarded = read().variants
    assert {policy["timeout"] for node in plain.topology.services for policy in node.calls.values()} == {1.0}
    timeouts = {node.name: {policy["timeout"] for policy in node.calls.values()} for node in guarded.topology.services}
    assert timeouts["s1-0"] == timeouts["s2-1"] == {0.1}
    assert timeouts["gateway"] == {0.3}


def test_services_of_ones_own_stand_beside_them_and_win() -> None:
    text = TEXT.replace("load:\n", "services:\n  s3-5: { kind: hop, workers: 1 }\n  inventory: {}\nload:\n")
    topology = read(text).variants[0].topology
    assert topology.node("s3-5").settings["workers"] == 1
    assert topology.node("inventory").kind == "inventory"


def test_everybody_is_called_if_there_are_calls_enough() -> None:
    called = Counter(callee for number in range(60) for callee in callees_of(number, 3, 170))
    assert set(called) == set(range(170))
    assert max(called.values()) == 2
    assert callees_of(0, 3, 0) == ()
    assert callees_of(1, 5, 3) == (2, 0, 1)


def test_a_request_is_as_many_calls_as_there_are_ways_down() -> None:
    assert calls_of([20, 60, 180, 440], 3) == 1 + 3 + 9 + 27


@pytest.mark.parametrize(
    ("written", "message"),
    [
        ("sizes: [2, 4, 6]", "sizes: [5000, 1]", ),
        ("sizes: [2, 4, 6], fanout: 2", "sizes: [50, 50, 50, 50, 50], fanout: 20"),
        ("sizes: [2, 4, 6]", "sizes: []"),
        ("worlds: [sim]", "worlds: [moon]"),
    ],
)  # fmt: skip
def test_what_is_too_large_or_unknown_is_refused_at_its_place(written: str, message: str) -> None:
    with pytest.raises(PlaybookError) as raised:
        read(TEXT.replace(written, message))
    told = [problem.message for problem in raised.value.problems]
    expected = {
        "sizes: [5000, 1]": f"5001 services are too many; at most {MOST_SERVICES}",
        "sizes: [50, 50, 50, 50, 50], fanout: 20": f"a request would be 168421 calls; at most {MOST_CALLS}",
        "sizes: []": "'sizes' is empty",
    }.get(message, "")
    assert any(expected in one for one in told), told


def test_so_many_play_only_where_they_are_simulated() -> None:
    text = TEXT.replace("sizes: [2, 4, 6]", "sizes: [20, 20]").replace("s3-5", "s2-5")
    assert len(read(text).variants[0].topology.services) == 41
    with pytest.raises(PlaybookError) as raised:
        read(text.replace("worlds: [sim]\n", ""))
    problem = raised.value.problems[0]
    assert problem.message == "42 services and loads are too many; at most 24 play on one machine"
    assert problem.hint == "a playbook that is simulated only, `worlds: [sim]`, may have more"


def test_a_playbook_for_one_world_refuses_the_other() -> None:
    with pytest.raises(UsageError, match="'large' is not played on real processes: its `worlds` are sim"):
        read().check_world("real")
    read().check_world("sim")
    read(TEXT.replace("worlds: [sim]\n", "")).check_world("real")
