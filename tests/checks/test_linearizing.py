"""The search for an order that explains a history: by hand, against every order there is, and where it gives up."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import permutations
from random import Random

import pytest

from chaoscli.checks.histories import NOTHING, Operation
from chaoscli.checks.linearizing import MOST_OPERATIONS, explain


def write(client: str, value: str, invoked: float, returned: float = math.inf) -> Operation:
    outcome = "ok" if returned < math.inf else "unknown"
    name = f"{client}@{invoked:g}"
    return Operation(
        id=name, kind="write", client=client, key="k", value=value, invoked=invoked, returned=returned, outcome=outcome
    )


def read(client: str, value: str, invoked: float, returned: float) -> Operation:
    name = f"{client}@{invoked:g}"
    return Operation(id=name, kind="read", client=client, key="k", value=value, invoked=invoked, returned=returned, outcome="ok")


@pytest.mark.parametrize(
    ("history", "verdict"),
    [
        pytest.param([], "linearizable", id="nothing happened"),
        pytest.param([read("a", NOTHING, 0, 1)], "linearizable", id="nobody wrote"),
        pytest.param([read("a", "1", 0, 1)], "not linearizable", id="read out of nothing"),
        pytest.param([write("a", "1", 0, 1), read("b", "1", 2, 3)], "linearizable", id="written, then read"),
        pytest.param([write("a", "1", 0, 1), read("b", NOTHING, 2, 3)], "not linearizable", id="a stale read"),
        pytest.param([write("a", "1", 0, 3), read("b", NOTHING, 1, 2)], "linearizable", id="a read beside the write, before it"),
        pytest.param(
            [write("a", "1", 0, 9), read("b", "1", 1, 2), read("c", NOTHING, 3, 4)], "not linearizable", id="new, then old"
        ),
        pytest.param([write("a", "1", 0), read("b", "1", 5, 6)], "linearizable", id="an unknown write took effect"),
        pytest.param([write("a", "1", 0), read("b", NOTHING, 5, 6)], "linearizable", id="an unknown write has not yet"),
        pytest.param(
            [write("a", "1", 0), read("b", "1", 1, 2), read("b", NOTHING, 3, 4)], "not linearizable", id="nor is it taken back"
        ),
    ],
)
def test_small_histories(history: Sequence[Operation], verdict: str) -> None:
    assert explain(history).verdict == verdict


def any_history(dice: Random, most: int) -> list[Operation]:
    """Clients that do one thing after the other, on two values, with answers that are often wrong."""
    history: list[Operation] = []
    for client in "abc":
        at = dice.random()
        for _ in range(dice.randint(0, most)):
            invoked, returned = at + dice.random(), at + 1 + dice.random()
            at = returned
            value = dice.choice(["1", "2"])
            if dice.random() < 0.5:
                history.append(write(client, value, invoked, math.inf if dice.random() < 0.2 else returned))
            else:
                history.append(read(client, dice.choice([value, NOTHING]), invoked, returned))
    return history


def by_trying_everything(history: Sequence[Operation]) -> bool:
    """Every order of every choice of those unknown writes that took effect."""
    sure = [one for one in history if one.outcome == "ok"]
    unsure = [one for one in history if one.outcome != "ok"]
    for chosen in range(2 ** len(unsure)):
        took = sure + [one for place, one in enumerate(unsure) if chosen >> place & 1]
        if any(is_explained(order) for order in permutations(took)):
            return True
    return False


def is_explained(order: Sequence[Operation]) -> bool:
    value = NOTHING
    for place, one in enumerate(order):
        if any(later.returned < one.invoked for later in order[place + 1 :]):
            return False
        if one.kind == "write":
            value = one.value
        elif one.value != value:
            return False
    return True


def test_the_search_says_what_trying_every_order_says() -> None:
    dice, seen = Random("histories"), set()
    for _ in range(300):
        history = any_history(dice, 2)
        found = explain(history)
        assert (found.verdict == "linearizable") is by_trying_everything(history), history
        seen.add(found.verdict)
        assert is_explained(found.prefix)
    assert seen == {"linearizable", "not linearizable"}


def test_where_it_sticks_it_shows_the_longest_order_that_fits_and_what_would_have_come_next() -> None:
    first, second = write("a", "1", 0, 1), write("b", "2", 2, 3)
    new, old = read("c", "2", 4, 5), read("d", "1", 6, 7)
    found = explain([first, second, new, old])
    assert found.verdict == "not linearizable"
    assert found.prefix == (first, second, new)
    assert found.stuck == (old,)


def test_a_long_history_is_not_searched_and_a_hard_one_not_for_ever() -> None:
    long = [write("a", str(n), n, n + 0.5) for n in range(MOST_OPERATIONS + 1)]
    assert explain(long).verdict == "unknown"
    assert explain(long[:-1]).verdict == "linearizable"
    # Twenty writes side by side, and a read of what nobody wrote: every subset of them could have come before it.
    hard = [write(f"c{n}", str(n), 0, 10) for n in range(20)] + [read("r", "none of them", 11, 12)]
    found = explain(hard, most_steps=10_000)
    assert (found.verdict, found.reason) == ("unknown", "no answer within 10000 steps")
