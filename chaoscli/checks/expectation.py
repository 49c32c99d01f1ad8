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
end of a sentence holds for every measure that has none of its own. Quantities carry their units: ``2s``, ``95%``, ``30/s``.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable
from difflib import get_close_matches
from typing import cast

from chaoscli.checks.catalogue import INVARIANTS
from chaoscli.checks.scanner import ARGUMENTS, NAME, QUANTITY, RELATION, WINDOW, Scanner
from chaoscli.checks.sentence import (
    Combined,
    Comparison,
    Dimension,
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
from chaoscli.measures.base import Measure, Scope, When, Window
from chaoscli.measures.catalogue import MEASURES
from chaoscli.measures.latency import RESULT_WORDS
from chaoscli.topology import Link
from chaoscli.units import DURATION, RATE, SHARE, parse_duration, parse_factor, parse_rate

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
        return Expectation(text=text, invariant=law, variants=variants)
    if law == "no" or law.startswith("no "):
        offset = start + len(text[start:]) - len(text[start:].lstrip())
        raise _unknown("invariant", law, INVARIANTS, offset, len(text.rstrip()) - offset)
    comparison = _Parser(Scanner(text, start), names, variants).sentence()
    return Expectation(text=text, comparison=comparison, variants=variants)


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
            raise _unknown("variant", name, [*names.variants, ALL], place, len(name))
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
            raise ExpectationError("nothing is measured here", width=len(self._scanner.text), hint=_LIKE)
        if self._variants and all(read.variant for read in measured):
            raise ExpectationError(
                "every measure names its variant, and so does the start of the sentence",
                width=self._scanner.text.index(":") + 1,
                hint="leave out one or the other",
            )
        if left == right:
            raise ExpectationError("both sides are the same", offset=offset, width=width)
        _same_dimension(left, right, "compared with", offset, width)
        _check_share(left, right, offset, width)

    def _sum(self) -> Term:
        left = self._product()
        while operator := self._scanner.take("+") or self._scanner.take("-"):
            at = self._scanner.next_offset
            right = self._product()
            _same_dimension(left, right, "added to" if operator[0] == "+" else "taken from", at, self._scanner.offset - at)
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
        if quantity := scanner.take(QUANTITY):
            return _quantity(quantity[0])
        if name := scanner.take(NAME):
            return self._measured(name[0], name.start())
        raise scanner.fail("expected a measure or a quantity and found {here}", hint=_LIKE)

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
            listed = f"a colon goes behind a variant: '{name}: ...'" if name in self._names.variants else _LIKE
            raise _unknown("measure", name, [*MEASURES, *INVARIANTS], offset, len(name), listed=listed)
        arguments = self._scanner.take_adjacent(ARGUMENTS)
        scope, variant = Scope(), ""
        if arguments:
            scope, variant = _Arguments(measure, self._names, self._variants).read(arguments[1], arguments.start(1))
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
                f"'{word[0]}' needs the name of a fault, and found {{here}}", hint=_listed("faults", self._names.faults)
            )
        if name[0] not in self._names.faults:
            raise _unknown("fault", name[0], self._names.faults, name.start(), len(name[0]))
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


class _Arguments:
    """What stands between a measure's parentheses."""

    def __init__(self, measure: Measure, names: Names, variants: tuple[str, ...]) -> None:
        self._measure = measure
        self._names = names
        self._given: dict[str, str | Link] = {}
        # A variant called "timeout" is a result's word as well; where the sentence began with variants, that is meant.
        self._variant_last = bool(variants)

    def read(self, text: str, offset: int) -> tuple[Scope, str]:
        for part in text.split(","):
            argument = part.strip()
            place = offset + len(part) - len(part.lstrip())
            role, value = self._role(argument, place)
            self._put(role, value, argument, place)
            offset += len(part) + 1
        given = dict(self._given)
        variant = given.pop("variant", "")
        return Scope(**given), str(variant)  # type: ignore[arg-type]

    def _role(self, argument: str, offset: int) -> tuple[str, str | Link]:
        if "->" in argument:
            return "link", self._link(argument, offset)
        known: dict[str, Iterable[str]] = {"load": self._names.loads, "node": self._names.nodes, "result": RESULT_WORDS}
        roles: list[str] = [role for role, words in known.items() if role in self._measure.takes and argument in words]
        if argument in self._names.variants:
            roles.insert(len(roles) if self._variant_last else 0, "variant")
        if roles:
            return next((role for role in roles if role not in self._given), roles[0]), argument
        if "what" in self._measure.takes and argument and (not self._names.facts or argument in self._names.facts):
            return "what", argument
        raise self._not_taken(argument, offset)

    def _link(self, argument: str, offset: int) -> Link:
        known = [str(link) for link in self._names.links]
        text = " -> ".join(part.strip() for part in argument.split("->"))
        if text not in known:
            raise _unknown("link", text, known, offset, len(argument))
        return Link.parse(text)

    def _put(self, role: str, value: str | Link, argument: str, offset: int) -> None:
        name = self._measure.name
        if role not in {"variant", *self._measure.takes}:
            raise ExpectationError(
                f"'{name}' is not measured of a {role}", offset=offset, width=len(argument), hint=self._takes()
            )
        places = {"link", "load", "node"}
        if role in self._given or (role in places and places & set(self._given)):
            raise ExpectationError(f"'{name}' is measured of one thing at a time", offset=offset, width=len(argument))
        self._given[role] = value

    def _not_taken(self, argument: str, offset: int) -> ExpectationError:
        known = {"load": self._names.loads, "node": self._names.nodes, "what": self._names.facts}
        others = [role for role, names in known.items() if role not in self._measure.takes and argument in names]
        if others:
            message = f"'{self._measure.name}' is not measured of a {others[0]}"
            return ExpectationError(message, offset=offset, width=len(argument), hint=self._takes())
        choices = [*self._names.variants, *(str(link) for link in self._names.links if "link" in self._measure.takes)]
        choices += [name for role, names in known.items() if role in self._measure.takes for name in names]
        choices += RESULT_WORDS if "result" in self._measure.takes else ()
        return _unknown("argument", argument, choices, offset, len(argument), listed=self._takes())

    def _takes(self) -> str:
        words = {"link": "a link (order -> inventory)", "what": "a fact", "result": "a result (failures, any, timeout)"}
        takes = [
            words.get(role, f"a {role}") for role in ("load", "link", "node", "result", "what") if role in self._measure.takes
        ]
        return f"it takes a variant, {', '.join(takes)}"


def _quantity(text: str) -> Quantity:
    if text[-1] == "%":
        return Quantity(text=text, value=parse_factor(text[:-1]) / 100.0, dimension=0)
    if "/" in text:
        return Quantity(text=text, value=parse_rate(text), dimension=-1)
    if text[-1] in "sm" or text[-1] == "h":
        return Quantity(text=text, value=parse_duration(text), dimension=1)
    return Quantity(text=text, value=parse_factor(text), dimension=0, bare=text[-1] != "x")


def dimension(term: Term) -> Dimension:
    match term:
        case Quantity():
            return term.dimension
        case Measured():
            return {DURATION: 1, RATE: -1}.get(term.measure.unit, 0)
        case Group():
            return dimension(term.inner)
        case Combined(operator="*"):
            return dimension(term.left) + dimension(term.right)
        case Combined(operator="/"):
            return dimension(term.left) - dimension(term.right)
        case Combined():
            return dimension(term.left)


def _check_share(left: Term, right: Term, offset: int, width: int) -> None:
    """``success >= 99`` is a slip for 99%, and would always fail, or never."""
    for one, other in ((left, right), (right, left)):
        if isinstance(one, Measured) and one.measure.unit is SHARE and isinstance(other, Quantity) and other.value > 1.0:
            hint = f"write '{other.text}%'" if other.bare and other.value <= 100.0 else ""
            raise ExpectationError(f"'{one.measure.name}' is a share, at most 100%", offset=offset, width=width, hint=hint)


def _same_dimension(left: Term, right: Term, done: str, offset: int, width: int) -> None:
    one, other = dimension(left), dimension(right)
    if one == other or any(isinstance(side, Quantity) and side.bare and side.value == 0 for side in (left, right)):
        return
    bare = next((side for side in (left, right) if isinstance(side, Quantity) and side.bare), None)
    hint = ""
    if bare is not None:
        units = {1: f"'{bare.text}ms' or '{bare.text}s'", -1: f"'{bare.text}/s'"}.get(other if bare is left else one)
        hint = f"write {units}" if units else ""
    names = {0: "a number", 1: "a duration", -1: "a rate"}
    message = f"{names.get(other, 'this')} cannot be {done} {names.get(one, 'that')}"
    raise ExpectationError(message, offset=offset, width=width, hint=hint)


_LIKE = f"measures are {', '.join(['success', 'p99', 'amplification', 'recovery'])} and others, like 'success >= 99%'"


def _unknown(kind: str, name: str, known: Iterable[str], offset: int, width: int, *, listed: str = "") -> ExpectationError:
    choices = list(known)
    near = get_close_matches(name, choices, n=1, cutoff=0.6)
    hint = f"did you mean '{near[0]}'?" if near else listed or _listed(f"{kind}s", choices)
    return ExpectationError(f"unknown {kind} '{name}'", offset=offset, width=width, hint=hint)


def _listed(kinds: str, known: Iterable[str]) -> str:
    names = list(known)
    return f"{kinds} here: {', '.join(names)}" if names else f"there are no {kinds} here"
