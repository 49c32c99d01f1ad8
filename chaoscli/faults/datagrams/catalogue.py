"""Every fault of a UDP link by its name. Latency and corruption are those of streams: without a chain, jitter reorders."""

from __future__ import annotations

from typing import Any

from chaoscli.faults.corrupt import Corrupt
from chaoscli.faults.datagrams.duplication import Duplication
from chaoscli.faults.datagrams.loss import DatagramLoss
from chaoscli.faults.datagrams.reordering import Reordering
from chaoscli.faults.latency import Latency

DATAGRAM_FAULTS: dict[str, type[Any]] = {
    "latency": Latency,
    "loss": DatagramLoss,
    "duplication": Duplication,
    "reordering": Reordering,
    "corrupt": Corrupt,
}
