"""A fault in one line, as typed after ``--fault``: ``latency 20ms jitter 5ms``, ``drop reply 30%``, ``silence for 10s``.

The kind first, then its fields by name, in the words of a playbook; the name of the kind's own first field may be left
out, and so may that of a probability. Beside the fields stand those that any fault of a link can have: ``direction
request|reply|both`` (not of whole messages, which say ``drop reply``), ``share 30%`` of the connections, ``for 10s``.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from chaoscli.control.fields import Field, FieldError, fields_of
from chaoscli.errors import ChaosError, Place, Problem
from chaoscli.faults.base import BadSetting, ByteFault, Direction, MessageFault
from chaoscli.faults.catalogue import BOTH, FAULTS, FaultKind
from chaoscli.faults.datagrams.base import DatagramFault
from chaoscli.faults.datagrams.catalogue import DATAGRAM_FAULTS
from chaoscli.units import DURATION, SHARE

# A line a person types; past this it is a mistake in a script.
LONGEST_TEXT = 1000
_DIRECTIONS = {"request": (Direction.REQUEST,), "reply": (Direction.REPLY,), "both": BOTH}
# What every fault of a link can be told beside its own fields.
USUAL = {
    field.name: field
    for field in (
        Field(name="direction", holds=str, doc="which way it works", choices=tuple(_DIRECTIONS)),
        Field(name="share", holds=float, doc="the share of connections it takes hold of", unit=SHARE),
        Field(name="for", holds=float, doc="how long it lasts", unit=DURATION),
    )
}


class FaultTextError(ChaosError):
    """The text is not a fault; ``problem`` points at the word that is wrong."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.message)
        self.hint = problem.hint
        self.problem = problem
        self.add_note(self.render())

    def render(self) -> str:
        return self.problem.render()


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkFault:
    """A fault and where it bites: ``directions`` of the link, each connection with probability ``share``.

    ``given`` are the fields that were written; ``duration_s`` None stays until it is healed; ``udp``: it is one for datagrams.
    """

    kind: str
    fault: ByteFault | MessageFault | DatagramFault
    given: Mapping[str, Any]
    directions: tuple[Direction, ...]
    share: float = 1.0
    duration_s: float | None = None
    udp: bool = False


@dataclass(frozen=True, slots=True)
class _Word:
    text: str
    start: int
    width: int


def parse_fault(
    text: str, source: str = "--fault", *, udp: bool = False, kinds: Mapping[str, FaultKind] | None = None
) -> LinkFault:
    """The fault that ``text`` describes, of a stream or (``udp``) of datagrams, or one of ``kinds``. FaultTextError with a caret
    under the word that is wrong."""
    return _Reader(text, source, udp, link_kinds(udp=udp) if kinds is None else kinds).read()


def link_kinds(*, udp: bool = False) -> dict[str, FaultKind]:
    """The faults that one link can have by itself."""
    return DATAGRAM_FAULTS if udp else {name: row for name, row in FAULTS.items() if row.aim == "link"}


class _Reader:
    def __init__(self, text: str, source: str, udp: bool, kinds: Mapping[str, FaultKind]) -> None:
        self.text = text
        self.source = source
        self.udp = udp
        self.kinds = kinds
        self.words = _words(text)
        self.next = 0
        self.fields: dict[str, Field] = {}
        self.given: dict[str, Any] = {}
        self.places: dict[str, _Word] = {}

    def read(self) -> LinkFault:
        if len(self.text) > LONGEST_TEXT:
            raise self.wrong(_Word("", 0, 1), f"a fault is at most {LONGEST_TEXT} characters long")
        kind = self.take("a kind of fault", hint="like 'latency 20ms jitter 5ms'")
        row = self.kinds.get(kind.text)
        if row is None:
            raise self.unknown(kind, self.kinds)
        self.fields = fields_of(row.settings) | USUAL
        if row.harms == "messages" or row.aim != "link":
            del self.fields["direction"]  # whether the request or the reply is harmed, its own fields or its aim say
        if row.aim != "link":
            del self.fields["share"]
        while self.next < len(self.words):
            self.read_member(kind.text)
        if self.given.get("for", 1.0) <= 0.0:
            raise self.wrong(self.places["for"], "'for' must be longer than nothing", "leave it out for a fault that stays")
        usual = {name: self.given.pop(name) for name in USUAL if name in self.given}
        return LinkFault(
            kind=row.kind,
            fault=self.build(row, kind),
            given=self.given,
            directions=_DIRECTIONS[usual["direction"]] if "direction" in usual else row.directions or (Direction.REQUEST,),
            share=usual.get("share", 1.0),
            duration_s=usual.get("for"),
            udp=self.udp,
        )

    def read_member(self, kind: str) -> None:
        word = self.take("a field")
        field = self.fields.get(word.text)
        if field is None:
            field = self.unnamed(word)
            if field is None:
                known = tuple(self.fields)
                hint = _nearest(word.text, known) or f"it has {', '.join(known)}"
                raise self.wrong(word, f"{kind} has no '{word.text}'", hint)
            self.next -= 1
        if field.name in self.given:
            raise self.wrong(word, f"'{field.name}' is given twice")
        if field.holds is bool and not self.next_is(("yes", "no", "true", "false")):
            self.given[field.name], self.places[field.name] = True, word
        else:
            self.read_value(field)

    def unnamed(self, word: _Word) -> Field | None:
        """The field whose name may be left out before this value: a probability, or the kind's first before anything else."""
        first = next(iter(self.fields.values()))
        if "probability" in self.fields and word.text.endswith("%"):
            return self.fields["probability"]
        return first if first.own and not self.given and self.next == 2 else None

    def read_value(self, field: Field) -> None:
        word = self.take(f"a value for '{field.name}'", hint=f"like {field.example}")
        try:
            self.given[field.name] = field.from_text(word.text)
        except FieldError as error:
            raise self.wrong(word, str(error), field.doc) from error
        self.places[field.name] = word

    def unknown(self, kind: _Word, known: Mapping[str, FaultKind]) -> FaultTextError:
        if not self.udp and kind.text in DATAGRAM_FAULTS:
            return self.wrong(kind, f"'{kind.text}' harms datagrams", "a link carries them with --udp")
        if self.udp and kind.text in link_kinds():
            return self.wrong(kind, f"'{kind.text}' does not harm datagrams", f"what does is {', '.join(known)}")
        return self.wrong(kind, f"unknown fault '{kind.text}'", _nearest(kind.text, known))

    def build(self, row: FaultKind, kind: _Word) -> ByteFault | MessageFault | DatagramFault:
        for field in self.fields.values():
            if field.required and field.name not in self.given:
                hint = f"{field.doc}, like '{row.kind} {field.name} {field.example}'"
                raise self.wrong(kind, f"{row.kind} needs '{field.name}'", hint)
        try:
            fault: ByteFault | MessageFault | DatagramFault = row.settings(**self.given)
        except BadSetting as error:
            raise self.wrong(self.places.get(error.field, kind), str(error)) from error
        return fault

    def next_is(self, choices: Sequence[str]) -> bool:
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
