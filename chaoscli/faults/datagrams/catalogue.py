"""Every fault of a UDP link by its name. Latency and corruption are those of streams: without a chain, jitter reorders."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from chaoscli.faults.base import Direction
from chaoscli.faults.blackhole import Blackhole
from chaoscli.faults.catalogue import BOTH, FaultKind
from chaoscli.faults.corrupt import Corrupt
from chaoscli.faults.datagrams.duplication import Duplication
from chaoscli.faults.datagrams.loss import DatagramLoss
from chaoscli.faults.datagrams.reordering import Reordering
from chaoscli.faults.latency import Latency
from chaoscli.faults.refuse import Refuse
from chaoscli.faults.reset import ResetConnections
from chaoscli.faults.silence import Silence
from chaoscli.settings import from_plain

_ROWS = (
    FaultKind(
        kind="latency",
        settings=Latency,
        doc="Datagrams arrive later; a jittered one may be overtaken.",
        harms="datagrams",
        directions=(Direction.REPLY,),
    ),
    FaultKind(
        kind="loss",
        settings=DatagramLoss,
        doc="Datagrams never arrive.",
        harms="datagrams",
        directions=BOTH,
    ),
    FaultKind(
        kind="duplication",
        settings=Duplication,
        doc="Datagrams arrive twice.",
        harms="datagrams",
        directions=BOTH,
    ),
    FaultKind(
        kind="reordering",
        settings=Reordering,
        doc="Datagrams are overtaken by those behind them.",
        harms="datagrams",
        directions=BOTH,
    ),
    FaultKind(
        kind="corrupt",
        settings=Corrupt,
        doc="Bits are flipped.",
        harms="datagrams",
        directions=(Direction.REPLY,),
    ),
)

DATAGRAM_FAULTS: dict[str, FaultKind] = {row.kind: row for row in _ROWS}

# What keeps the bytes of a stream from arriving; those of a datagram are gone.
_SILENCING = (Silence, Blackhole, Refuse, ResetConnections)


def is_for_datagrams_only(fault: Any) -> bool:
    """It has the name of a fault of streams, perhaps, and other settings."""
    return isinstance(fault, DatagramLoss | Duplication | Reordering)


def datagram_fault_from_plain(kind: str, plain: Mapping[str, Any]) -> Any:
    """The fault that ``fault_to_plain`` was given."""
    return from_plain(DATAGRAM_FAULTS[kind].settings, plain)


def for_datagrams(fault: Any) -> Any:
    """What a partition does to a UDP link: its silence, or its refusal, loses every datagram. Any other fault as it is."""
    return DatagramLoss(rate=1.0) if isinstance(fault, _SILENCING) else fault
