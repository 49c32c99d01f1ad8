"""What an invariant is: a law of the shop that no fault excuses, judged by the facts its services told."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from chaoscli.events import Happened
from chaoscli.recording import Recording

# Told each fact as it happens; says in constant time whether this very one broke the law.
Watch = Callable[[Happened], bool]


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """``shown`` says what was seen; the law is broken when ``guilty`` names a request."""

    shown: str
    guilty: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Invariant:
    """``judge`` raises NoData when nothing happened that the law is about.

    ``watch`` makes what looks at facts one by one, for laws that each fact keeps or breaks for good; then it breaks in one of
    them whenever ``judge`` finds it broken.
    """

    name: str
    doc: str
    judge: Callable[[Recording], Finding]
    watch: Callable[[], Watch] | None = None
