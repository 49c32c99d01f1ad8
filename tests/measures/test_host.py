"""What a message took on a host is told apart from the story: the simulated world is given back what it was made with."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from chaoscli.measures.host import FEWEST_CALLS, message_s, messages_s
from chaoscli.recording import Recording
from chaoscli.worlds.wire import LINK_S, Distances
from tests.support.recordings import recording
from tests.support.simulations import simulated


def test_what_a_message_took_is_half_of_what_calls_took_beyond_the_callee() -> None:
    near = simulated("drops").variants["no-retry"]
    assert message_s(near, near) == pytest.approx(LINK_S)
    far = simulated("drops", distances={"no-retry": Distances(usual_s=0.003)}).variants["no-retry"]
    assert message_s(far, near) == pytest.approx(0.003)
    assert message_s(Recording("empty"), near) is None


def test_each_link_of_each_variant_is_given_back_by_itself() -> None:
    asked = {"shoppers -> order": 0.002, "order -> inventory": 0.0055}
    run = simulated("partition", distances={"no-timeout": Distances(of_links=asked)}, variants=["no-timeout", "timeout"])
    assert _messages_s(run.variants["no-timeout"]) == pytest.approx(asked)
    assert _messages_s(run.variants["timeout"]) == pytest.approx(dict.fromkeys(asked, LINK_S))


def test_where_each_call_connects_anew_it_is_a_third_and_many_calls_of_one_request_are_told_apart() -> None:
    """The chatty variant connects for each of its calls, of which every request makes many."""
    asked = {"order -> pricing": 0.004}
    run = simulated("transport-cost", distances={"chatty": Distances(of_links=asked)}, variants=["chatty"])
    assert _messages_s(run.variants["chatty"])["order -> pricing"] == pytest.approx(0.004)


def test_a_load_that_was_late_is_the_hosts_and_a_link_of_few_calls_is_as_all_others() -> None:
    play = recording().curtain(10)
    for number in range(FEWEST_CALLS):
        name = f"s-{number}"
        play.request(at=number, took=0.06, name=name, late=0.01)
        play.call("shoppers -> order", name, at=number + 0.01, took=0.05)
        play.answered("order", name, at=number + 0.05, caller="shoppers", queued=0.01, worked=0.02)
    play.call("order -> inventory", "s-1", at=1.0, took=0.05).answered("inventory", "s-1", at=1.0, worked=0.03)
    assert _messages_s(play) == pytest.approx({"shoppers -> order": (0.01 + 0.05 - 0.03) / 2})


def test_what_a_fault_did_is_not_the_hosts() -> None:
    play = recording().curtain(10).fault("slow", at=2.0, until=4.0)
    for number in range(2 * FEWEST_CALLS):
        late = number >= FEWEST_CALLS
        play.call("order -> inventory", f"s-{number}", at=3.0 if late else 1.0, took=0.5 if late else 0.02)
        play.answered("inventory", f"s-{number}", at=3.0 if late else 1.0, worked=0.01)
    assert _messages_s(play) == pytest.approx({"order -> inventory": 0.005})


def test_work_that_took_longer_than_it_was_to_take_is_the_hosts_too() -> None:
    play, meant = recording().curtain(10), recording().curtain(10)
    for number in range(FEWEST_CALLS):
        play.call("order -> inventory", f"s-{number}", at=number, took=0.020).answered(
            "inventory", f"s-{number}", at=1, worked=0.012
        )
        meant.answered("inventory", f"s-{number}", at=1, worked=0.010)
    # 8 ms beyond the callee, and 2 of its 12 were not its work's
    assert messages_s(play, meant) == pytest.approx({"order -> inventory": (0.008 + 0.002) / 2})


def test_an_answer_told_behind_the_fault_it_came_before_says_nothing_of_work() -> None:
    play = recording().curtain(10).fault("slow", at=2.0, until=4.0)
    play.call("order -> inventory", "s-1", at=1.9, took=0.05).answered("inventory", "s-1", at=2.001, worked=0.03)
    assert message_s(play, play) == pytest.approx(0.010)


def _messages_s(play: Recording) -> Mapping[str, float]:
    """Where the work took what it was to take."""
    return messages_s(play, play)
