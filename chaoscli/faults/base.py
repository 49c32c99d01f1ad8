"""What a fault is: frozen settings that make flows (bytes) or verdicts (messages), or that a node is told to suffer.

A flow answers *what and when*; it never waits. ``Send.at`` may be infinite: the bytes are held until the fault heals,
when all that is held goes out at once, in order.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from random import Random
from typing import ClassVar, Protocol, runtime_checkable

from chaoscli.messages import Headers, Request


class BadSetting(ValueError):
    """A fault cannot be set like this: ``field`` names the setting, ``reason`` says what it may be."""

    def __init__(self, field: str, reason: str) -> None:
        super().__init__(f"{field} {reason}")
        self.field = field
        self.reason = reason


class Direction(StrEnum):
    REQUEST = "request"  # from the caller to the callee
    REPLY = "reply"  # from the callee to the caller


@dataclass(frozen=True, slots=True)
class Send:
    """Pass ``data`` on at the instant ``at`` (seconds on the caller's clock; infinite: when the fault heals).

    Each Send is one write: two of the same instant are not joined, since a slicer means its pieces.
    """

    at: float
    data: bytes


@dataclass(frozen=True, slots=True)
class Finish:
    """Pass the end of the stream on."""

    at: float


@dataclass(frozen=True, slots=True)
class Cut:
    """Close the connection both ways, politely or by a reset. What is still held is dropped.

    At most one Cut of a direction is pending: a later one replaces it, and an infinite ``at`` takes it back.
    """

    at: float
    reset: bool = False


Action = Send | Finish | Cut


class Flow(Protocol):
    """One byte fault in one direction of one connection; it may keep state.

    ``now`` never goes back from call to call; it may lie in the future of the wall clock, as the instant at which a flow
    before this one lets the bytes go.
    """

    @property
    def piece_bytes(self) -> float:
        """About how small it cuts what it is given; infinite for one that leaves it whole."""

    def begins(self) -> None:
        """Called before ``opened`` when the connection is a new one."""

    def opened(self, now: float) -> Iterable[Action]:
        """The fault takes hold of the connection, a new one or one long open."""

    def received(self, data: bytes, now: float) -> Iterable[Action]: ...

    def ended(self, now: float) -> Iterable[Action]:
        """The sender closed its side."""

    def healed(self, now: float) -> Iterable[Action]:
        """The fault lets go of the connection. What it held has gone out already; usually there is nothing more to do."""

    def takes_over(self, old: Flow, waiting: Sequence[Action], now: float) -> Iterable[Action]:
        """Called in place of ``opened``, by the flow of the same fault with other settings; ``waiting`` is what ``old`` held."""


class Through:
    """A flow that harms nothing; faults build on it and override what they harm."""

    __slots__ = ()

    @property
    def piece_bytes(self) -> float:
        return math.inf

    def begins(self) -> None:
        """Most faults do not care how long a connection has been there."""

    def opened(self, now: float) -> Iterable[Action]:
        return ()

    def received(self, data: bytes, now: float) -> Iterable[Action]:
        return (Send(now, data),)

    def ended(self, now: float) -> Iterable[Action]:
        return (Finish(now),)

    def healed(self, now: float) -> Iterable[Action]:
        return ()

    def takes_over(self, old: Flow, waiting: Sequence[Action], now: float) -> Iterable[Action]:
        self.follows(old)
        yield from self.opened(now)
        # Pieces that a slicer made are one again, as they came.
        data = b"".join(action.data for action in waiting if isinstance(action, Send))
        if data:
            yield from self.received(data, now)
        if any(isinstance(action, Finish) for action in waiting):
            yield from self.ended(now)

    def follows(self, earlier: Flow) -> None:
        """Take over what ``earlier`` counted, a flow of the same fault whose settings have changed in mid-connection.

        Call it before ``opened``; ``earlier`` does not heal, it is replaced.
        """


@runtime_checkable
class ByteFault(Protocol):
    """Settings of a harm to one direction of a link; each connection gets a flow of its own."""

    kind: ClassVar[str]
    refuses: ClassVar[bool]  # nobody listens while it lasts
    holds_dialling: ClassVar[bool]  # a new connection is accepted, but the upstream is not dialled while it lasts

    def flow(self, rng: Random) -> Flow: ...

    def words(self) -> str:
        """The fault in a few words with its figures, for the story: ``latency 100ms ± 50ms normal``."""


FlowMaker = Callable[[Random], Flow]


def flow_maker(fault: ByteFault) -> FlowMaker:
    """What makes the flows of one injected fault in one direction of one link.

    Most faults are alone on each connection. One whose connections share something (a bandwidth of the link) has
    ``shared``, which makes what they share once; so call this once for each link and direction, and the answer once for
    each connection.
    """
    shared: Callable[[], FlowMaker] | None = getattr(fault, "shared", None)
    return shared() if shared is not None else fault.flow


# -- messages --------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Pass:
    """Leave the exchange alone."""

    action: ClassVar[str] = "pass"


@dataclass(frozen=True, slots=True)
class DropRequest:
    """The callee never sees it; the caller hears nothing."""

    action: ClassVar[str] = "drop request"


@dataclass(frozen=True, slots=True)
class DropReply:
    """The callee does the work; the caller hears nothing of it."""

    action: ClassVar[str] = "drop reply"


@dataclass(frozen=True, slots=True)
class Delay:
    """The request reaches the callee ``request_s`` later, the reply the caller ``reply_s`` later (seconds)."""

    action: ClassVar[str] = "delay"

    request_s: float = 0.0
    reply_s: float = 0.0


@dataclass(frozen=True, slots=True)
class Answer:
    """The callee never sees it; the caller is answered by the link, ``after_s`` seconds after the request was whole."""

    action: ClassVar[str] = "answer"

    status: int
    headers: Headers = ()
    body: bytes = b""
    after_s: float = 0.0


@dataclass(frozen=True, slots=True)
class Duplicate:
    """The callee gets the request twice; the caller hears the first reply only."""

    action: ClassVar[str] = "duplicate"


@dataclass(frozen=True, slots=True)
class Reset:
    """The connection is reset: before the callee saw the request, or after it did the work, in place of its reply."""

    action: ClassVar[str] = "reset"

    after_work: bool = False


@dataclass(frozen=True, slots=True)
class Truncate:
    """The reply's head and ``after_bytes`` of its body arrive, then the connection closes (or is reset)."""

    action: ClassVar[str] = "truncate"

    after_bytes: int = 0
    reset: bool = False


@dataclass(frozen=True, slots=True)
class Drip:
    """The reply's body arrives ``piece_bytes`` at a time, ``every_s`` seconds apart."""

    action: ClassVar[str] = "drip"

    piece_bytes: int = 1
    every_s: float = 0.1


@dataclass(frozen=True, slots=True)
class BreakChunk:
    """The reply says it is chunked, and the size of its first chunk is not a number."""

    action: ClassVar[str] = "break chunk"


@dataclass(frozen=True, slots=True)
class WrongLength:
    """The reply's Content-Length is ``by_bytes`` off (never below 0). A reply that states no length passes."""

    action: ClassVar[str] = "wrong length"

    by_bytes: int = 1


Verdict = Pass | DropRequest | DropReply | Delay | Answer | Duplicate | Reset | Truncate | Drip | BreakChunk | WrongLength


@runtime_checkable
class MessageFault(Protocol):
    """Settings of a harm to whole HTTP exchanges."""

    kind: ClassVar[str]

    def matches(self, request: Request) -> bool:
        """Is this one of the requests the fault is about? Only those are counted and decided on."""

    def decide(self, request: Request, number: int, rng: Random) -> Verdict:
        """``number`` counts, from 1, the requests on this link that matched; ``rng`` is the request's own."""

    def words(self) -> str: ...


# -- nodes -----------------------------------------------------------------------------------------------------------------


@runtime_checkable
class NodeFault(Protocol):
    """Settings of a harm that a node itself suffers; the stage knows how (a slower worker, a skewed clock)."""

    kind: ClassVar[str]

    def words(self) -> str: ...
