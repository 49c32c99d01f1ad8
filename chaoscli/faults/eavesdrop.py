"""Eavesdropping: somebody on the way reads what passes, and neither end can tell."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from random import Random
from typing import ClassVar

from chaoscli.card_numbers import found_in, masked
from chaoscli.faults.base import Action, BadSetting, Finish, Send, Through
from chaoscli.settings import setting

CARD_NUMBER, TEXT, FIRST_BYTES = "card number", "text", "first bytes"
# What is written down of each catch: what stands before it says what it is, and a line of a screen has room for it.
BEFORE_BYTES, AFTER_BYTES, OF_FIRST_BYTES = 30, 12, 48
# What may be cut in two by two chunks.
LONGEST_TEXT = 64
# One chunk has 64 KiB at most; a page that is all card numbers is told of as well by its first fifty.
MOST_OF_A_CHUNK = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class Eavesdrop:
    """Nothing is changed or late. What is caught is told with the bytes around it, long numbers masked."""

    kind: ClassVar[str] = "eavesdrop"
    refuses: ClassVar[bool] = False
    holds_dialling: ClassVar[bool] = False

    looks_for: str | None = setting("a text to listen for; none: payment card numbers (ISO/IEC 7812)", None)

    def __post_init__(self) -> None:
        if self.looks_for is not None and not 1 <= len(self.looks_for.encode()) <= LONGEST_TEXT:
            raise BadSetting("looks_for", f"has {len(self.looks_for.encode())} bytes; it may have from 1 to {LONGEST_TEXT}")

    def flow(self, rng: Random) -> EavesdropFlow:
        return EavesdropFlow(self)

    def words(self) -> str:
        return f"eavesdrop for {'card numbers' if self.looks_for is None else repr(self.looks_for)}"


class EavesdropFlow(Through):
    """``overheard`` gives what was caught since it was last asked: what it is, and the bytes around it as text."""

    __slots__ = ("_caught", "_fault", "_is_first", "_rest")

    def __init__(self, fault: Eavesdrop) -> None:
        self._fault = fault
        self._rest = b""
        self._is_first = True
        self._caught: list[tuple[str, str]] = []

    def received(self, data: bytes, now: float) -> Iterable[Action]:
        if self._is_first:
            self._is_first = False
            self._caught.append((FIRST_BYTES, _shown(masked(data)[:OF_FIRST_BYTES])))
        whole = self._rest + data
        # What reaches the end of the bytes may go on; it is looked at again with those that follow.
        self._listen(whole, len(self._rest), len(whole) - 1)
        self._rest = whole[-LONGEST_TEXT:]
        return (Send(now, data),)

    def ended(self, now: float) -> Iterable[Action]:
        self._listen(self._rest, len(self._rest), len(self._rest))
        return (Finish(now),)

    def overheard(self) -> list[tuple[str, str]]:
        caught, self._caught = self._caught, []
        return caught

    def _listen(self, data: bytes, least: int, most: int) -> None:
        """Catch what ends between ``least`` and ``most``."""
        hidden: bytes | None = None
        ends = ((start, end) for start, end in self._catches(data) if least <= end <= most)
        for _, (start, end) in zip(range(MOST_OF_A_CHUNK), ends, strict=False):
            hidden = masked(data) if hidden is None else hidden
            text = _shown(hidden[max(0, start - BEFORE_BYTES) : end + AFTER_BYTES])
            self._caught.append((CARD_NUMBER if self._fault.looks_for is None else TEXT, text))

    def _catches(self, data: bytes) -> Iterator[tuple[int, int]]:
        text = self._fault.looks_for
        return found_in(data) if text is None else (one.span() for one in re.finditer(re.escape(text.encode()), data))


def _shown(data: bytes) -> str:
    return "".join(chr(byte) if 0x20 <= byte < 0x7F else "." for byte in data)
