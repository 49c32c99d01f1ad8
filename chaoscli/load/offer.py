"""What a load sends, and how often, in words."""

from __future__ import annotations

import shlex
from collections.abc import Iterator

from chaoscli.load.settings import Load, Step
from chaoscli.units import format_duration, format_rate, format_share

# More are named by their number: a line of a page.
_MOST_NAMED = 4


def asked_for(load: Load) -> str:
    """``POST order /api/orders``; of a mix, each with its share; of commands, the command."""
    if load.command:
        return shlex.join(load.command)
    asked = load.asked
    if len(asked) == 1:
        return asked[0].request
    whole = sum(one.weight for one in asked)
    named = [f"{format_share(one.weight / whole)} {one.request}" for one in asked[:_MOST_NAMED]]
    more = f", and {len(asked) - _MOST_NAMED} more" if len(asked) > _MOST_NAMED else ""
    return ", ".join(named) + more


def pace(load: Load) -> str:
    """``20/s, at random``; of users, how many there are and how long they think."""
    if load.users is not None:
        drawn = "" if load.arrivals == "constant" else " on average"
        who = "1 user, who thinks" if load.users == 1 else f"{load.users} users, who each think"
        return f"{who} for {format_duration(load.think)}{drawn}"
    return ", ".join([*_course(load), "evenly" if load.arrivals == "constant" else "at random"])


def _course(load: Load) -> Iterator[str]:
    ramp = f"after a ramp of {format_duration(load.ramp)} " if load.ramp else ""
    yield f"{ramp}{format_rate(load.rate)}"
    for step in load.stages[:_MOST_NAMED]:
        yield f"then {step_in_words(step)}"
    if len(load.stages) > _MOST_NAMED:
        yield f"and {len(load.stages) - _MOST_NAMED} more stages"
    if load.bursts is not None:
        yield f"{load.bursts.of} more every {format_duration(load.bursts.every)}"


def step_in_words(step: Step) -> str:
    begins = "" if step.rate is None else f" {format_rate(step.rate)}"
    ends = "" if step.to is None else f" to {format_rate(step.to)}"
    return f"for {format_duration(step.for_)}{begins}{ends}" + ("" if begins or ends else " the same")
