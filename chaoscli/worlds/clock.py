"""Virtual time on trio, exact by seed: a clock that jumps to whatever comes next, and a scheduler whose order is a seed's.

trio asks its clock how long to sleep only when no task can run: that is where the kernel fires what is due, so that a timer
costs a heap entry and no task. This is the only file that names private parts of trio, two of them: the flag that makes the
order of tasks depend on nothing but its dice, and those dice. Both belong to the process, so one simulation runs at a time.
"""

from __future__ import annotations

import gc
import heapq
import math
from collections.abc import Awaitable, Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from types import TracebackType
from typing import Any, Protocol, TypeVar

import trio
from trio._core import _run as private

from chaoscli.errors import ChaosError, ExitCode, NotMadeError, leaves
from chaoscli.worlds.fence import fenced
from chaoscli.worlds.waiting import who_waits

T = TypeVar("T")

# Turns of trio's loop at one instant. A busy play takes some hundreds where many things meet; this is a second of a core.
MOST_TURNS_AT_ONE_INSTANT = 100_000
# A cancelled simulation unwinds in tens of turns; one that does not can only be left by an error inside trio's loop.
MOST_TURNS_TO_UNWIND = 10 * MOST_TURNS_AT_ONE_INSTANT
# How often the end of a deadlocked simulation may be called for: whoever shields himself from it and waits for ever gets no more.
MOST_CALLS_TO_END = 100
# Some tens of megabytes.
OBJECTS_BETWEEN_COLLECTIONS = 100_000

_running = False


class StuckError(ChaosError):
    """A simulation that can go no further: our own bug, or the service's under test."""

    exit_code = ExitCode.BUG


class Gate(Protocol):
    """What timers can be stopped at: a paused node's are handed to it when due, and fired by it later."""

    @property
    def is_shut(self) -> bool: ...

    def hold(self, timer: Timer) -> None: ...


class Timer:
    """One thing to come. ``call`` is None once it is called off."""

    __slots__ = ("argument", "at", "call", "gate")

    def __init__(self, at: float, call: Callable[[Any], object], argument: Any, gate: Gate | None) -> None:
        self.at = at
        self.call: Callable[[Any], object] | None = call
        self.argument = argument
        self.gate = gate

    def cancel(self) -> None:
        self.call = None

    def fire(self) -> None:
        """Now, unless it was called off or its gate is shut."""
        if self.call is None:
            return
        if self.gate is not None and self.gate.is_shut:
            self.gate.hold(self)
            return
        call, self.call = self.call, None
        call(self.argument)


class Kernel(trio.abc.Clock):
    """Seconds of virtual time, from ``starts_at``. What is due at one instant happens in the order in which it was asked for."""

    def __init__(self, starts_at: float = 0.0) -> None:
        self.failure: Exception | None = None
        self.scope = trio.CancelScope()
        self._now = starts_at
        self._timers: list[tuple[float, int, Timer]] = []
        self._asked = 0
        self._turns = 0
        self._calls_to_end = 0

    def now(self) -> float:
        return self._now

    def at(self, when: float, call: Callable[[Any], object], argument: Any = None, gate: Gate | None = None) -> Timer:
        """Call once at ``when``, which may be infinite; an instant that is past means now. Between tasks, never inside one."""
        timer = Timer(when, call, argument, gate)
        if when < math.inf:
            self._asked += 1
            heapq.heappush(self._timers, (when, self._asked, timer))
        return timer

    async def sleep(self, seconds: float, gate: Gate | None = None) -> None:
        """At a quarter of the cost of trio's own sleep; ``gate`` holds the sleeper up."""
        timer = self.at(self._now + max(0.0, seconds), trio.lowlevel.reschedule, trio.lowlevel.current_task(), gate)

        def abort(_raise_cancel: object) -> trio.lowlevel.Abort:
            timer.cancel()
            return trio.lowlevel.Abort.SUCCEEDED

        await trio.lowlevel.wait_task_rescheduled(abort)

    def move_on_after(self, seconds: float, gate: Gate | None = None) -> AbstractContextManager[trio.CancelScope]:
        """trio's, on the kernel's heap: ties go in order, and a gate holds it up."""
        return _Limit(self, seconds, gate)

    def roll_anew(self, seed: int) -> None:
        """From now on the order of tasks is that of another seed."""
        private._r.seed(_order_of(seed))

    # -- what trio asks ----------------------------------------------------------------------------------------------------

    def start_clock(self) -> None:
        """Nothing to start."""

    def current_time(self) -> float:
        """Once in every turn of trio's loop, and whenever a task wants to know."""
        self._turns += 1
        if self._turns > MOST_TURNS_AT_ONE_INSTANT:
            self._end_livelock()
        return self._now

    def deadline_to_sleep_time(self, deadline: float) -> float:
        """Nobody can run: jump to what comes first, the kernel's own before trio's at the same instant."""
        timers = self._timers
        while timers and timers[0][2].call is None:
            heapq.heappop(timers)
        if timers and timers[0][0] <= deadline:
            now = self._jump(timers[0][0])
            while timers and timers[0][0] <= now:
                self._fire(heapq.heappop(timers)[2])
        elif deadline < math.inf:
            self._jump(deadline)
        else:
            self._end_deadlock()
        return 0.0

    def _fire(self, timer: Timer) -> None:
        """An error of what is called ends the simulation with it, and not with one inside trio."""
        try:
            timer.fire()
        except Exception as error:
            self.fail(error)

    def fail(self, error: Exception) -> None:
        """Stop here; ``simulate`` raises the first such error."""
        self.failure = self.failure or error
        self.scope.cancel()

    def _jump(self, to: float) -> float:
        if to > self._now:
            self._now = to
            self._turns = 0
        return self._now

    def _end_livelock(self) -> None:
        """Cancels, since an error out of a clock is one inside trio; only who will not be cancelled gets that."""
        if self.failure is None:
            text = f"the simulation does not get past {self._now:.6f}s: {MOST_TURNS_AT_ONE_INSTANT} turns at one instant"
            self.fail(StuckError(text, hint=f"at work or waiting:\n{who_waits()}"))
        elif self._turns > MOST_TURNS_TO_UNWIND:
            raise self.failure

    def _end_deadlock(self) -> None:
        """Before anybody else is cancelled, while it can still be seen who waits for what."""
        self._calls_to_end += 1
        if self.failure is None:
            text = f"nothing can ever happen again after {self._now:.6f}s: everybody waits for somebody else"
            self.fail(StuckError(text, hint=f"waiting:\n{who_waits()}"))
        elif self._calls_to_end > MOST_CALLS_TO_END:
            raise self.failure


class _Limit:
    """At half of what `contextmanager` would cost: most calls have one."""

    __slots__ = ("_gate", "_kernel", "_scope", "_seconds", "_timer")

    def __init__(self, kernel: Kernel, seconds: float, gate: Gate | None) -> None:
        self._kernel, self._seconds, self._gate = kernel, seconds, gate
        self._scope = trio.CancelScope()

    def __enter__(self) -> trio.CancelScope:
        scope = self._scope.__enter__()
        self._timer = self._kernel.at(self._kernel.now() + self._seconds, _cancel, scope, self._gate)
        return scope

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> bool | None:
        self._timer.cancel()
        return self._scope.__exit__(kind, error, trace)


def simulate(play: Callable[[Kernel], Awaitable[T]], *, seed: int, starts_at: float = 0.0) -> T:
    """Run ``play`` from start to end in virtual time; the same seed gives the same order of everything.

    StuckError when it can go no further; what ``play`` raises comes out as it is, but for an interrupt: that is always a plain
    KeyboardInterrupt, in however many nurseries it came. One at a time in a process.
    """
    kernel = Kernel(starts_at)
    with _deterministic(seed), _seldom_collected():
        try:
            return trio.run(_played, play, kernel, clock=kernel, strict_exception_groups=True)
        except BaseExceptionGroup as group:
            # Whoever plays one run after the other stops at Ctrl-C with `except KeyboardInterrupt`, which sees no group.
            if any(isinstance(leaf, KeyboardInterrupt) for leaf in leaves(group)):
                raise KeyboardInterrupt from group
            raise


async def _played(play: Callable[[Kernel], Awaitable[T]], kernel: Kernel) -> T:
    with kernel.scope, fenced(kernel.fail):
        return await play(kernel)
    assert kernel.failure is not None, "nobody else cancels this scope"
    raise kernel.failure


@contextmanager
def _deterministic(seed: int) -> Iterator[None]:
    """trio's dice seeded and its flag raised for as long as this lasts; as before afterwards."""
    global _running  # noqa: PLW0603  # it stands for names that belong to the process
    probe()
    if _running:
        raise NotMadeError("one simulation runs in this process already", hint="run the other in a process of its own")
    dice, flag = private._r.getstate(), private._ALLOW_DETERMINISTIC_SCHEDULING
    _running = True
    try:
        private._r.seed(_order_of(seed))
        private._ALLOW_DETERMINISTIC_SCHEDULING = True  # type: ignore[misc]
        yield
    finally:
        private._r.setstate(dice)
        private._ALLOW_DETERMINISTIC_SCHEDULING = flag  # type: ignore[misc]
        _running = False


@contextmanager
def _seldom_collected() -> Iterator[None]:
    """A run makes many small objects and few rings of them: walking through all that is recorded would cost a tenth of it."""
    before = gc.get_threshold()
    gc.set_threshold(OBJECTS_BETWEEN_COLLECTIONS, *before[1:])
    try:
        yield
    finally:
        gc.set_threshold(*before)


def probe() -> None:
    """The private parts are where they were, or a message that says so."""
    missing = [
        name for name, there in (
            ("_r", hasattr(getattr(private, "_r", None), "getstate")),
            ("_ALLOW_DETERMINISTIC_SCHEDULING", isinstance(getattr(private, "_ALLOW_DETERMINISTIC_SCHEDULING", None), bool)),
            ("Task._counter", hasattr(trio.lowlevel.Task, "_counter")),
        ) if not there
    ]  # fmt: skip
    if missing:
        raise NotMadeError(
            f"this trio ({trio.__version__}) cannot be simulated on: its scheduler has no {', '.join(missing)} any more",
            hint="use the trio of requirements.lock for simulated runs, or a newer chaoscli; real runs do not need it",
        )


def _order_of(seed: int) -> str:
    return f"{seed}/order of tasks"


def _cancel(scope: trio.CancelScope) -> None:
    scope.cancel()
