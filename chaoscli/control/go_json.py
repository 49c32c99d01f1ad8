"""JSON as Go's decoder reads it, because Toxiproxy's clients have only ever met Go: the first value counts, what follows is
passed over, keys match whatever their case, and a mistake is told in Go's own words.

The texts are those of encoding/json (scanner.go); they name the first byte that cannot be.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from typing import Any

# Our own shapes are four deep at most; a deeper text is an attack on the stack.
DEEPEST = 64

_SPACE = " \t\r\n"
_NUMBER = re.compile(r"-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?")
_LITERALS = {"t": ("true", True), "f": ("false", False), "n": ("null", None)}
_NUMBER_STARTS = frozenset("-0123456789")
_HEX = frozenset("0123456789abcdefABCDEF")


class GoJsonError(ValueError):
    """Not JSON; the message is Go's, and ``place`` the character it is about, from 0."""

    def __init__(self, message: str, place: int) -> None:
        super().__init__(message)
        self.place = place


def first_value(body: bytes) -> Any:
    """The first JSON value of ``body``: dict, list, str, int, float, bool or None. GoJsonError when there is none."""
    return first_value_and_rest(body)[0]


def first_value_and_rest(body: bytes) -> tuple[Any, str]:
    """The same, and the text behind it, which clients may send in vain."""
    reader = _Reader(body.decode("utf-8", errors="replace"))
    reader.skip_space()
    if reader.at_end:
        raise GoJsonError("EOF", 0)
    return reader.value(0), reader.rest


def folded(value: Mapping[str, Any]) -> dict[str, Any]:
    """The members by lower-case key, those that are null left out: null means "leave it as it is"."""
    return {key.lower(): item for key, item in value.items() if item is not None}


def kind_of(value: Any) -> str:
    """What Go calls the JSON value in its complaints."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "bool"
    if isinstance(value, int | float):
        return f"number {value}"
    if isinstance(value, str):
        return "string"
    return "array" if isinstance(value, list) else "object"


class _Reader:
    """One walk over the text; ``place`` is the next character."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.place = 0

    @property
    def at_end(self) -> bool:
        return self.place >= len(self.text)

    @property
    def rest(self) -> str:
        return self.text[self.place :]

    def skip_space(self) -> None:
        while not self.at_end and self.text[self.place] in _SPACE:
            self.place += 1

    def peek(self) -> str:
        self.skip_space()
        return self._here()

    def value(self, depth: int) -> Any:
        if depth > DEEPEST:
            raise GoJsonError("exceeded max depth", self.place)
        first = self.peek()
        if first == "{":
            return self._object(depth)
        if first == "[":
            return self._array(depth)
        if first == '"':
            return self._string()
        if first in _LITERALS:
            return self._literal(*_LITERALS[first])
        if first in _NUMBER_STARTS:
            return self._number()
        raise self._wrong("looking for beginning of value")

    def _here(self) -> str:
        if self.at_end:
            raise GoJsonError("unexpected EOF", len(self.text))
        return self.text[self.place]

    def _wrong(self, context: str) -> GoJsonError:
        return GoJsonError(f"invalid character {_quoted(self._here())} {context}", self.place)

    def _object(self, depth: int) -> dict[str, Any]:
        self.place += 1
        members: dict[str, Any] = {}
        if self.peek() == "}":
            self.place += 1
            return members
        while True:
            if self.peek() != '"':
                raise self._wrong("looking for beginning of object key string")
            key = self._string()
            if self.peek() != ":":
                raise self._wrong("after object key")
            self.place += 1
            members[key] = self.value(depth + 1)
            if not self._more("}", "after object key:value pair"):
                return members

    def _array(self, depth: int) -> list[Any]:
        self.place += 1
        items: list[Any] = []
        if self.peek() == "]":
            self.place += 1
            return items
        while True:
            items.append(self.value(depth + 1))
            if not self._more("]", "after array element"):
                return items

    def _more(self, end: str, context: str) -> bool:
        """Step over a comma (True) or the end (False)."""
        found = self.peek()
        if found not in (",", end):
            raise self._wrong(context)
        self.place += 1
        return found == ","

    def _string(self) -> str:
        start = self.place
        self.place += 1
        while (here := self._here()) != '"':
            if here < " ":
                raise self._wrong("in string literal")
            self.place += 1
            if here == "\\":
                self._escape()
        self.place += 1
        text: str = json.loads(self.text[start : self.place])
        # A lone surrogate cannot be written out again; Go puts the replacement character in its place.
        return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")

    def _escape(self) -> None:
        if self._here() not in '"\\/bfnrtu':
            raise self._wrong("in string escape code")
        unicode = self._here() == "u"
        self.place += 1
        for _ in range(4 if unicode else 0):
            if self._here() not in _HEX:
                raise self._wrong("in \\u hexadecimal character escape")
            self.place += 1

    def _literal(self, word: str, value: Any) -> Any:
        for place, letter in enumerate(word):
            if self._here() != letter:
                raise self._wrong(f"in literal {word} (expecting {_quoted(word[place])})")
            self.place += 1
        return value

    def _number(self) -> int | float:
        match = _NUMBER.match(self.text, self.place)
        if match is None:
            self.place += 1
            raise self._wrong("in numeric literal")
        self.place = match.end()
        for letters, context in ((".", "after decimal point in numeric literal"), ("eE", "in exponent of numeric literal")):
            # What the pattern left standing is a fraction or an exponent that lacks its digits.
            if not self.at_end and self.text[self.place] in letters:
                self.place += 1
                raise self._wrong(context)
        convert: Callable[[str], int | float] = int if match[0].lstrip("-").isdecimal() else float
        # Python turns at most 4300 digits into an int; as a float such a number is merely out of range.
        return convert(match[0]) if len(match[0]) < 1000 else float(match[0])


def _quoted(character: str) -> str:
    """A character between Go's single quotes."""
    if character == "'":
        return "'\\''"
    if character == '"':
        return "'\"'"
    return "'" + json.dumps(character)[1:-1].replace('\\"', '"') + "'"
