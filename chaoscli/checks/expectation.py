"""Reads an expectation, the sentence one would say, and refuses with its place and a way out what says nothing.

::

    sentence   = [variants ":"] (invariant | comparison)
    variants   = "all" | NAME {"," NAME}
    comparison = sum ("<" | "<=" | ">" | ">=" | "==") sum [window]
    sum        = product {("+" | "-") product}
    product    = factor {("*" | "/") factor}
    factor     = QUANTITY | measure | "(" sum ")"
    measure    = NAME ["(" argument {"," argument} ")"] [window]
    window     = ("during" | "before" | "after") FAULT

An argument is a variant, or else a link, a load, a node, a result or a fact, as far as the measure takes one. A window at the
end of a sentence holds for every measure that has none of its own. Quantities carry their units: ``2s``, ``95%``, ``30/s``,
and only durations may be below zero: ``-50ms``.
"""

from __future__ import annotations

import dataclasses
from typing import cast

from chaoscli.checks.arguments import Arguments
from chaoscli.checks.catalogue import INVARIANTS
from chaoscli.checks.hints import LIKE, listed_names, unknown
from chaoscli.checks.quantities import check_dimensions, check_share, read_quantity
from chaoscli.checks.scanner import ARGUMENTS, NAME, NEGATIVE, QUANTITY, RELATION, WINDOW, Scanner
from chaoscli.checks.sentence import (
    Combined,
    Comparison,
    Expectation,
    ExpectationError,
    Group,
    Measured,
    Names,
    Operator,
    Quantity,
    Relation,
    Term,
    measured_in,
)
from chaoscli.measures.base import Scope, When, Window
from chaoscli.measures.catalogue import MEASURES

__all__ = ["Expectation", "ExpectationError", "Names", "parse_expectation"]

# A sentence is something one says aloud; longer or deeper ones would only be a way to exhaust the reader.
LONGEST_SENTENCE = 500
DEEPEST_GROUP = 10
ALL = "all"


def parse_expectation(text: str, names: Names) -> Expectation:
    """The meaning of ``text``, given what the playbook knows by name; ExpectationError says what is wrong, and where."""
    if len(text) > LONGEST_SENTENCE:
        raise ExpectationError(f"an expectation has at most {LONGEST_SENTENCE} characters, this one {len(text)}", width=len(text))
    variants, start = _variants(text, names)
    law = " ".join(text[start:].split()).lower()
    if law in INVARIANTS:
        return Expectation(text=text, claim=text[start:].strip(), invariant=law, variants=variants)
    if law == "no" or law.startswith("no "):
        offset = start + len(text[start:]) - len(text[start:].lstrip())
        raise unknown("invariant", law, INVARIANTS, offset, len(text.rstrip()) - offset)
    comparison = _Parser(Scanner(text, start), names, variants).sentence()
    return Expectation(text=text, claim=text[start:].strip(), comparison=comparison, variants=variants)


def _variants(text: str, names: Names) -> tuple[tuple[str, ...], int]:
    """The variants before the colon, and where the sentence goes on; none and 0 without a colon."""
    before, colon, _ = text.partition(":")
    if not colon:
        return (), 0
    found: list[str] = []
    offset = 0
    for part in before.split(","):
        name = part.strip()
        if name != ALL and name not in names.variants:
            place = offset + len(part) - len(part.lstrip())
            raise unknown("variant", name, [*names.variants, ALL], place, len(name))
        found += [name] if name != ALL else []
        offset += len(part) + 1
    return tuple(dict.fromkeys(found)), len(before) + 1


class _Parser:
    """Recursive descent over one sentence, a method for each rule of the grammar."""

    def __init__(self, scanner: Scanner, names: Names, variants: tuple[str, ...]) -> None:
        self._scanner = scanner
        self._names = names
        self._variants = variants
        self._depth = 0

    def sentence(self) -> Comparison:
        scanner = self._scanner
        left = self._sum()
        relation = scanner.take(RELATION)
        if relation is None:
            raise scanner.fail("expected a comparison (<, <=, >, >= or ==) and found {here}")
        right_at = scanner.next_offset
        right = self._sum()
        window = self._window()
        if not scanner.at_end:
            raise scanner.fail("the sentence should end before {here}")
        if window is not None:
            left, right = self._within(left, *window), self._within(right, *window)
        self._check_sides(left, right, right_at)
        return Comparison(relation=cast("Relation", relation[0]), left=left, right=right)

    def _check_sides(self, left: Term, right: Term, offset: int) -> None:
        width = len(self._scanner.text.rstrip()) - offset
        measured = [*measured_in(left), *measured_in(right)]
        if not measured:
            raise ExpectationError("nothing is measured here", width=len(self._scanner.text), hint=LIKE)
        if self._variants and all(read.variant for read in measured):
            raise ExpectationError(
                "every measure names its variant, and so does the start of the sentence",
                width=self._scanner.text.index(":") + 1,
                hint="leave out one or the other",
            )
        self._check_not_itself(left, right, offset, width)
        check_dimensions(left, right, "compared with", offset, width)
        check_share(left, right, offset, width)

    def _check_not_itself(self, left: Term, right: Term, offset: int, width: int) -> None:
        """A window at the end holds for both sides, so ``p50 < 2 * p50 before lag`` would hold of anything."""
        read_left = {(read.measure.name, read.scope, read.variant) for read in measured_in(left)}
        for read in measured_in(right):
            if (read.measure.name, read.scope, read.variant) in read_left:
                hint = "a window at the end holds for both sides: give each side its own" if read.scope.window else ""
                raise ExpectationError(f"'{read.text}' is compared with itself", offset=offset, width=width, hint=hint)

    def _sum(self) -> Term:
        left = self._product()
        while operator := self._scanner.take("+") or self._scanner.take("-"):
            at = self._scanner.next_offset
            right = self._product()
            done = "added to" if operator[0] == "+" else "taken from"
            check_dimensions(left, right, done, at, len(self._scanner.text[at : self._scanner.offset].rstrip()))
            left = Combined(operator=cast("Operator", operator[0]), left=left, right=right)
        return left

    def _product(self) -> Term:
        left = self._factor()
        while operator := self._scanner.take("*") or self._scanner.take("/"):
            left = Combined(operator=cast("Operator", operator[0]), left=left, right=self._factor())
        return left

    def _factor(self) -> Term:
        scanner = self._scanner
        if scanner.take("("):
            return self._group()
        if quantity := scanner.take(NEGATIVE) or scanner.take(QUANTITY):
            return read_quantity(quantity[0])
        if name := scanner.take(NAME):
            return self._measured(name[0], name.start())
        raise scanner.fail("expected a measure or a quantity and found {here}", hint=LIKE)

    def _group(self) -> Term:
        self._depth += 1
        if self._depth > DEEPEST_GROUP:
            raise self._scanner.fail(f"parentheses are nested more than {DEEPEST_GROUP} deep")
        inner = self._sum()
        if not self._scanner.take(")"):
            raise self._scanner.fail("expected ')' and found {here}")
        self._depth -= 1
        return Group(inner=inner)

    def _measured(self, name: str, offset: int) -> Measured:
        measure = MEASURES.get(name)
        if measure is None:
            listed = f"a colon goes behind a variant: '{name}: ...'" if name in self._names.variants else LIKE
            raise unknown("measure", name, [*MEASURES, *INVARIANTS], offset, len(name), listed=listed)
        arguments = self._scanner.take_adjacent(ARGUMENTS)
        scope, variant = Scope(), ""
        if arguments:
            scope, variant = Arguments(measure, self._names, self._variants).read(arguments[1], arguments.start(1))
        elif self._scanner.text.startswith("(", self._scanner.offset):
            raise self._scanner.fail(f"the parenthesis of '{name}' is not closed")
        if measure.needs == "what" and not scope.what:
            hint = f"like '{name}(stock reserved)'"
            raise ExpectationError(f"'{name}' needs the name of a fact", offset=offset, width=len(name), hint=hint)
        text = self._scanner.text[offset : self._scanner.offset]
        read = Measured(text=text, measure=measure, scope=scope, variant=variant)
        # A window right before the end is the sentence's; sentence() gives it to every measure, this one too.
        before = self._scanner.offset
        window = self._window()
        if window is None:
            return read
        if self._scanner.at_end:
            self._scanner.offset = before
            return read
        return _in_window(read, *window)

    def _window(self) -> tuple[Window, int] | None:
        """A window and where it stands."""
        scanner = self._scanner
        word = scanner.take(WINDOW)
        if word is None:
            return None
        name = scanner.take(NAME)
        if name is None:
            raise scanner.fail(
                f"'{word[0]}' needs the name of a fault, and found {{here}}", hint=listed_names("faults", self._names.faults)
            )
        if name[0] not in self._names.faults:
            raise unknown("fault", name[0], self._names.faults, name.start(), len(name[0]))
        return Window(cast("When", word[0]), name[0]), word.start()

    def _within(self, term: Term, window: Window, offset: int) -> Term:
        """The term with the window given to every measure that has none."""
        match term:
            case Measured():
                return term if term.scope.window else _in_window(term, window, offset)
            case Combined():
                left, right = self._within(term.left, window, offset), self._within(term.right, window, offset)
                return dataclasses.replace(term, left=left, right=right)
            case Group():
                return Group(inner=self._within(term.inner, window, offset))
            case Quantity():
                return term


def _in_window(read: Measured, window: Window, offset: int) -> Measured:
    allowed = read.measure.windows
    if window.when not in allowed:
        only = " or ".join(sorted(allowed))
        raise ExpectationError(
            f"'{read.measure.name}' is not measured {window.when} a fault",
            offset=offset,
            width=len(str(window)),
            hint=f"say '{read.measure.name} {only} {window.fault}'",
        )
    return dataclasses.replace(read, text=f"{read.text} {window}", scope=dataclasses.replace(read.scope, window=window))
