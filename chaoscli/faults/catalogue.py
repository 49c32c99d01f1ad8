"""Every fault there is, by the name a playbook or the API gives it: one hand-written row each."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from chaoscli.errors import UsageError
from chaoscli.faults.abort import Abort
from chaoscli.faults.bad_chunk import BadChunk
from chaoscli.faults.bandwidth import Bandwidth
from chaoscli.faults.base import ByteFault, Direction, MessageFault, NodeFault
from chaoscli.faults.blackhole import Blackhole
from chaoscli.faults.clock_skew import ClockSkew
from chaoscli.faults.corrupt import Corrupt
from chaoscli.faults.drip import Drip
from chaoscli.faults.drop import Drop
from chaoscli.faults.duplicate import Duplicate
from chaoscli.faults.eavesdrop import Eavesdrop
from chaoscli.faults.error import Error
from chaoscli.faults.half_open import HalfOpen
from chaoscli.faults.hang import Hang
from chaoscli.faults.late import Late
from chaoscli.faults.latency import Latency
from chaoscli.faults.limit_data import LimitData
from chaoscli.faults.loss import Loss
from chaoscli.faults.partition import Partition
from chaoscli.faults.refuse import Refuse
from chaoscli.faults.reset import ResetConnections
from chaoscli.faults.reset_peer import ResetPeer
from chaoscli.faults.silence import Silence
from chaoscli.faults.slicer import Slicer
from chaoscli.faults.slow import Slow
from chaoscli.faults.slow_close import SlowClose
from chaoscli.faults.tamper import Tamper
from chaoscli.faults.timeout import Timeout
from chaoscli.faults.truncate import Truncate
from chaoscli.faults.wrong_length import WrongLength
from chaoscli.settings import from_plain, to_plain

Fault = ByteFault | MessageFault | NodeFault

BOTH = (Direction.REQUEST, Direction.REPLY)


@dataclass(frozen=True, slots=True, kw_only=True)
class FaultKind:
    """One row: ``aim`` says what a playbook points it at, ``directions`` what a byte fault harms unless told otherwise.

    ``harms`` is what it works on: the bytes of a link, whole HTTP messages, the datagrams of a UDP link, or a node.
    """

    kind: str
    settings: type[Any]
    doc: str
    harms: Literal["bytes", "messages", "datagrams", "node"]
    aim: Literal["link", "groups", "node"] = "link"
    directions: tuple[Direction, ...] = ()


_ROWS = (
    FaultKind(
        kind="latency",
        settings=Latency,
        doc="Bytes arrive later, always by the same time or by a jittered one.",
        harms="bytes",
        directions=(Direction.REPLY,),
    ),
    FaultKind(
        kind="bandwidth",
        settings=Bandwidth,
        doc="Bytes pass no faster than a rate, each connection's or the link's.",
        harms="bytes",
        directions=(Direction.REPLY,),
    ),
    FaultKind(
        kind="loss",
        settings=Loss,
        doc="Segments come late by their retransmissions, as packet loss shows in a TCP stream.",
        harms="bytes",
        directions=BOTH,
    ),
    FaultKind(
        kind="slicer",
        settings=Slicer,
        doc="Bytes arrive in small pieces.",
        harms="bytes",
        directions=(Direction.REPLY,),
    ),
    FaultKind(
        kind="corrupt",
        settings=Corrupt,
        doc="Bits are flipped.",
        harms="bytes",
        directions=(Direction.REPLY,),
    ),
    FaultKind(
        kind="eavesdrop",
        settings=Eavesdrop,
        doc="Somebody reads what passes; what is caught is counted, and written down masked.",
        harms="bytes",
        directions=BOTH,
    ),
    FaultKind(
        kind="tamper",
        settings=Tamper,
        doc="Somebody replaces a text in what passes.",
        harms="bytes",
        directions=(Direction.REQUEST,),
    ),
    FaultKind(
        kind="silence",
        settings=Silence,
        doc="Connections stay open and nothing arrives; the heal brings what waited.",
        harms="bytes",
        directions=BOTH,
    ),
    FaultKind(
        kind="blackhole",
        settings=Blackhole,
        doc="What is sent vanishes for good, and nobody is told.",
        harms="bytes",
        directions=BOTH,
    ),
    FaultKind(
        kind="refuse",
        settings=Refuse,
        doc="Nobody listens, and live connections are reset.",
        harms="bytes",
        directions=(Direction.REQUEST,),
    ),
    FaultKind(
        kind="reset",
        settings=ResetConnections,
        doc="Connections, live and new, are reset.",
        harms="bytes",
        directions=(Direction.REQUEST,),
    ),
    FaultKind(
        kind="reset_peer",
        settings=ResetPeer,
        doc="A connection is reset a while after its first byte.",
        harms="bytes",
        directions=(Direction.REPLY,),
    ),
    FaultKind(
        kind="timeout",
        settings=Timeout,
        doc="Bytes vanish, and a connection closes after a while of quiet.",
        harms="bytes",
        directions=(Direction.REPLY,),
    ),
    FaultKind(
        kind="limit_data",
        settings=LimitData,
        doc="A connection closes after so many bytes.",
        harms="bytes",
        directions=(Direction.REPLY,),
    ),
    FaultKind(
        kind="slow_close",
        settings=SlowClose,
        doc="The end of the stream is late.",
        harms="bytes",
        directions=(Direction.REPLY,),
    ),
    FaultKind(
        kind="half_open",
        settings=HalfOpen,
        doc="Who closes is not heard: the other side keeps a connection to nobody.",
        harms="bytes",
        directions=BOTH,
    ),
    FaultKind(
        kind="hang",
        settings=Hang,
        doc="New connections get nowhere until the heal.",
        harms="bytes",
        directions=(Direction.REQUEST,),
    ),
    FaultKind(
        kind="partition",
        settings=Partition,
        doc="Groups of nodes cannot reach each other, both ways or one way.",
        harms="bytes",
        aim="groups",
    ),
    FaultKind(
        kind="drop",
        settings=Drop,
        doc="Requests vanish before they are seen, or replies after the work was done.",
        harms="messages",
    ),
    FaultKind(
        kind="late",
        settings=Late,
        doc="Requests or replies are late.",
        harms="messages",
    ),
    FaultKind(
        kind="error",
        settings=Error,
        doc="The link answers with a status, and the callee never sees the request.",
        harms="messages",
    ),
    FaultKind(
        kind="duplicate",
        settings=Duplicate,
        doc="The callee gets requests twice.",
        harms="messages",
    ),
    FaultKind(
        kind="abort",
        settings=Abort,
        doc="The connection is reset in the middle of an exchange.",
        harms="messages",
    ),
    FaultKind(
        kind="truncate",
        settings=Truncate,
        doc="Replies break off.",
        harms="messages",
    ),
    FaultKind(
        kind="drip",
        settings=Drip,
        doc="Replies come a few bytes at a time.",
        harms="messages",
    ),
    FaultKind(
        kind="bad_chunk",
        settings=BadChunk,
        doc="Replies have malformed chunks.",
        harms="messages",
    ),
    FaultKind(
        kind="wrong_length",
        settings=WrongLength,
        doc="Replies lie about their length.",
        harms="messages",
    ),
    FaultKind(kind="slow", settings=Slow, doc="A node's work takes longer.", harms="node", aim="node"),
    FaultKind(
        kind="clock_skew",
        settings=ClockSkew,
        doc="A node's wall clock is off, and may run at another rate.",
        harms="node",
        aim="node",
    ),
)

FAULTS: dict[str, FaultKind] = {row.kind: row for row in _ROWS}


def describe(fault: Fault | Partition) -> str:
    """The fault in a few words with its figures: ``latency 100ms ± 50ms normal``."""
    return fault.words()


def fault_to_plain(fault: Any) -> dict[str, Any]:
    """The settings as ``json.dumps`` takes them; the kind is not among them."""
    plain: dict[str, Any] = to_plain(fault)
    return plain


def fault_from_plain(kind: str, plain: Mapping[str, Any]) -> Any:
    """The fault that ``fault_to_plain`` was given. UsageError for an unknown kind, BadSetting for an impossible value."""
    row = FAULTS.get(kind)
    if row is None:
        near = difflib.get_close_matches(kind, FAULTS, n=1)
        raise UsageError(f"unknown fault '{kind}'", hint=f"did you mean '{near[0]}'?" if near else "")
    return from_plain(row.settings, plain)
