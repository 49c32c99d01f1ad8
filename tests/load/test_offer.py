"""A load in words, for the plan and the pages."""

from __future__ import annotations

import pytest

from chaoscli.load.asked import Asked
from chaoscli.load.offer import asked_for, pace
from chaoscli.load.settings import Bursts, Load, Step


def load(**settings: object) -> Load:
    return Load(**{"request": "GET order /", **settings})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("one", "words"),
    [
        (load(rate=20.0), "20/s, at random"),
        (load(rate=20.0, arrivals="constant", ramp=2.0), "after a ramp of 2s 20/s, evenly"),
        (
            load(
                rate=5.0,
                stages=(Step(for_=1.0), Step(for_=2.0, to=9.0), Step(for_=3.0, rate=1.0), Step(for_=4.0, rate=1.0, to=2.0)),
            ),
            "5/s, then for 1s the same, then for 2s to 9/s, then for 3s 1/s, then for 4s 1/s to 2/s, at random",
        ),
        (
            load(rate=5.0, stages=(Step(for_=1.0, rate=2.0),) * 6),
            "5/s" + ", then for 1s 2/s" * 4 + ", and 2 more stages, at random",
        ),
        (load(rate=5.0, bursts=Bursts(every=2.0, of=30)), "5/s, 30 more every 2s, at random"),
        (load(users=1, think=0.5, arrivals="constant"), "1 user, who thinks for 500ms"),
        (load(users=8), "8 users, who each think for 1s on average"),
    ],
)
def test_how_often_it_sends(one: Load, words: str) -> None:
    assert pace(one) == words


def test_what_it_sends() -> None:
    assert asked_for(load()) == "GET order /"
    mixed = Load(requests=(Asked(request="GET order /", weight=9.0), Asked(request="POST order /")))
    assert asked_for(mixed) == "90% GET order /, 10% POST order /"
    many = Load(requests=tuple(Asked(request=f"GET order /{n}") for n in range(5)))
    assert asked_for(many) == "20% GET order /0, 20% GET order /1, 20% GET order /2, 20% GET order /3, and 1 more"
