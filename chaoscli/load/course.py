"""How a load's rate goes over a play: its ramp, its stages and its bursts as one profile, and the pacer that follows it."""

from __future__ import annotations

from collections.abc import Iterator

from chaoscli import dice
from chaoscli.load.pacer import Pacer, Profile, Stage
from chaoscli.load.settings import Bursts, Load

# Below a clock's own grain it is no ramp, and its slope no number.
SHORTEST_RAMP_S = 0.001


def pacer_of(name: str, load: Load, *, lasts_s: float, seed: int) -> Pacer:
    """The pacer of the load called ``name`` in a play of ``lasts_s`` seconds."""
    return Pacer(profile_of(load, lasts_s), load.arrivals, dice.stream(seed, "arrivals", name))


def profile_of(load: Load, lasts_s: float) -> Profile:
    """Of users, who follow no schedule, an empty one."""
    if load.users is not None:
        return Profile([])
    ends_s = ends_at(load, lasts_s)
    stages = [stage.until(min(stage.ends_s, ends_s)) for stage in _course(load, ends_s) if stage.starts_s < ends_s]
    return Profile(list(_with_bursts(stages, load.bursts, load.starts)) if load.bursts is not None else stages)


def ends_at(load: Load, lasts_s: float) -> float:
    return lasts_s if load.stops is None else min(load.stops, lasts_s)


def _course(load: Load, ends_s: float) -> Iterator[Stage]:
    at, rate = load.starts, load.rate
    if load.ramp >= SHORTEST_RAMP_S:
        yield Stage(starts_s=at, ends_s=at + load.ramp, rate=0.0, end_rate=rate)
        at += load.ramp
    for step in load.stages:
        rate = rate if step.rate is None else step.rate
        end_rate = rate if step.to is None else step.to
        yield Stage(starts_s=at, ends_s=at + step.for_, rate=rate, end_rate=end_rate)
        at, rate = at + step.for_, end_rate
    if at < ends_s:
        yield Stage.steady(at, ends_s, rate)


def _with_bursts(stages: list[Stage], bursts: Bursts, starts_s: float) -> Iterator[Stage]:
    """Each stage cut where a burst begins or ends; inside a burst so many more arrive."""
    more = bursts.of / bursts.for_
    for stage in stages:
        at, number = stage.starts_s, max(1, int((stage.starts_s - starts_s) / bursts.every))
        while at < stage.ends_s:
            begins = starts_s + number * bursts.every
            ends = begins + bursts.for_
            if at >= ends:
                number += 1
                continue
            inside = at >= begins
            until = min(stage.ends_s, ends if inside else begins)
            piece = stage.since(at).until(until)
            yield piece.raised(more) if inside else piece
            at = until
