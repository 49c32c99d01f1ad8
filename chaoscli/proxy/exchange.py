"""The HTTP/1.1 exchanges of one proxied connection: each reply is paired with its request, and each request is judged.

It guards two things: bytes pass as they came wherever no verdict says otherwise, and nothing a peer sends can make it fail.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from chaoscli.faults.base import (
    Action,
    Answer,
    BreakChunk,
    Cut,
    Delay,
    Direction,
    Drip,
    DropReply,
    DropRequest,
    Duplicate,
    Finish,
    Pass,
    Reset,
    Send,
    Truncate,
    Verdict,
    WrongLength,
)
from chaoscli.messages import Request
from chaoscli.proxy import framing
from chaoscli.proxy.framing import Body, Head, NotHttp, Part, Raw
from chaoscli.proxy.treatments import (
    SWALLOWED,
    UNTOUCHED,
    ChunkBroken,
    Delayed,
    Dripping,
    Mislengthed,
    Repeated,
    Resetting,
    Treatment,
    Truncated,
    answer_bytes,
)

Decide = Callable[[Request], Verdict]
Out = list[tuple[Direction, Action]]

# A caller with more requests than this under way on one connection is not reading its replies; from there on, raw.
PIPELINED_MAX = 1000

_PASS = Pass()


class Exchange:
    """One connection between a caller and a callee. It is pure: ``now`` is given, and what to do comes back as actions.

    For the driver:

    - Give it all that arrives: ``received(direction, data, now)`` and, at an end of stream, ``ended(direction, now)``. The answer
      is what to do in each direction, in order: usually one ``(direction, Send(now, data))``. A verdict can answer in the
      other direction, in both, in the future, or not at all. Instants of one direction never go back.
    - Take the actions of a direction through that direction's byte chain: ``Send.at`` is ``now`` for ``chain.received``,
      ``Finish.at`` for ``chain.ended``; a ``Cut`` goes to ``chain.cut``.
    - ``decide`` is asked once for each request, when its head is whole (the request's body is empty). None: there is nothing to
      decide, every request passes. It may be replaced at any time, for the requests to come.
    - When the driver sends on at once what was to wait (a fault healed), it says so: ``released()``.
    - After a dropped message the caller hears nothing more on this connection, not even its end: a later reply would be taken
      for the one that is missing. Later requests still reach the callee.
    - What is not HTTP/1.x, is malformed, or follows a CONNECT or a 101, passes raw, both ways. An incomplete head
      (``framing.HEAD_BYTES_MAX`` at most) is all that is ever held here.
    """

    __slots__ = ("_floors", "_muted", "_replies", "_requests", "_sending", "_turns", "decide", "requests")

    def __init__(self, decide: Decide | None = None) -> None:
        self.decide = decide
        self.requests = 0  # how many there were
        self._turns: deque[_Turn] = deque()  # requests whose replies are still to come, in order
        self._sending: _Turn | None = None  # the request being received
        self._muted = False
        self._requests = framing.request_reader()
        self._replies = framing.reply_reader(self._measure_reply)
        self._floors = {Direction.REQUEST: -math.inf, Direction.REPLY: -math.inf}

    def received(self, direction: Direction, data: bytes, now: float) -> Out:
        out: Out = []
        if direction is Direction.REQUEST:
            for part in self._requests.read(data):
                self._take_request_part(part, now, out)
            if len(self._turns) > PIPELINED_MAX:
                self._leave_http(now, out)
        elif not self._muted:
            if not self._turns and self._replies.between_messages:
                self._give_up(now, out)  # a reply nobody asked for
            for part in self._replies.read(data):
                self._take_reply_part(part, now, out)
        return self._settled(out)

    def ended(self, direction: Direction, now: float) -> Out:
        out: Out = []
        if direction is Direction.REQUEST:
            for part in self._requests.end():
                self._take_request_part(part, now, out)
        elif self._muted:
            return out
        else:
            for part in self._replies.end():
                self._take_reply_part(part, now, out)
        self._put(out, direction, (Finish(now),))
        return self._settled(out)

    @property
    def is_idle(self) -> bool:
        """Every request has been answered: whoever pairs what comes next may start afresh."""
        return not (self._turns or self._sending is not None or self._muted)

    def released(self) -> None:
        """All that was to wait has gone out; what comes next need not queue behind it."""
        for direction in self._floors:
            self._floors[direction] = -math.inf

    # -- requests --------------------------------------------------------------------------------------------------------

    def _take_request_part(self, part: Part, now: float, out: Out) -> None:
        if isinstance(part, Raw) and self._sending is not None and self._sending.onward is SWALLOWED:
            # Inside a tunnel the callee was never asked for, or a body that went wrong: it has an end now, and an answer.
            self._sending.whole = self._sending.closes = True
            self._advance(now, out)
        elif isinstance(part, Raw):
            self._put(out, Direction.REQUEST, (Send(now, part.raw),))
            self._leave_http(now, out)
        elif isinstance(part, Head):
            self._begin_turn(part, now, out)
        elif self._sending is not None:
            turn = self._sending
            if isinstance(part, Body):
                self._put(out, Direction.REQUEST, turn.onward.body(part.raw, now))
            else:
                self._put(out, Direction.REQUEST, turn.onward.end(now))
                self._end_request(turn, now, out)

    def _begin_turn(self, head: Head, now: float, out: Out) -> None:
        self.requests += 1
        verdict = _PASS if self.decide is None else self.decide(framing.request_of(head.raw))
        turn = _turn(framing.method_of(head.raw), verdict, head.raw)
        self._sending = turn
        self._put(out, Direction.REQUEST, turn.onward.head(head.raw, head.extent, now))
        if not self._muted:
            self._turns.append(turn)
        if isinstance(verdict, Answer) and (head.extent == framing.RAW_FROM_HERE or framing.expects_continue(head.raw)):
            # A tunnel has no end. And a body may be kept back until the caller has heard something; whether it then sends it
            # is up to it.
            turn.whole = turn.closes = True
        self._advance(now, out)

    def _end_request(self, turn: _Turn, now: float, out: Out) -> None:
        self._sending = None
        turn.whole = True
        if isinstance(turn.onward, Repeated) and turn.onward.repeats and not self._muted:
            self._turns.append(_Turn(turn.method, _PASS, SWALLOWED, SWALLOWED, whole=True))
        self._advance(now, out)

    def _leave_http(self, now: float, out: Out) -> None:
        """Requests are raw from here on; replies are once those still awaited have come."""
        self._sending = None
        for part in self._requests.give_up():
            if isinstance(part, Raw):
                self._put(out, Direction.REQUEST, (Send(now, part.raw),))
        if not self._replies.is_raw and not self._muted and not (self._turns and self._turns[-1] is _RAW_TURN):
            self._turns.append(_RAW_TURN)
            self._advance(now, out)

    # -- replies ---------------------------------------------------------------------------------------------------------

    def _measure_reply(self, head: bytes) -> int:
        if not self._turns:
            raise NotHttp
        return framing.reply_extent(head, self._turns[0].method)

    def _take_reply_part(self, part: Part, now: float, out: Out) -> None:
        if self._muted:
            return
        if isinstance(part, Raw):
            self._put(out, Direction.REPLY, (Send(now, part.raw),))
            self._give_up(now, out)
        elif isinstance(part, Head):
            self._take_reply_head(part, now, out)
        elif isinstance(part, Body):
            self._put(out, Direction.REPLY, self._turns[0].back.body(part.raw, now))
        elif self._turns[0].interim:
            self._turns[0].interim = False
        else:
            self._put(out, Direction.REPLY, self._turns[0].back.end(now))
            self._turns.popleft()
            self._advance(now, out)

    def _take_reply_head(self, head: Head, now: float, out: Out) -> None:
        turn = self._turns[0]
        status = framing.status_of(head.raw)
        if 100 <= status < 200 and status != 101:
            turn.interim = True
            if turn.back is not SWALLOWED or isinstance(turn.verdict, DropReply):
                # Without its 100 the caller would keep the body back, and the work whose reply is lost would not be done.
                self._put(out, Direction.REPLY, (Send(now, head.raw),))
            return
        if isinstance(turn.verdict, DropReply):
            self._muted = True
            self._turns.clear()
            return
        self._put(out, Direction.REPLY, turn.back.head(head.raw, head.extent, now))
        if head.extent == framing.RAW_FROM_HERE:
            self._give_up(now, out)

    def _advance(self, now: float, out: Out) -> None:
        """The callee has nothing to say about the requests in front that it never saw."""
        while self._turns and not self._muted:
            turn = self._turns[0]
            if turn is _RAW_TURN:
                self._give_up(now, out)
                return
            if isinstance(turn.verdict, DropRequest):
                self._muted = True
                self._turns.clear()
            elif isinstance(turn.verdict, Answer) and turn.whole:
                self._turns.popleft()
                at = now + turn.verdict.after_s
                self._put(out, Direction.REPLY, (Send(at, answer_bytes(turn.verdict, turn.method, turn.closes)),))
                if turn.closes:
                    self._put(out, Direction.REPLY, (Cut(at),))
            else:
                return

    def _give_up(self, now: float, out: Out) -> None:
        """Raw both ways from here on; what was held of a head goes its way."""
        self._turns.clear()
        self._sending = None
        for direction, reader in ((Direction.REQUEST, self._requests), (Direction.REPLY, self._replies)):
            for part in reader.give_up():
                if isinstance(part, Raw):
                    self._put(out, direction, (Send(now, part.raw),))

    # -- what comes out --------------------------------------------------------------------------------------------------

    def _put(self, out: Out, direction: Direction, actions: Iterable[Action]) -> None:
        floor = self._floors[direction]
        for action in actions:
            if action.at < floor:
                action = _moved(action, floor)
            floor = action.at
            out.append((direction, action))
        self._floors[direction] = floor

    def _settled(self, out: Out) -> Out:
        """One Send for what travels together: a head and its body are one write, as they came."""
        if len(out) < 2:
            return out
        settled: Out = []
        pieces: list[bytes] = []
        for place, (direction, action) in enumerate(out):
            if not isinstance(action, Send):
                settled.append((direction, action))
                continue
            pieces.append(action.data)
            after = out[place + 1] if place + 1 < len(out) else None
            if after is not None and after[0] is direction and isinstance(after[1], Send) and after[1].at == action.at:
                continue
            settled.append((direction, Send(action.at, b"".join(pieces)) if len(pieces) > 1 else action))
            pieces = []
        return settled


@dataclass(slots=True, eq=False)
class _Turn:
    """One request and the reply it waits for: how each of the two travels."""

    method: str
    verdict: Verdict
    onward: Treatment = UNTOUCHED
    back: Treatment = UNTOUCHED
    whole: bool = False  # all of the request came
    interim: bool = False  # the reply now being read is a 1xx, the final one is still to come
    closes: bool = False  # the connection ends with this exchange


_RAW_TURN = _Turn("", _PASS)


def _turn(method: str, verdict: Verdict, head: bytes) -> _Turn:
    onward, back = _treatments(verdict)
    if isinstance(verdict, Duplicate) and framing.wants_upgrade(head):
        onward = UNTOUCHED  # its copy would be the first that is said in the new protocol
    turn = _Turn(method, verdict, onward, back)
    if isinstance(verdict, Answer):
        turn.closes = framing.wants_close(head)
    return turn


def _treatments(verdict: Verdict) -> tuple[Treatment, Treatment]:
    """How the request travels on, and its reply back."""
    match verdict:
        case Pass():
            return UNTOUCHED, UNTOUCHED
        case DropRequest() | Answer():
            return SWALLOWED, SWALLOWED
        case DropReply():
            return UNTOUCHED, SWALLOWED
        case Delay(request_s, reply_s):
            return Delayed(request_s), Delayed(reply_s)
        case Duplicate():
            return Repeated(), UNTOUCHED
        case Reset(after_work):
            return (UNTOUCHED, Resetting()) if after_work else (Resetting(), SWALLOWED)
        case Truncate(after_bytes, reset):
            return UNTOUCHED, Truncated(after_bytes, reset)
        case Drip(piece_bytes, every_s):
            return UNTOUCHED, Dripping(piece_bytes, every_s)
        case BreakChunk():
            return UNTOUCHED, ChunkBroken()
        case WrongLength(by_bytes):
            return UNTOUCHED, Mislengthed(by_bytes)


def _moved(action: Action, at: float) -> Action:
    if isinstance(action, Send):
        return Send(at, action.data)
    return Finish(at) if isinstance(action, Finish) else Cut(at, action.reset)
