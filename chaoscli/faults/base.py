"""What a fault is: frozen settings that make flows (bytes) or verdicts (messages), or that a node is told to suffer.

A flow answers *what and when*; it never waits. ``Send.at`` may be infinite: the bytes are held until the fault heals,
when all that is held goes out at once, in order.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from random import Random
from typing import ClassVar, Protocol, runtime_checkable

from chaoscli.messages import Request


class Direction(StrEnum):
    REQUEST = "request"  # from the caller to the callee
    REPLY = "reply"  # from the callee to the caller


@dataclass(frozen=True, slots=True)
class Send:
    """Pass ``data`` on at the instant ``at`` (seconds on the caller's clock; infinite: when the fault heals)."""

    at: float
    data: bytes


@dataclass(frozen=True, slots=True)
class Finish:
    """Pass the end of the stream on."""

    at: float


@dataclass(frozen=True, slots=True)
class Cut:
    """Close the connection both ways, politely or by a reset. What is still held is dropped."""

    at: float
    reset: bool = False


Action = Send | Finish | Cut


class Flow(Protocol):
    """One byte fault in one direction of one connection; it may keep state."""

    def opened(self, now: float) -> Iterable[Action]: ...

    def received(self, data: bytes, now: float) -> Iterable[Action]: ...

    def ended(self, now: float) -> Iterable[Action]: ...


@runtime_checkable
class ByteFault(Protocol):
    """Settings of a harm to one direction of a link; each connection gets a flow of its own."""

    kind: ClassVar[str]
    refuses: ClassVar[bool]  # nobody listens while it lasts
    holds_dialling: ClassVar[bool]  # a new connection is accepted, but the upstream is not dialled while it lasts

    def flow(self, rng: Random) -> Flow: ...


# -- messages --------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Pass:
    """Leave the exchange alone."""


@dataclass(frozen=True, slots=True)
class DropRequest:
    """The callee never sees it; the caller hears nothing."""


@dataclass(frozen=True, slots=True)
class DropReply:
    """The callee does the work; the caller hears nothing of it."""


Verdict = Pass | DropRequest | DropReply


@runtime_checkable
class MessageFault(Protocol):
    """Settings of a harm to whole HTTP exchanges. ``number`` counts the requests the fault met on this link, from 1."""

    kind: ClassVar[str]

    def decide(self, request: Request, number: int, rng: Random) -> Verdict: ...


# -- nodes -----------------------------------------------------------------------------------------------------------------


@runtime_checkable
class NodeFault(Protocol):
    """Settings of a harm that a node itself suffers; the stage knows how (a slower worker, a skewed clock)."""

    kind: ClassVar[str]
