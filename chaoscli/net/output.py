"""The end of what a program prints, and lines to wait for: it may print without end, and keeps at most what is shown."""

from __future__ import annotations

import re
from collections.abc import Callable

import trio

# Enough for a stack trace, little enough to keep for each of twenty programs.
KEPT_BYTES = 32_768
# What fits on a screen beside the message itself.
SHOWN_LINES = 8
LONGEST_SHOWN_LINE = 300
# Of a line that is waited for; one that is longer is data.
SEARCHED_BYTES = 4_096
# Colours and cursor movements (ECMA-48), which would redraw the screen that shows the line.
_ESCAPES = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|[@-Z\\-_]|\][^\x07\x1b]*(?:\x07|\x1b\\))|[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]+")


class Output:
    """Feed it bytes. ``mask`` is what every text passes before anybody sees it."""

    def __init__(self, mask: Callable[[str], str] = str) -> None:
        self.total_bytes = 0
        self._mask = mask
        self._kept = b""
        self._awaited: re.Pattern[str] | None = None
        self._unsearched = b""
        self._came = trio.Event()

    def feed(self, data: bytes) -> None:
        self.total_bytes += len(data)
        self._kept = (self._kept + data)[-KEPT_BYTES:]
        if self._awaited is not None:
            self._search(self._awaited, data)

    async def line_with(self, pattern: str) -> None:
        """Wait for a line that the regular expression finds, among those kept or to come."""
        self._awaited = re.compile(pattern)
        self._search(self._awaited, self._kept)
        await self._came.wait()
        self._awaited = None

    def _search(self, pattern: re.Pattern[str], data: bytes) -> None:
        """Whole lines, and the one still being written: a prompt has no end."""
        *lines, self._unsearched = (self._unsearched + data).split(b"\n")
        self._unsearched = self._unsearched[:SEARCHED_BYTES]
        if any(pattern.search(_plain(line[:SEARCHED_BYTES])) for line in (*lines, self._unsearched)):
            self._came.set()

    def last_lines(self) -> tuple[str, ...]:
        """The last few lines with something in them, masked, without colours, cut to a screen's width."""
        lines = [_plain(line).rstrip() for line in self._kept.split(b"\n")]
        shown = [self._mask(line) for line in lines if line.strip()][-SHOWN_LINES:]
        return tuple(line if len(line) <= LONGEST_SHOWN_LINE else line[:LONGEST_SHOWN_LINE] + " ..." for line in shown)


def _plain(line: bytes) -> str:
    """As a terminal would leave it: without escapes, and of a line that was written over and over the last state."""
    return _ESCAPES.sub("", line.decode(errors="replace")).rstrip("\r").rpartition("\r")[2].expandtabs(4)


def in_words(lines: tuple[str, ...]) -> str:
    """What a program printed last, to stand under a message about it."""
    if not lines:
        return "it printed nothing"
    return "it printed last:\n" + "\n".join(f"    {line}" for line in lines)
