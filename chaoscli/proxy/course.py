"""The way of one direction of one connection through its link's faults: what is held, until when, and how much at most.

The memory of a link is bounded here: a direction that holds too much stops reading, the kernel's window closes, and the
sender feels it.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import groupby

from chaoscli.faults.base import Action, Cut, Direction, Finish, Send
from chaoscli.faults.chain import Chain
from chaoscli.proxy.exchange import Exchange, Out
from chaoscli.proxy.side import Side
from chaoscli.proxy.tally import Watched

# One direction of one connection: 100 ms of 160 MB/s.
MOST_HELD_BYTES = 16 << 20
# All connections of one link together; beyond it each may still hold a little, or a silent one would starve the others.
MOST_HELD_BY_LINK_BYTES = 64 << 20
ALWAYS_ALLOWED_BYTES = 64 << 10
# What one timer sends of what is due, before others get their turn: half a millisecond's worth.
MOST_RELEASED = 64
# What a held piece weighs beside its bytes. Its action, instant and place in the queue are 120 bytes of memory; and each has to
# be gone through when faults change, which is to take less than a second with a link full of a slicer's single bytes.
PIECE_BYTES = 1 << 10
# What is cut small goes to the chain in portions of so many pieces, as there is room: a read of 64 KB is 65,536 of one byte.
MOST_PIECES = 64


@dataclass(slots=True)
class Store:
    """Of all connections of one link: the memory they hold, the bytes in it, and the bytes of each direction that were read
    and have not (or not yet) been passed on."""

    held: int = 0
    held_bytes: int = 0
    withheld: dict[Direction, int] = field(default_factory=lambda: dict.fromkeys(Direction, 0))


# Stands among what waits for the end of a stream that never came: a reset goes on in its place.
_BROKEN = Cut(math.inf, reset=False)


class Course:
    """From ``end``, where the bytes are read, to its other end.

    On an HTTP link the ``exchange`` comes first; it is shared with the other direction, and may speak in both. Actions are
    carried out in the order of the chain's answers. A Cut stands beside them: it replaces the one before it, and when it is
    due, what is not yet due is dropped.
    """

    __slots__ = (
        "_chain",
        "_closed",
        "_cut",
        "_due",
        "_end",
        "_pending",
        "_portion_bytes",
        "_store",
        "_unfed",
        "direction",
        "exchange",
        "flows",
        "held",
        "opposite",
    )

    opposite: Course

    def __init__(self, end: Side, direction: Direction, store: Store, exchange: Exchange | None) -> None:
        self.direction = direction
        self.flows: tuple[Watched, ...] = ()
        self.held = 0
        self._end = end
        self._store = store
        self.exchange = exchange
        self._chain = Chain(())
        self._portion_bytes: float = math.inf
        self._unfed: deque[Action] = deque()  # has been read, and waits for room before it meets the chain
        self._pending: deque[Action] = deque()
        self._cut: Cut | None = None
        self._due = math.inf
        self._closed = False

    # -- what comes in ---------------------------------------------------------------------------------------------------

    def received(self, data: bytes) -> None:
        now = self._end.engine.now()
        self._store.withheld[self.direction] += len(data)
        if self.exchange is not None:
            self._converse(self.exchange.received(self.direction, data, now), now)
        elif self._unfed or len(data) > self._portion_bytes:
            self._feed(Send(now, data), now)
        else:
            self._take(self._chain.received(data, now), now)
        other = self._end.other
        if (other.waiting is not None and other.full) or ((self.held or self._unfed) and not self.has_room):
            self._end.pause()

    def ended(self) -> None:
        now = self._end.engine.now()
        if self.exchange is None:
            self._feed(Finish(now), now)
        else:
            self._converse(self.exchange.ended(self.direction, now), now)

    def broke(self) -> None:
        """The sender is gone without a word: its reset arrives when the end of its stream would have."""
        now = self._end.engine.now()
        if self.exchange is not None and not self.exchange.ended(self.direction, now):
            return  # nobody is to hear of it
        if self._unfed:
            self._unfed.append(_BROKEN)
        else:
            self._reset_behind(self._chain, now)
            self._schedule()

    def change(self, flows: Sequence[Watched]) -> None:
        """Other faults from now on. What is held goes out at once and in order, save what a fault that stays holds for ever.

        What was held for ever by one that goes meets those that stood behind it, which have not seen it yet.
        """
        now = self._end.engine.now()
        before, self.flows = self.flows, tuple(flows)
        self._cut = None
        holder = next((flow for flow in before if flow.holds), None)
        self._let_go_at_once()
        if holder is not None and holder not in flows:
            behind = before[before.index(holder) + 1 :]
            self._send_again(Chain([flow for flow in flows if flow in behind]), now)
        if self.exchange is not None:
            self.exchange.released()
        self._take(self._chain.changed(flows, now), now)
        self._portion_bytes = MOST_PIECES * self._chain.piece_bytes
        self._portion_anew(now)
        self._go_on()

    def replace(self, old: Watched, new: Watched) -> None:
        """The same fault with other settings, in the same place. A fault that is alone gives what it holds to its successor;
        with others about, nobody can say whose bytes wait for whom: they go out at once, as after any change."""
        waiting: list[Action] = []
        resets: list[Action] = []
        if len(self.flows) == 1 and self.exchange is None:
            for action in self._all_held():
                (resets if type(action) is Cut else waiting).append(action)
        new.replaces(old, waiting)
        self.change([new if flow is old else flow for flow in self.flows])
        if resets:
            self._reset_behind(Chain(()), self._end.engine.now())
            self._schedule()

    @property
    def has_room(self) -> bool:
        """Whether the sender may go on."""
        return not self._unfed and self._has_room

    @property
    def _has_room(self) -> bool:
        if self.held <= ALWAYS_ALLOWED_BYTES:
            return True
        return self.held < MOST_HELD_BYTES and self._store.held < MOST_HELD_BY_LINK_BYTES

    @property
    def busy(self) -> bool:
        """Something is still on its way."""
        return bool(self._pending or self._unfed)

    @property
    def needed(self) -> bool:
        return bool(self.flows) or self.busy or self.exchange is not None

    def close(self) -> None:
        """Nothing of this direction matters any more: let go of what is held."""
        self._closed = True
        self._unfed.clear()
        self._all_held()
        self._cut = None

    # -- what goes out ---------------------------------------------------------------------------------------------------

    def _converse(self, out: Out, now: float) -> None:
        for direction, action in out:
            course = self if direction is self.direction else self.opposite
            course._feed(action, now)

    def _feed(self, action: Action, now: float) -> None:
        """Through the chain, behind what waits for room. A reset overtakes it, as it overtakes everything."""
        if type(action) is Cut and action.reset:
            self._take(self._through_chain(action, now), now)
        elif self._unfed or (type(action) is Send and len(action.data) > self._portion_bytes):
            self._unfed.extend(self._portions(action))
            self._feed_on(now)
        else:
            self._take(self._through_chain(action, now), now)

    def _feed_on(self, now: float) -> None:
        """As much of what waits as there is room for. What is held for ever never makes room: that is silence."""
        while self._unfed and self._has_room and not self._closed:
            action = self._unfed.popleft()
            if action is _BROKEN:
                self._reset_behind(self._chain, now)
                self._schedule()
            else:
                self._take(self._through_chain(action, now), now)

    def _portion_anew(self, now: float) -> None:
        """What waits was portioned for other flows; where nobody cuts any more it is to leave in one piece."""
        waiting, self._unfed = self._unfed, deque()
        for (_, at), group in groupby(waiting, lambda one: (type(one), max(one.at, now))):
            together = list(group)
            data = b"".join(one.data for one in together if type(one) is Send)
            self._unfed.extend(self._portions(Send(at, data)) if data else together)

    def _portions(self, action: Action) -> Iterable[Action]:
        if type(action) is not Send or len(action.data) <= self._portion_bytes:
            return (action,)
        size = int(self._portion_bytes)
        return (Send(action.at, action.data[begin : begin + size]) for begin in range(0, len(action.data), size))

    def _through_chain(self, action: Action, now: float) -> list[Action]:
        if type(action) is Send:
            return self._chain.received(action.data, max(action.at, now))
        if type(action) is Finish:
            return self._chain.ended(max(action.at, now))
        assert type(action) is Cut
        return self._chain.cut(action)

    def _take(self, actions: Iterable[Action], now: float) -> None:
        if self._closed:
            return
        for action in actions:
            if type(action) is Cut:
                self._cut = None if action.at == math.inf else action
            else:
                self._in_turn(action, now)
        if self._cut is not None:
            self._cut_if_due(now)
        if self._pending or self._cut is not None:
            self._schedule()

    def _all_held(self) -> list[Action]:
        """What is held, held no longer."""
        held = list(self._pending)
        self._pending.clear()
        self._store.held -= self.held
        self._store.held_bytes -= sum(len(action.data) for action in held if type(action) is Send)
        self.held = 0
        return held

    def _send_again(self, chain: Chain, now: float) -> None:
        for action in self._all_held():
            if type(action) is Cut:
                self._reset_behind(chain, now)
            else:
                self._take(chain.received(action.data, now) if type(action) is Send else chain.ended(now), now)

    def _reset_behind(self, chain: Chain, now: float) -> None:
        """A reset in the place where ``chain`` would pass the end of the stream on."""
        for action in chain.ended(now):
            if type(action) is Finish:
                self._in_turn(Cut(action.at, reset=True), now)

    def _in_turn(self, action: Action, now: float) -> None:
        if action.at <= now and not self._pending:
            self._pass_on(action)
        elif not self._closed:
            self._pending.append(action)
            if type(action) is Send:
                self._weigh(len(action.data), 1)

    def _let_go_at_once(self) -> None:
        """All that is not held for ever. Bytes that were cut into pieces are one piece again: a slicer's thousands would
        take a system call each, and everybody else would wait."""
        together: list[bytes] = []
        while self._pending and self._pending[0].at < math.inf:
            action = self._pending.popleft()
            if type(action) is Send:
                self._weigh(len(action.data), -1)
                together.append(action.data)
                continue
            self._pass_on_together(together)
            together = []
            self._pass_on(action)
        self._pass_on_together(together)

    def _pass_on_together(self, pieces: list[bytes]) -> None:
        if pieces:
            self._pass_on(Send(-math.inf, b"".join(pieces)))

    def _let_go(self, action: Action) -> None:
        if type(action) is Send:
            self._weigh(len(action.data), -1)
        self._pass_on(action)

    def _weigh(self, size: int, sign: int) -> None:
        weight = (size + PIECE_BYTES) * sign
        self.held += weight
        self._store.held += weight
        self._store.held_bytes += size * sign

    def _pass_on(self, action: Action) -> None:
        if type(action) is Send:
            self._store.withheld[self.direction] -= len(action.data)
            self._end.other.write(action.data)
        elif type(action) is Finish:
            self._end.other.finish()
        elif type(action) is Cut:
            self._end.owner.close(reset=action.reset)

    def _schedule(self) -> None:
        due = self._pending[0].at if self._pending else math.inf
        if self._cut is not None:
            due = min(due, self._cut.at)
        if due < self._due:
            self._due = due
            self._end.engine.at(due, self._release, due)

    def _release(self, due: float) -> None:
        if due != self._due:
            return  # something was due before it and set a timer of its own
        self._due = math.inf
        now = self._end.engine.now()
        for _ in range(MOST_RELEASED):
            if not self._pending or self._pending[0].at > now:
                break
            action = self._pending.popleft()
            for flow in self.flows:
                flow.tally.achieved(now - action.at)
            self._let_go(action)
        self._cut_if_due(now)
        self._schedule()
        self._go_on()

    def _cut_if_due(self, now: float) -> None:
        if self._pending and self._pending[0].at <= now:
            return  # what is due goes first
        if self._cut is not None and self._cut.at <= now:
            cut, self._cut = self._cut, None
            self._pass_on(cut)

    def _go_on(self) -> None:
        """Something left: there may be room for more, or it may have been the last."""
        if self._unfed:
            self._feed_on(self._end.engine.now())
        if self._end.read_ended:
            self._end.owner.settle()
        else:
            self._end.resume()
