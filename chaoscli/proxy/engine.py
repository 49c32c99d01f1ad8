"""The loop that moves every byte: one trio task waiting on a selector of its own, so that a message costs trio nothing.

Callbacks are plain functions and never wait. Due timers run between callbacks, so that no batch of reads holds one up.
"""

from __future__ import annotations

import heapq
import socket
import time
from collections.abc import Callable
from typing import Any

import trio

from chaoscli.proxy.alarm import open_alarm
from chaoscli.proxy.poller import READABLE, open_poller

# What one poll hands over: large enough to spread its cost, small enough that a batch takes well under a millisecond.
MOST_EVENTS = 256
# The engine's turn before trio gets one; the control plane may wait this long under full load.
LONGEST_TURN_S = 0.002

Ready = Callable[[int], None]


class Engine:
    """Readiness callbacks and timers. ``clock`` is seconds that never go back."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self.now = clock
        self._poller = open_poller()
        self._alarm = open_alarm()
        self._armed: float | None = None
        self._ready: dict[int, Ready] = {}
        self._timers: list[tuple[float, int, Callable[[Any], None], Any]] = []
        self._timers_set = 0
        self._closing: list[socket.socket] = []
        self._in_turn = False
        self._nap = trio.CancelScope()
        if self._alarm is not None:
            self.watch(self._alarm.fileno(), READABLE, self._rang)

    # -- what the callbacks use ------------------------------------------------------------------------------------------

    def watch(self, fd: int, mask: int, ready: Ready) -> None:
        """Call ``ready`` with the mask of what ``fd`` is ready for, as long as it is."""
        self._ready[fd] = ready
        self._poller.register(fd, mask)

    def change(self, fd: int, mask: int) -> None:
        self._poller.modify(fd, mask)

    def forget(self, fd: int) -> None:
        del self._ready[fd]
        self._poller.unregister(fd)

    def close_socket(self, sock: socket.socket) -> None:
        """Close now, or after this batch: a descriptor that is reused within it would get a dead one's events."""
        if self._in_turn:
            self._closing.append(sock)
        else:
            sock.close()

    def at(self, when: float, call: Callable[[Any], None], argument: Any) -> None:
        """Call once, at ``when``. There is no cancelling: what is called looks whether it is still wanted."""
        self._timers_set += 1
        heapq.heappush(self._timers, (when, self._timers_set, call, argument))
        if self._armed is None or when < self._armed:
            self._arm(when)

    # -- the loop --------------------------------------------------------------------------------------------------------

    async def run(self, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        """Run callbacks until cancelled."""
        task_status.started()
        while True:
            await self._wait()
            self._in_turn = True
            self._drain()
            self._in_turn = False

    def close(self) -> None:
        """After everything watched has been closed."""
        self._poller.close()
        if self._alarm is not None:
            self._alarm.close()

    async def _wait(self) -> None:
        if self._alarm is not None:
            await trio.lowlevel.wait_readable(self._poller.fileno())
            return
        with trio.CancelScope() as self._nap:
            if self._timers:
                self._arm(self._timers[0][0])
            await trio.lowlevel.wait_readable(self._poller.fileno())
        self._armed = None

    def _drain(self) -> None:
        """Run callbacks until nothing is ready, or the turn is over."""
        poll, ready, timers, now = self._poller.poll, self._ready.get, self._timers, self.now
        end = now() + LONGEST_TURN_S
        while True:
            events = poll(0, MOST_EVENTS)
            for fd, mask in events:
                call = ready(fd)
                if call is not None:
                    call(mask)
                if timers and timers[0][0] <= now():
                    self._run_due()
            if timers and timers[0][0] <= now():
                self._run_due()
            if self._closing:
                self._close_closing()
            if not events or now() > end:
                return

    def _run_due(self) -> None:
        timers, now = self._timers, self.now
        while timers and timers[0][0] <= now():
            _, _, call, argument = heapq.heappop(timers)
            call(argument)
        if timers and (self._armed is None or timers[0][0] < self._armed):
            self._arm(timers[0][0])

    def _arm(self, when: float) -> None:
        self._armed = when
        if self._alarm is not None:
            self._alarm.set(when - self.now())
        else:
            self._nap.deadline = trio.current_time() + when - self.now()

    def _rang(self, mask: int) -> None:
        assert self._alarm is not None
        self._alarm.acknowledge()
        self._armed = None
        if self._timers:
            self._arm(self._timers[0][0])

    def _close_closing(self) -> None:
        closing, self._closing = self._closing, []
        for sock in closing:
            sock.close()
