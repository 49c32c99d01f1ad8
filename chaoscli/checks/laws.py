"""What an invariant is: a law of the shop that no fault excuses, judged by the facts its services told."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from chaoscli.recording import Recording


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """``shown`` says what was seen; the law is broken when ``guilty`` names a request."""

    shown: str
    guilty: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Invariant:
    """``judge`` raises NoData when nothing happened that the law is about."""

    name: str
    doc: str
    judge: Callable[[Recording], Finding]
