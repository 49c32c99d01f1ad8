"""A fault in one line, as typed after ``--fault``: ``latency 20ms jitter 5ms``, ``bandwidth 64KB/s on request``.

The kind, then its first field's value (the field's name may be left out), then any further field by name. After the
fields: ``on request``, ``on reply`` or ``on both`` for the direction, ``for 30%`` for the share of connections it takes
hold of.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from chaoscli.control.fields import Field, FieldError, fields_of
from chaoscli.errors import ChaosError, Place, Problem
from chaoscli.faults.base import BadSetting, ByteFault, Direction, MessageFault
from chaoscli.faults.catalogue import BOTH, FAULTS, FaultKind
from chaoscli.units import SHARE, UnitError

# A line a person types; past this it is a mistake in a script.
LONGEST_TEXT = 1000


class FaultTextError(ChaosError):
    """The text is not a fault; ``problem`` points at the word that is wrong."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.message, hint=problem.hint)
        self.problem = problem

    def render(self) -> str:
        return self.problem.render()


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkFault:
    """A fault and where it bites: ``directions`` of the link, each connection with probability ``share``."""

    kind: str
    fault: ByteFault | MessageFault
    directions: tuple[Direction, ...]
    share: float = 1.0


@dataclass(frozen=True, slots=True)
class _Word:
    text: str
    start: int
    width: int


def parse_fault(text: str, source: str = "--fault") -> LinkFault:
    """The fault that ``text`` describes. FaultTextError with a caret under the word that is wrong."""
    return _Reader(text, source).read()


def link_kinds() -> dict[str, FaultKind]:
    """The faults that one link can have by itself."""
    return {name: row for name, row in FAULTS.items() if row.aim == "link"}


class _Reader:
    def __init__(self, text: str, source: str) -> None:
        self.text = text
        self.source = source
        self.words = _words(text)
        self.next = 0
        self.given: dict[str, Any] = {}
        self.places: dict[str, _Word] = {}
        self.directions: tuple[Direction, ...] = ()
        self.share = 1.0

    def read(self) -> LinkFault:
        if len(self.text) > LONGEST_TEXT:
            raise self.wrong(_Word("", 0, 1), f"a fault is at most {LONGEST_TEXT} characters long")
        word = self.take("a kind of fault", hint="like 'latency 20ms jitter 5ms'")
        row = link_kinds().get(word.text)
        if row is None:
            raise self.wrong(word, f"unknown fault '{word.text}'", _nearest(word.text, link_kinds()))
        self.directions = row.directions or BOTH
        fields = fields_of(row.settings)
        self.read_first(fields)
        while self.next < len(self.words):
            self.read_member(word.text, fields)
        fault = self.build(row, fields, word)
        return LinkFault(kind=row.kind, fault=fault, directions=self.directions, share=self.share)

    def read_first(self, fields: dict[str, Field]) -> None:
        """The value of the first field may stand without its name, unless it reads as a name itself."""
        if self.next < len(self.words) and fields and self.words[self.next].text not in (*fields, "on", "for"):
            self.read_value(next(iter(fields.values())))

    def read_member(self, kind: str, fields: dict[str, Field]) -> None:
        word = self.take("a field")
        if word.text == "on":
            self.read_direction()
        elif word.text == "for":
            self.read_share()
        elif word.text not in fields:
            known = (*fields, "on", "for")
            raise self.wrong(word, f"{kind} has no '{word.text}'", _nearest(word.text, known) or f"it has {', '.join(known)}")
        elif word.text in self.given:
            raise self.wrong(word, f"'{word.text}' is given twice")
        elif fields[word.text].holds is bool and not self.is_word_of(("yes", "no", "true", "false")):
            self.given[word.text], self.places[word.text] = True, word
        else:
            self.read_value(fields[word.text])

    def read_value(self, field: Field) -> None:
        word = self.take(f"a value for '{field.name}'", hint=f"like {field.example}")
        try:
            self.given[field.name] = field.from_text(word.text)
        except FieldError as error:
            raise self.wrong(word, str(error), field.doc) from error
        self.places[field.name] = word

    def read_direction(self) -> None:
        word = self.take("a direction", hint="request, reply or both")
        named = {"request": (Direction.REQUEST,), "reply": (Direction.REPLY,), "both": BOTH}
        if word.text not in named:
            raise self.wrong(word, f"'{word.text}' is no direction", "request, reply or both")
        self.directions = named[word.text]

    def read_share(self) -> None:
        word = self.take("a share of the connections", hint="like 30%")
        try:
            self.share = SHARE.parse(word.text)
        except UnitError as error:
            raise self.wrong(word, str(error)) from error

    def build(self, row: FaultKind, fields: dict[str, Field], kind: _Word) -> ByteFault | MessageFault:
        for field in fields.values():
            if field.required and field.name not in self.given:
                hint = f"{field.doc}, like '{row.kind} {field.name} {field.example}'"
                raise self.wrong(kind, f"{row.kind} needs '{field.name}'", hint)
        try:
            fault: ByteFault | MessageFault = row.settings(**self.given)
        except BadSetting as error:
            raise self.wrong(self.places.get(error.field, kind), str(error)) from error
        return fault

    def is_word_of(self, choices: Sequence[str]) -> bool:
        return self.next < len(self.words) and self.words[self.next].text.lower() in choices

    def take(self, what: str, hint: str = "") -> _Word:
        if self.next == len(self.words):
            raise self.wrong(_Word("", len(self.text.rstrip()) + 1 if self.text.strip() else 0, 1), f"{what} is missing", hint)
        self.next += 1
        return self.words[self.next - 1]

    def wrong(self, word: _Word, message: str, hint: str = "") -> FaultTextError:
        place = Place(file=self.source, line=1, column=word.start + 1, width=max(1, word.width), text=self.text)
        return FaultTextError(Problem(message=message, place=place, hint=hint))


def _words(text: str) -> list[_Word]:
    """Words at white space and commas; quotes keep what is between them together."""
    found = []
    for match in re.finditer(r"""(?:"[^"]*"|'[^']*'|[^\s,])+""", text):
        found.append(_Word(re.sub(r"""["']""", "", match[0]), match.start(), len(match[0])))
    return found


def _nearest(word: str, known: Iterable[str]) -> str:
    near = difflib.get_close_matches(word, known, n=1)
    return f"did you mean '{near[0]}'?" if near else ""
