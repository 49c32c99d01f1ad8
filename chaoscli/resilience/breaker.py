"""A circuit breaker: whether a call may go out, going by how the latest ones ended.

Michael Nygard, Release It! (2007). Closed, it looks back on the latest calls; open, it lets none out; half-open, a few trials
decide. A trial that ends without telling anything (given up, or turned away further in) makes room for another, so that the
breaker cannot stick half-open; calls let out before a change of state have no part in what comes after it.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from chaoscli.resilience.ending import Ending
from chaoscli.resilience.policy import Breaker
from chaoscli.resilience.window import LastCalls, LastSeconds, Window


class State(StrEnum):
    CLOSED = "closed"
    OPEN = "open"
    HALF_OPEN = "half-open"


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """The breaker went into ``state``, by ``calls`` calls of which the share ``failed`` had failed."""

    state: State
    calls: int = 0
    failed: float = 0.0


@dataclass(frozen=True, slots=True)
class Permit:
    """One call may go out; hand it back with how it ended."""

    era: int


class Circuit:
    """One caller's breaker for one callee. Times are seconds on the caller's monotonic clock."""

    def __init__(self, breaker: Breaker) -> None:
        self.state = State.CLOSED
        self.changes: list[Change] = []  # since whoever tells of them last took them away
        self._breaker = breaker
        self._era = 0  # counts changes of state
        self._opened_at = 0.0
        self._trials = 0  # let out half-open, less those that told nothing
        self._window = self._fresh()

    def admit(self, now: float) -> Permit | None:
        """A permit, or None when the call must not go out."""
        if self.state is State.OPEN and now >= self._opened_at + self._breaker.open_for:
            self._change(Change(state=State.HALF_OPEN))
        if self.state is State.OPEN or (self.state is State.HALF_OPEN and self._trials >= self._breaker.trials):
            return None
        self._trials += self.state is State.HALF_OPEN
        return Permit(self._era)

    def forget(self, permit: Permit) -> None:
        """The call told nothing: it was given up, or never sent."""
        if permit.era == self._era and self.state is State.HALF_OPEN:
            self._trials -= 1

    def ended(self, permit: Permit, ending: Ending, seconds: float, now: float) -> None:
        """The call came out so, after ``seconds``. What the caller's own policy turned away further in tells nothing."""
        if ending.rejected:
            self.forget(permit)
            return
        if permit.era != self._era:
            return
        slow = self._breaker.slow
        self._window.add(now, ending.is_passing or (slow is not None and seconds > slow))
        calls, failed = self._window.seen(now)
        if self.state is State.HALF_OPEN:
            self._judge_trials(calls, failed, now)
        elif calls >= self._breaker.at_least and _reaches(failed, self._breaker.failures * calls):
            self._open(calls, failed, now)

    def _judge_trials(self, calls: int, failed: int, now: float) -> None:
        """As soon as it is certain: enough have failed, or all that may have ended and too few of them failed."""
        if _reaches(failed, self._breaker.failures * self._breaker.trials):
            self._open(calls, failed, now)
        elif calls == self._breaker.trials:
            self._change(Change(state=State.CLOSED, calls=calls, failed=failed / calls))

    def _open(self, calls: int, failed: int, now: float) -> None:
        self._opened_at = now
        self._change(Change(state=State.OPEN, calls=calls, failed=failed / calls))

    def _change(self, change: Change) -> None:
        self.state = change.state
        self.changes.append(change)
        self._era += 1
        self._trials = 0
        self._window = self._fresh()

    def _fresh(self) -> Window:
        breaker = self._breaker
        if self.state is State.HALF_OPEN:
            return LastCalls(breaker.trials)
        return LastCalls(breaker.calls) if breaker.within is None else LastSeconds(breaker.within)


def _reaches(count: int, bound: float) -> bool:
    """7 % of a hundred are seven, though not in floats."""
    return count >= bound - 1e-9
