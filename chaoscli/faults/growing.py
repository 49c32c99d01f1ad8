"""A harm on its way from nothing to all of it: which of a fault's settings grow, and what they are when a share is reached."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from chaoscli.faults.bandwidth import Bandwidth
from chaoscli.faults.corrupt import Corrupt
from chaoscli.faults.datagrams.duplication import Duplication
from chaoscli.faults.datagrams.loss import DatagramLoss
from chaoscli.faults.datagrams.reordering import Reordering
from chaoscli.faults.latency import Latency
from chaoscli.faults.loss import Loss
from chaoscli.faults.matching import Matching
from chaoscli.faults.slow import Slow

# Each grows in proportion.
_SETTINGS: tuple[tuple[type[Any], tuple[str, ...]], ...] = (
    (Latency, ("delay", "jitter")),
    (Loss, ("rate",)),
    (Corrupt, ("rate",)),
    (DatagramLoss, ("rate",)),
    (Duplication, ("rate",)),
    (Reordering, ("rate",)),
    (Matching, ("probability",)),
)


def why_it_cannot_grow(fault: Any) -> str:
    """Empty for a fault that can."""
    if isinstance(fault, Matching) and (fault.first is not None or fault.nth is not None):
        return "it harms requests by their number"
    if isinstance(fault, Bandwidth) and fault.rate == 0.0:
        return "a rate of nothing is not come to little by little"
    if isinstance(fault, Slow | Bandwidth) or _growing(fault):
        return ""
    return "a clock that gains says so with `drift`" if fault.kind == "clock_skew" else "it is there or it is not"


def grown(fault: Any, share: float) -> Any:
    """The fault when ``share`` of it has been reached, above 0 and up to 1: of a node that is 3x slower half is 2x, of a
    bandwidth half is the double."""
    if share >= 1.0:
        return fault
    if isinstance(fault, Slow):
        return replace(fault, by=1.0 + (fault.by - 1.0) * share)
    if isinstance(fault, Bandwidth):
        return replace(fault, rate=fault.rate / share)
    return replace(fault, **{name: getattr(fault, name) * share for name in _growing(fault)})


def _growing(fault: Any) -> tuple[str, ...]:
    return next((names for kind, names in _SETTINGS if isinstance(fault, kind)), ())
