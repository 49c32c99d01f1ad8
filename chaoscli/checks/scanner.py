"""A place in a sentence and what stands there: the letters of the expectation grammar."""

from __future__ import annotations

import re
from dataclasses import dataclass

from chaoscli.checks.sentence import ExpectationError

_NUMBER = r"(?:\d+\.?\d*|\.\d+)"
_DURATION = rf"(?:{_NUMBER}(?:us|µs|ms|s|m|h)(?![A-Za-z]))+"
QUANTITY = re.compile(rf"{_NUMBER}\s*%|{_DURATION}|{_NUMBER}/(?:s|m|h)\b|{_NUMBER}x\b|{_NUMBER}")
# Clocks that disagree measure less than nothing; no other quantity is below zero.
NEGATIVE = re.compile(rf"-{_DURATION}")
# A dash belongs to a name when no space is around it; a difference is written with spaces.
NAME = re.compile(r"[^\W\d][\w.]*(?:-[\w.]+)*")
LINK_OR_NAME = re.compile(rf"{NAME.pattern}(?:\s*->\s*{NAME.pattern})?")
FACTOR = re.compile(rf"\(|{NAME.pattern}")
MULTIPLY = re.compile(r"\*|×|(?:x|times|of)\b")
WINDOW = re.compile(r"(during|before|after|between|from)\b")
TO = re.compile(r"to\b")
ARGUMENTS = re.compile(r"\(([^()]*)\)")
_SPACE = re.compile(r"\s*")
_ANYTHING = re.compile(r"\S+")


@dataclass(slots=True)
class Scanner:
    """Reads ``text`` from ``offset`` on. Taking skips the spaces before what is taken."""

    text: str
    offset: int = 0

    def take(self, pattern: re.Pattern[str] | str) -> re.Match[str] | None:
        """What matches here (a string stands for itself), moving past it; None and no move when nothing does."""
        self._skip_spaces()
        found = (re.compile(re.escape(pattern)) if isinstance(pattern, str) else pattern).match(self.text, self.offset)
        if found is not None:
            self.offset = found.end()
        return found

    def sees(self, pattern: re.Pattern[str]) -> bool:
        """Whether that comes next; nothing is taken."""
        self._skip_spaces()
        return pattern.match(self.text, self.offset) is not None

    def take_adjacent(self, pattern: re.Pattern[str]) -> re.Match[str] | None:
        """The same without spaces before it."""
        found = pattern.match(self.text, self.offset)
        if found is not None:
            self.offset = found.end()
        return found

    @property
    def next_offset(self) -> int:
        """Where the next word begins."""
        self._skip_spaces()
        return self.offset

    @property
    def at_end(self) -> bool:
        self._skip_spaces()
        return self.offset >= len(self.text)

    def fail(self, message: str, *, hint: str = "") -> ExpectationError:
        """An error about the word that stands here. ``{here}`` in the message is that word, or "the end"."""
        self._skip_spaces()
        found = _ANYTHING.match(self.text, self.offset)
        here = f"'{found[0]}'" if found else "the end"
        return ExpectationError(
            message.replace("{here}", here), offset=self.offset, width=len(found[0]) if found else 1, hint=hint
        )

    def _skip_spaces(self) -> None:
        found = _SPACE.match(self.text, self.offset)
        assert found is not None
        self.offset = found.end()
