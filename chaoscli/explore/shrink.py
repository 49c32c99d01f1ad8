"""From a plan that fails to the smallest one that still does, by a predicate and nothing else.

Faults first, by delta debugging (Zeller and Hildebrandt, "Simplifying and Isolating Failure-Inducing Input", IEEE TSE 28(2),
2002): leave out halves, then smaller pieces, until no single fault can be left out. Then loads, then requests, then halves of
durations and figures, then times to round numbers. Each round of it makes the next one's runs shorter.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from chaoscli.exploration import Plan, PlannedFault

# A failure that takes some milliseconds is small after a few seconds; one that takes longer has to stay larger.
MOST_RUNS = 500
SHORTEST_S = 0.001
# Times are tried at these grains, the coarsest first.
GRAINS_S = (1.0, 0.1, 0.01)
# Halvings of one number; after twenty nothing of it is left.
MOST_HALVINGS = 20
# Faults that only shift the dice of the one that matters can go under other dice: so many others are tried.
OTHER_DICE = 2
DICE_APART = 1_000_003
# Requests are left out from the end by bisection, which is over after these many steps for any load.
MOST_BISECTIONS = 14

Fails = Callable[[Plan], bool]


@dataclass(frozen=True, slots=True, kw_only=True)
class Shrunk:
    plan: Plan
    runs: int


class _EnoughError(Exception):
    """All runs have been used."""


class _Shrinking:
    def __init__(self, plan: Plan, fails: Fails, most_runs: int) -> None:
        self.best = plan
        self.runs = 0
        self._fails = fails
        self._most_runs = most_runs
        self._tried: set[str] = set()

    def take(self, plan: Plan) -> bool:
        """Is it smaller and still failing? Then go on from it."""
        text = repr(plan)
        if plan == self.best or text in self._tried:
            return False
        if self.runs >= self._most_runs:
            raise _EnoughError
        self._tried.add(text)
        self.runs += 1
        if not self._fails(plan):
            return False
        self.best = plan
        return True


def shrink(
    plan: Plan,
    fails: Fails,
    *,
    arrivals: Mapping[str, Sequence[float]],
    users: Mapping[str, int] | None = None,
    most_runs: int = MOST_RUNS,
) -> Shrunk:
    """The smallest failing plan that was found. ``plan`` fails; ``arrivals`` are when the requests of each load begin, and
    ``users`` how many people the closed ones have."""
    shrinking = _Shrinking(plan, fails, most_runs)
    try:
        _leave_out_faults(shrinking)
        _leave_out_loads(shrinking, arrivals)
        _leave_out_users(shrinking, users or {})
        _leave_out_requests(shrinking, arrivals)
        _heal_sooner(shrinking)
        before = None
        while before != shrinking.best:
            before = shrinking.best
            _shorten(shrinking)
            _weaken(shrinking)
            _round(shrinking)
            _leave_out_faults(shrinking)
    except _EnoughError:
        pass
    return Shrunk(plan=shrinking.best, runs=shrinking.runs)


def _leave_out_faults(shrinking: _Shrinking) -> None:
    pieces = 2
    while shrinking.best.faults:
        faults = shrinking.best.faults
        size = max(1, len(faults) // pieces)
        for start in range(0, len(faults), size):
            if _take_under_any_dice(shrinking, replace(shrinking.best, faults=faults[:start] + faults[start + size :])):
                pieces = max(2, pieces - 1)
                break
        else:
            if size == 1:
                return
            pieces *= 2


def _take_under_any_dice(shrinking: _Shrinking, plan: Plan) -> bool:
    return any(shrinking.take(replace(plan, seed=plan.seed + more * DICE_APART)) for more in range(OTHER_DICE + 1))


def _leave_out_loads(shrinking: _Shrinking, arrivals: Mapping[str, Sequence[float]]) -> None:
    for load in arrivals:
        if len([name for name in arrivals if shrinking.best.stops_s.get(name, 1.0) > 0.0]) > 1:
            shrinking.take(_without_load(shrinking.best, load))


def _without_load(plan: Plan, load: str) -> Plan:
    """Its links are gone with it, and with them what would harm those."""
    faults = tuple(fault for fault in plan.faults if not fault.target.startswith(f"{load} -> "))
    return replace(plan, stops_s={**plan.stops_s, load: 0.0}, faults=faults)


def _leave_out_users(shrinking: _Shrinking, users: Mapping[str, int]) -> None:
    for load, count in users.items():
        for _ in range(MOST_HALVINGS):
            count //= 2
            if not count or not shrinking.take(replace(shrinking.best, users={**shrinking.best.users, load: count})):
                break


def _leave_out_requests(shrinking: _Shrinking, arrivals: Mapping[str, Sequence[float]]) -> None:
    """The last ones, as many as can be: the fewest that still fail, by bisection, which need not be monotone to be useful."""
    for load, starts in arrivals.items():
        if shrinking.best.stops_s.get(load) == 0.0 or not starts:
            continue
        low, high = 0, len(starts)  # so many are not enough; so many are
        for _ in range(MOST_BISECTIONS):
            if high - low <= 1:
                break
            middle = (low + high) // 2
            stops_s = round(starts[middle - 1] + SHORTEST_S / 2, 4)
            if shrinking.take(replace(shrinking.best, stops_s={**shrinking.best.stops_s, load: stops_s})):
                high = middle
            else:
                low = middle


def _heal_sooner(shrinking: _Shrinking) -> None:
    """Nothing comes after the last fault: what is then watched can begin."""
    plan = shrinking.best
    ends = [fault.at_s + fault.for_s for fault in plan.faults if fault.after is None]
    waits = any(fault.after is not None for fault in plan.faults)
    if plan.faults and not waits:
        heals_s = round(max(ends) + SHORTEST_S, 3)
        if heals_s < plan.heals_s:
            shrinking.take(replace(plan, heals_s=heals_s, lasts_s=heals_s + plan.lasts_s - plan.heals_s))


def _shorten(shrinking: _Shrinking) -> None:
    for place in range(len(shrinking.best.faults)):
        for _ in range(MOST_HALVINGS):
            fault = shrinking.best.faults[place]
            shorter = round(fault.for_s / 2, 3)
            if shorter < SHORTEST_S or not shrinking.take(_with(shrinking.best, place, replace(fault, for_s=shorter))):
                break


def _weaken(shrinking: _Shrinking) -> None:
    for place in range(len(shrinking.best.faults)):
        for name in list(shrinking.best.faults[place].settings):
            for _ in range(MOST_HALVINGS):
                fault = shrinking.best.faults[place]
                weaker = _weaker(name, fault.settings[name])
                if weaker is None:
                    break
                settings = {**fault.settings, name: weaker}
                if not shrinking.take(_with(shrinking.best, place, replace(fault, settings=settings))):
                    break


def _weaker(name: str, value: Any) -> Any:
    """Half of a figure; a share is tried whole, since what always strikes is simpler than what needs luck."""
    if isinstance(value, bool) or not isinstance(value, int | float) or name == "status":
        return None
    if name == "probability":
        return 1.0 if value < 1.0 else None
    if name == "by":
        return value / 2 if value >= 2.0 else None
    half = round(value / 2, 3)
    return half if half not in (0.0, value) else None


def _round(shrinking: _Shrinking) -> None:
    for place in range(len(shrinking.best.faults)):
        for rounded in _rounded(shrinking.best.faults[place]):
            if shrinking.take(_with(shrinking.best, place, rounded)):
                break


def _rounded(fault: PlannedFault) -> Iterator[PlannedFault]:
    """From the coarsest grain on; a time that is round already stays."""
    for grain_s in GRAINS_S:
        at_s = round(round(fault.at_s / grain_s) * grain_s, 3)
        for_s = round(max(grain_s, round(fault.for_s / grain_s) * grain_s), 3)
        if at_s == fault.at_s and for_s == fault.for_s:
            return
        if for_s <= fault.for_s * 2:
            yield replace(fault, at_s=at_s, for_s=for_s)
        yield replace(fault, at_s=at_s)


def _with(plan: Plan, place: int, fault: PlannedFault) -> Plan:
    return replace(plan, faults=(*plan.faults[:place], fault, *plan.faults[place + 1 :]))
