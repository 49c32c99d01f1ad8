"""Tampering: somebody on the way replaces what they find, and everything else about the message stays as it was."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from random import Random
from typing import ClassVar

from chaoscli.faults.base import Action, BadSetting, Send, Through
from chaoscli.settings import setting

LONGEST_TEXT = 256


@dataclass(frozen=True, slots=True, kw_only=True)
class Tamper:
    """One text is replaced by another as long, so that no length that was told becomes wrong. A text that two chunks cut in two
    passes as it is."""

    kind: ClassVar[str] = "tamper"
    refuses: ClassVar[bool] = False
    holds_dialling: ClassVar[bool] = False

    find: str = setting("what is replaced, wherever it passes")
    put: str = setting("what is put in its place, as many bytes")

    def __post_init__(self) -> None:
        if not 1 <= len(self.find.encode()) <= LONGEST_TEXT:
            raise BadSetting("find", f"has {len(self.find.encode())} bytes; it may have from 1 to {LONGEST_TEXT}")
        if len(self.put.encode()) != len(self.find.encode()):
            lengths = f"{len(self.put.encode())} bytes and 'find' {len(self.find.encode())}"
            raise BadSetting("put", f"has {lengths}; the length of the message must stay what it says")

    def flow(self, rng: Random) -> TamperFlow:
        return TamperFlow(self)

    def words(self) -> str:
        return f"tamper: {self.find} becomes {self.put}"


class TamperFlow(Through):
    __slots__ = ("_find", "_put")

    def __init__(self, fault: Tamper) -> None:
        self._find = fault.find.encode()
        self._put = fault.put.encode()

    def received(self, data: bytes, now: float) -> Iterable[Action]:
        # The very bytes where there is nothing to find: they are not counted as harmed then.
        return (Send(now, data.replace(self._find, self._put) if self._find in data else data),)
