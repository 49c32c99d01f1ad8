"""The loop that moves every byte: one trio task waiting on a selector of its own, so that a message costs trio nothing.

Callbacks are plain functions and never wait. Due timers run between callbacks, so that no batch of reads holds one up.
"""

from __future__ import annotations

import heapq
import time
from collections.abc import Callable
from typing import Any

import trio

from chaoscli.proxy.alarm import open_alarm
from chaoscli.proxy.lead import Lead
from chaoscli.proxy.pipes import Pipes
from chaoscli.proxy.poller import READABLE, SelectorPoller, open_poller
from chaoscli.proxy.sockets import Socket

# What one poll hands over: large enough to spread its cost, small enough that a batch takes about a millisecond.
MOST_EVENTS = 256
# What is due at one instant runs together, but not so much that nobody is read meanwhile.
MOST_TIMERS = 256
# The engine's turn before trio gets one; the control plane may wait this long under full load.
LONGEST_TURN_S = 0.002
# A batch is seen through to its end, unless its callbacks are far slower than they should be (a slicer of single bytes).
LONGEST_BATCH_S = 0.02
# Whether it is, is looked at once in so many callbacks: a look costs a hundredth of what they carry.
CLOCK_EVERY = 16
# How long a lingering engine waits in its own selector before it looks whether trio has something to do.
LINGER_TURN_S = 0.001
# Some task of trio's is about its work then: so many turns of its loop may follow each other before bytes move again.
MOST_COURTESIES = 8
# What a process that does little else should ask for: a caller and a callee in conversation answer each other within this.
LINGER_S = 0.02

Ready = Callable[[int], None]


class Engine:
    """Readiness callbacks and timers. ``clock`` is seconds that never go back.

    ``linger_s``: for this long after the last traffic, wait in the engine's own selector, a millisecond at a time, instead
    of in trio's: a message then costs no turn of trio's loop, and other tasks wait up to three milliseconds for theirs. For a
    process that has little else to do.
    ``poll_s``: before waiting, poll this long without sleeping: a reply that is about to come finds the engine awake.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic, *, linger_s: float = 0.0, poll_s: float = 0.0) -> None:
        self.now = clock
        self.pipes = Pipes()
        self._linger_s = linger_s
        self._poll_s = poll_s
        self._poller = open_poller()
        # The kernel takes a closed descriptor off epoll's list itself, which saves a system call for each.
        self._poller_forgets_closed = not isinstance(self._poller, SelectorPoller)
        self._ready: dict[int, Ready] = {}
        self._closing: list[Socket] = []
        self._in_turn = False
        self._timers: list[tuple[float, int, Callable[[Any], None], Any]] = []
        self._timers_set = 0
        self._alarm = open_alarm()
        self._armed: float | None = None  # the due time the alarm was set for
        self._rings_at = 0.0  # when it should ring, which is a little before
        self._lead = Lead()
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

    def close_socket(self, sock: Socket) -> None:
        """Close now, or after this batch: a descriptor that is reused within it would get a dead one's events."""
        if self._in_turn:
            self._closing.append(sock)
        else:
            sock.close()

    def close_watched(self, sock: Socket, fd: int) -> None:
        """Forget and close."""
        del self._ready[fd]
        if not self._poller_forgets_closed:
            self._poller.unregister(fd)
        self.close_socket(sock)

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
            self._turn(LONGEST_TURN_S)
            if self._linger_s:
                await self._linger()

    def close(self) -> None:
        """After everything watched has been closed."""
        self._in_turn = False
        self._close_closing()  # of a turn that a fault of ours cut short
        self._poller.close()
        self.pipes.close()
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

    async def _linger(self) -> None:
        now = self.now
        quiet_at = now() + self._linger_s
        while now() < quiet_at:
            if self._turn(LONGEST_TURN_S, patience_s=LINGER_TURN_S):
                quiet_at = now() + self._linger_s
            for _ in range(MOST_COURTESIES):
                await trio.lowlevel.checkpoint()
                if not trio.lowlevel.current_statistics().tasks_runnable:
                    break

    def _turn(self, longest_s: float, *, patience_s: float = 0.0) -> bool:
        """Run callbacks until nothing is ready any more, and wait ``patience_s`` for more; true if there were any."""
        poll, ready, timers, now = self._poller.poll, self._ready, self._timers, self.now
        end = now() + longest_s
        too_late = end + LONGEST_BATCH_S
        busy = False
        self._in_turn = True
        polls = self._poll_s > 0.0
        while True:
            if timers or polls:
                events = poll(0, MOST_EVENTS) or self._poll_on() or (poll(patience_s, MOST_EVENTS) if patience_s else [])
            else:
                events = poll(patience_s, MOST_EVENTS)
            for begin in range(0, len(events), CLOCK_EVERY):
                for fd, mask in events[begin : begin + CLOCK_EVERY]:
                    try:
                        call = ready[fd]
                    except KeyError:
                        continue  # somebody before it in this batch has forgotten it
                    call(mask)
                    if timers and timers[0][0] <= now():
                        self._run_due()
                if now() > too_late:
                    break  # what was not seen to is reported again
            if timers and timers[0][0] <= now():
                self._run_due()
            if self._closing:
                self._close_closing()
            busy = busy or bool(events)
            if not events or now() > end:
                break
        self._in_turn = False
        if timers and self._armed is None:
            self._arm(timers[0][0])  # it was so near that polling was to meet it, and then the turn was over
        return busy

    def _poll_on(self) -> list[tuple[int, int]]:
        """Nothing is ready: stay awake while a timer is about to be due, and as long as polling is wanted."""
        timers, now, poll = self._timers, self.now, self._poller.poll
        events: list[tuple[int, int]] = []
        if self._poll_s:
            until = now() + self._poll_s
            while not events and now() < until:
                if timers and timers[0][0] <= now():
                    self._run_due()
                events = poll(0, MOST_EVENTS)
        while not events and timers and self._lead.covers(timers[0][0], now()):
            events = poll(0, MOST_EVENTS)
            if timers[0][0] <= now():
                self._lead.polled(now())
                self._run_due()
        return events

    def _close_closing(self) -> None:
        closing, self._closing = self._closing, []
        for sock in closing:
            sock.close()

    # -- timers ----------------------------------------------------------------------------------------------------------

    def _run_due(self) -> None:
        timers, now = self._timers, self.now
        until = now() + LONGEST_TURN_S
        for called in range(MOST_TIMERS):
            instant = now()
            if not timers or timers[0][0] > instant or (called and instant > until):
                break
            _, _, call, argument = heapq.heappop(timers)
            call(argument)
        if timers and (self._armed is None or timers[0][0] < self._armed):
            self._arm(timers[0][0])

    def _arm(self, when: float) -> None:
        self._armed = when
        now = self.now()
        if self._alarm is not None:
            self._rings_at = max(now, when - self._lead.before(now))
            self._alarm.set(self._rings_at - now)
        else:
            self._nap.deadline = trio.current_time() + when - now

    def _rang(self, mask: int) -> None:
        assert self._alarm is not None
        self._alarm.acknowledge()
        self._lead.woke(self.now() - self._rings_at)
        self._armed = None
        if self._timers and not self._lead.covers(self._timers[0][0], self.now()):
            self._arm(self._timers[0][0])
