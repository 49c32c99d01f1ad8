"""Every fault of a UDP link by its name. Latency and corruption are those of streams: without a chain, jitter reorders."""

from __future__ import annotations

from chaoscli.faults.base import Direction
from chaoscli.faults.catalogue import BOTH, FaultKind
from chaoscli.faults.corrupt import Corrupt
from chaoscli.faults.datagrams.duplication import Duplication
from chaoscli.faults.datagrams.loss import DatagramLoss
from chaoscli.faults.datagrams.reordering import Reordering
from chaoscli.faults.latency import Latency

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
