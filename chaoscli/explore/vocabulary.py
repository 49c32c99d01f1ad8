"""What an exploration may do: kinds of harm, what each is aimed at, and how its figures are drawn.

They are the playbooks' own faults, with figures that hurt a system of timeouts below a second, and what is done to nodes'
lives. Each is drawn from dice that are handed in.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from random import Random
from typing import Any, Literal

from chaoscli.faults.base import Direction

BOTH = (Direction.REQUEST, Direction.REPLY)


@dataclass(frozen=True, slots=True, kw_only=True)
class Harm:
    """``fault`` is the kind in the catalogue of faults, empty for what is done to a node's life. ``draw`` makes plain settings;
    ``lasts_s`` are the shortest and longest time it is on; one of twice the ``weight`` comes twice as often."""

    kind: str
    fault: str
    aim: Literal["link", "node"]
    draw: Callable[[Random], Mapping[str, Any]]
    lasts_s: tuple[float, float]
    directions: tuple[Direction, ...] = BOTH
    weight: int = 1


def _seconds(dice: Random, least: float, most: float) -> float:
    """Evenly over the orders of magnitude, to whole milliseconds."""
    return max(0.001, round(least * math.pow(most / least, dice.random()), 3))


def _share(dice: Random) -> float:
    return dice.choice((0.1, 0.3, 0.5, 1.0))


def _nothing(_dice: Random) -> Mapping[str, Any]:
    return {}


HARMS = (
    Harm(kind="crash", fault="", aim="node", draw=_nothing, lasts_s=(0.01, 1.0), weight=3),
    Harm(kind="pause", fault="", aim="node", draw=_nothing, lasts_s=(0.02, 2.0), weight=2),
    Harm(kind="partition", fault="silence", aim="link", draw=_nothing, lasts_s=(0.02, 2.0)),
    Harm(kind="one-way", fault="silence", aim="link", draw=_nothing, lasts_s=(0.02, 2.0), directions=(Direction.REPLY,)),
    Harm(
        kind="lost request", fault="drop", aim="link", lasts_s=(0.02, 2.0),
        draw=lambda dice: {"what": "request", "probability": _share(dice)},
    ),
    Harm(
        kind="lost reply", fault="drop", aim="link", lasts_s=(0.02, 2.0),
        draw=lambda dice: {"what": "reply", "probability": _share(dice)},
    ),
    Harm(
        kind="duplicate", fault="duplicate", aim="link", lasts_s=(0.02, 2.0), draw=lambda dice: {"probability": _share(dice)}
    ),
    Harm(
        kind="error", fault="error", aim="link", lasts_s=(0.02, 2.0),
        draw=lambda dice: {"status": dice.choice((500, 503)), "probability": _share(dice)},
    ),
    Harm(
        kind="latency", fault="latency", aim="link", lasts_s=(0.05, 2.0),
        draw=lambda dice: {"delay": _seconds(dice, 0.005, 1.0), "jitter": dice.choice((0.0, 0.0, 0.05))},
    ),
    Harm(kind="refuse", fault="refuse", aim="link", draw=_nothing, lasts_s=(0.02, 1.0), directions=(Direction.REQUEST,)),
    Harm(kind="reset", fault="reset", aim="link", draw=_nothing, lasts_s=(0.001, 0.2), directions=(Direction.REQUEST,)),
    Harm(kind="slow", fault="slow", aim="node", lasts_s=(0.1, 2.0), draw=lambda dice: {"by": dice.choice((2.0, 5.0, 20.0))}),
    Harm(
        kind="clock", fault="clock_skew", aim="node", lasts_s=(0.1, 2.0),
        draw=lambda dice: {"offset": dice.choice((-1.0, 1.0)) * _seconds(dice, 0.05, 10.0)},
    ),
)  # fmt: skip
VOCABULARY: dict[str, Harm] = {harm.kind: harm for harm in HARMS}
