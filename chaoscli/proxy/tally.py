"""What one fault did in one direction of one link: the delay it asked for beside the delay that came about."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterable, Sequence

from chaoscli.events import FaultMeasured
from chaoscli.faults.base import Action, Cut, Direction, Flow, Send
from chaoscli.faults.eavesdrop import EavesdropFlow

# Errors are counted in steps of ten microseconds, finer than a proxy in user space can promise.
_STEP_S = 1e-5
# Farther off than this is one error as good as another; it bounds the table at 200,000 steps.
_FARTHEST_S = 1.0


class Tally:
    """Counts for ``FaultMeasured``. Errors are achieved less asked, of what was sent at the time it was due."""

    def __init__(self, fault: str, link: str, direction: Direction) -> None:
        self.fault = fault
        self.link = link
        self.direction = direction
        self.met = 0
        self.touched = 0
        self.held_bytes = 0
        self._delayed = 0
        self._asked_s = 0.0
        self._errors: Counter[int] = Counter()
        self._error_sum_s = 0.0
        self._error_max_s = -math.inf

    def delayed(self, by_s: float) -> None:
        self._delayed += 1
        self._asked_s += by_s

    def achieved(self, error_s: float) -> None:
        self._errors[round(min(max(error_s, -_FARTHEST_S), _FARTHEST_S) / _STEP_S)] += 1
        self._error_sum_s += error_s
        self._error_max_s = max(self._error_max_s, error_s)

    def measured(self, at: float) -> FaultMeasured:
        sent = self._errors.total()
        asked_s = self._asked_s / self._delayed if self._delayed else 0.0
        return FaultMeasured(
            at=at,
            fault=self.fault,
            link=self.link,
            direction=self.direction.value,
            met=self.met,
            touched=self.touched,
            asked_mean_s=asked_s,
            achieved_mean_s=asked_s + self._error_sum_s / sent if sent else 0.0,
            error_p50_s=self._quantile(0.50),
            error_p99_s=self._quantile(0.99),
            error_max_s=self._error_max_s if sent else 0.0,
            held_bytes=self.held_bytes,
        )

    def _quantile(self, share: float) -> float:
        """The smallest error that ``share`` of all errors do not exceed."""
        left = math.ceil(share * self._errors.total())
        for step in sorted(self._errors):
            left -= self._errors[step]
            if left <= 0:
                return step * _STEP_S
        return 0.0


class Watched:
    """A flow that is counted; it answers what the flow answers. ``holds`` is true once bytes wait for it to heal. ``hears`` is
    told whenever an eavesdropper may have caught something.

    It can stand in the place of one of the same fault with other settings, and then takes over what that one held.
    """

    __slots__ = ("_flow", "_hears", "_predecessor", "_superseded", "_waiting", "holds", "tally")

    def __init__(self, flow: Flow, tally: Tally, hears: Callable[[Tally, EavesdropFlow], None] | None = None) -> None:
        self._flow = flow
        self._hears = hears
        self.tally = tally
        self.holds = False
        self._superseded = False
        self._predecessor: Flow | None = None
        self._waiting: Sequence[Action] = ()

    @property
    def piece_bytes(self) -> float:
        return self._flow.piece_bytes

    def replaces(self, old: Watched, waiting: Sequence[Action]) -> None:
        """Take over from ``old`` when opened; that one lets go without a last word."""
        old._superseded = True
        self._predecessor, self._waiting = old._flow, waiting

    def begins(self) -> None:
        self._flow.begins()

    def opened(self, now: float) -> Iterable[Action]:
        if self._predecessor is None:
            return self._note(list(self._flow.opened(now)), now)
        return self.takes_over(self._predecessor, self._waiting, now)

    def received(self, data: bytes, now: float) -> Iterable[Action]:
        actions = tuple(self._flow.received(data, now))
        self.tally.met += 1
        if len(actions) != 1 or type(action := actions[0]) is not Send or action.at > now or action.data is not data:
            self.tally.touched += 1
            self._note(actions, now)
        if self._hears is not None:
            self._hear()
        return actions

    def ended(self, now: float) -> Iterable[Action]:
        actions = self._note(list(self._flow.ended(now)), now)
        self._hear()
        return actions

    def healed(self, now: float) -> Iterable[Action]:
        return () if self._superseded else self._note(list(self._flow.healed(now)), now)

    def takes_over(self, old: Flow, waiting: Sequence[Action], now: float) -> Iterable[Action]:
        self._predecessor, self._waiting = None, ()
        return self._note(list(self._flow.takes_over(old, waiting, now)), now)

    def _hear(self) -> None:
        if self._hears is not None and isinstance(self._flow, EavesdropFlow):
            self._hears(self.tally, self._flow)

    def _note(self, actions: Sequence[Action], now: float) -> Sequence[Action]:
        for action in actions:
            if action.at == math.inf:
                self.holds = self.holds or type(action) is not Cut
            if type(action) is Send:
                if action.at == math.inf:
                    self.tally.held_bytes += len(action.data)
                elif action.at > now:
                    self.tally.delayed(action.at - now)
        return actions
