"""Looks at what is measured while a play goes on: for what waits for a bound to be crossed, and for the rules that end a play."""

from __future__ import annotations

import math
from collections.abc import Awaitable, Callable
from itertools import count

import trio

from chaoscli.checks.condition import Condition, met
from chaoscli.events import Aborted, Noted
from chaoscli.playbook.meaning import CuePlan, FaultPlan, Variant
from chaoscli.playbook.schedule import Act, Cue, Heal, Inject, Undo, growth, waiting
from chaoscli.recording import Recording
from chaoscli.worlds.base import Recorder, World

# A look is some milliseconds of work on a busy recording, and nothing that is asked here changes faster.
LOOK_EVERY_S = 0.25
SOURCE = "the script"


class Watching:
    """``perform`` does a cue, ``abort`` ends the play."""

    def __init__(
        self,
        world: World,
        recorder: Recorder,
        heard: Recording,
        *,
        perform: Callable[[Cue], Awaitable[None]],
        abort: Callable[[], None],
        lasts_s: float,
    ) -> None:
        self._world = world
        self._recorder = recorder
        self._heard = heard
        self._perform = perform
        self._abort = abort
        self._lasts_s = lasts_s
        self._still_waiting: dict[str, Condition] = {}

    def begin(self, variant: Variant, background: trio.Nursery) -> None:
        for plan in waiting(variant):
            assert plan.when is not None
            self._still_waiting[plan.name] = plan.when
            background.start_soon(self._wait_for, plan, plan.when)
        for rule in variant.aborts:
            background.start_soon(self._heed, rule)

    def tell_what_never_came(self) -> None:
        for name, condition in self._still_waiting.items():
            text = f"'{name}' never came: at no time was {condition.text}"
            self._recorder.record(Noted(at=self._world.now(), source=SOURCE, text=text, level="warning"))

    async def _wait_for(self, plan: FaultPlan | CuePlan, condition: Condition) -> None:
        await self._until_met(condition, plan.at_s)
        del self._still_waiting[plan.name]
        now = self._world.now()
        until_s = None if plan.until_s is None else now + plan.until_s - plan.at_s
        await self._perform(Inject(now, plan, until_s) if isinstance(plan, FaultPlan) else Act(now, plan, until_s))
        for step in growth(plan, now) if isinstance(plan, FaultPlan) else ():
            await self._world.sleep_until(step.at_s)
            await self._perform(step)
        if until_s is not None and until_s < self._lasts_s:
            await self._world.sleep_until(until_s)
            await self._perform(Heal(until_s, plan) if isinstance(plan, FaultPlan) else Undo(until_s, plan))

    async def _heed(self, rule: Condition) -> None:
        shown = await self._until_met(rule, 0.0)
        self._recorder.record(Aborted(at=self._world.now(), rule=rule.text, shown=shown))
        self._abort()

    async def _until_met(self, condition: Condition, earliest_s: float) -> str:
        """With which values it was."""
        for looks in count(math.ceil(earliest_s / LOOK_EVERY_S)):
            await self._world.sleep_until(looks * LOOK_EVERY_S)
            shown = met(condition, self._heard, self._world.now())
            if shown:
                return shown
        raise AssertionError("counting came to an end")
