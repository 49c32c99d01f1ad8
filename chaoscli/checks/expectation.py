"""Reads an expectation, the sentence one would say, and refuses with its place and a way out what says nothing.

::

    sentence   = [who {"," who} ":"] (law | nothing | claim) [window]
    who        = "all" | VARIANT | LINK | LOAD | NODE
    law        = ["breaks"] INVARIANT
    nothing    = "no" measure
    claim      = sum relation sum [relation sum]
               | sum "between" sum "and" sum
               | sum "within" QUANTITY "of" sum
    sum        = product {("+" | "-") product}
    product    = factor {("*" | "x" | "times" | "of" | "/") factor}
    factor     = QUANTITY | measure | "(" sum ")"
    measure    = NAME ["(" argument {"," argument} ")"]
                 ["of" argument] ["in" VARIANT] [window]
    window     = ("during" | "before" | "after") FAULT
               | "between" FAULT "and" FAULT
               | ("before" | "after") DURATION
               | "from" DURATION "to" DURATION

An argument is a variant, or else a link, a load, a node, a result or a fact, as far as the measure takes one. A load, link or
node before the colon is that of every measure that has none of its own, and a window at the end of a sentence that of every
measure without one; a law has none. Quantities carry their units: ``2s``, ``95%``, ``30/s``, and only durations may be below
zero: ``-50ms``.
"""

from __future__ import annotations

import dataclasses
import itertools
import re
from typing import cast

from chaoscli.checks.about import About, read_about
from chaoscli.checks.arguments import Arguments
from chaoscli.checks.catalogue import INVARIANTS
from chaoscli.checks.hints import LIKE, unknown
from chaoscli.checks.quantities import around, check_dimensions, check_share, read_quantity
from chaoscli.checks.relations import AND, BETWEEN, OF, RELATION, VERB, WITHIN, is_range, relation_of
from chaoscli.checks.scanner import ARGUMENTS, FACTOR, LINK_OR_NAME, MULTIPLY, NAME, NEGATIVE, QUANTITY, Scanner
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
from chaoscli.checks.when import in_window, read_window, within
from chaoscli.measures.base import Measure, Scope
from chaoscli.measures.catalogue import MEASURES

__all__ = ["Expectation", "ExpectationError", "Names", "parse_expectation", "parse_measure"]

# A sentence is something one says aloud; longer or deeper ones would only be a way to exhaust the reader.
LONGEST_SENTENCE = 500
DEEPEST_GROUP = 10

_BREAKS = re.compile(r"\s*breaks\b\s*")
_IN, _NO = re.compile(r"in\b"), re.compile(r"no\b")
_NOTHING = Quantity(text="0", value=0.0, dimension=0, bare=True)


def parse_expectation(text: str, names: Names) -> Expectation:
    """The meaning of ``text``, given what the playbook knows by name; ExpectationError says what is wrong, and where."""
    if len(text) > LONGEST_SENTENCE:
        raise ExpectationError(f"an expectation has at most {LONGEST_SENTENCE} characters, this one {len(text)}", width=len(text))
    about = read_about(text, names)
    claim = text[about.ends :].strip()
    law = _law(text, about)
    if law is not None:
        name, breaks = law
        return Expectation(text=text, claim=claim, invariant=name, breaks=breaks, variants=about.variants)
    comparison = _Parser(Scanner(text, about.ends), names, about).sentence()
    whose = f"{about.subject.text}: " if about.subject is not None else ""
    return Expectation(text=text, claim=f"{whose}{claim}", comparison=comparison, variants=about.variants)


def parse_measure(text: str, names: Names) -> Measured:
    """The measure that ``text`` names, like ``p99 of order -> inventory during lag``; ExpectationError for what is none."""
    if len(text) > LONGEST_SENTENCE:
        raise ExpectationError(f"a measure has at most {LONGEST_SENTENCE} characters, this one {len(text)}", width=len(text))
    return _Parser(Scanner(text, 0), names, About()).measure()


def _law(text: str, about: About) -> tuple[str, bool] | None:
    """The law that the sentence names, and whether it is said to be broken; None when it compares measures."""
    breaks = _BREAKS.match(text, about.ends)
    starts = breaks.end() if breaks else about.ends
    law = " ".join(text[starts:].split()).lower()
    offset = starts + len(text[starts:]) - len(text[starts:].lstrip())
    if law in INVARIANTS:
        if about.subject is not None:
            message = f"'{law}' is a law of the whole shop, not of '{about.subject.text}'"
            raise ExpectationError(message, offset=0, width=about.ends, hint=f"write 'all: {law}'")
        return law, breaks is not None
    words = law.split()
    if breaks or (words[:1] == ["no"] and not (len(words) > 1 and words[1].partition("(")[0] in MEASURES)):
        raise unknown("invariant", law, INVARIANTS, offset, len(text.rstrip()) - offset)
    return None


class _Parser:
    """Recursive descent over one sentence, a method for each rule of the grammar."""

    def __init__(self, scanner: Scanner, names: Names, about: About) -> None:
        self._scanner = scanner
        self._names = names
        self._about = about
        self._depth = 0
        self._bound_at = 0

    def sentence(self) -> Comparison:
        scanner = self._scanner
        comparison = self._nothing_of() if scanner.take(_NO) else self._claim()
        window = read_window(scanner, self._names.faults)
        if not scanner.at_end:
            raise scanner.fail("the sentence should end before {here}")
        if window is not None:
            comparison = within(comparison, *window)
        self._check(comparison)
        return comparison

    def measure(self) -> Measured:
        scanner = self._scanner
        name = scanner.take(NAME)
        if name is None:
            raise scanner.fail("expected a measure and found {here}", hint=LIKE)
        read = self._measured(name[0], name.start())
        window = read_window(scanner, self._names.faults)
        if not scanner.at_end:
            raise scanner.fail("the measure should end before {here}")
        return in_window(read, *window) if window is not None else read

    def _nothing_of(self) -> Comparison:
        """``no timeouts`` is how one says that there are 0 of them."""
        name = self._scanner.take(NAME)
        assert name is not None  # or the sentence would have been refused as an unknown law
        return Comparison(relation="==", left=self._measured(name[0], name.start()), right=_NOTHING)

    def _claim(self) -> Comparison:
        scanner = self._scanner
        left = self._sum()
        verb = scanner.take(VERB)
        if scanner.take(BETWEEN):
            self._bound_at = scanner.next_offset
            low = self._sum()
            if not scanner.take(AND):
                raise scanner.fail("expected 'and' and a second bound, and found {here}")
            return Comparison(relation="<=", left=low, right=left, then=("<=", self._sum()))
        if scanner.take(WITHIN):
            return self._around(left)
        said = scanner.take(RELATION)
        if said is None and not verb:
            raise scanner.fail("expected a comparison (<, <=, >, >=, == or !=) and found {here}")
        relation = relation_of(said[0]) if said else "=="
        self._bound_at = scanner.next_offset
        right = self._sum()
        return Comparison(relation=relation, left=left, right=right, then=self._then(relation, right))

    def _then(self, relation: Relation, middle: Term) -> tuple[Relation, Term] | None:
        """The second comparison of ``1 < x < 3``."""
        scanner = self._scanner
        before = scanner.offset
        said = scanner.take(RELATION)
        if said is None:
            return None
        if not is_range(relation, relation_of(said[0])) or not any(measured_in(middle)):
            scanner.offset = before
            return None
        return relation_of(said[0]), self._sum()

    def _around(self, left: Term) -> Comparison:
        """``within 10% of 200ms``: from 180 ms to 220 ms."""
        scanner = self._scanner
        margin = scanner.take(QUANTITY)
        if margin is None:
            raise scanner.fail("'within' needs a margin, like 'within 10% of 200ms', and found {here}")
        self._bound_at = margin.start()
        if not scanner.take(OF):
            raise scanner.fail("expected 'of' and found {here}", hint="like 'within 10% of 200ms'")
        low, high = around(self._sum(), read_quantity(margin[0]), margin.start())
        return Comparison(relation="<=", left=low, right=left, then=("<=", high))

    def _check(self, comparison: Comparison) -> None:
        """What says nothing, or only nonsense: the mark is under all that stands behind the comparison."""
        terms, text = comparison.terms, self._scanner.text
        measured = [read for term in terms for read in measured_in(term)]
        if not measured:
            raise ExpectationError("nothing is measured here", width=len(text), hint=LIKE)
        if self._about.variants and all(read.variant for read in measured):
            raise ExpectationError(
                "every measure names its variant, and so does the start of the sentence",
                width=self._about.ends,
                hint="leave out one or the other",
            )
        place = self._bound_at, len(text.rstrip()) - self._bound_at
        for left, right in itertools.pairwise(terms):
            _check_not_itself(left, right, *place)
            check_dimensions(left, right, "compared with", *place)
            check_share(left, right, *place)

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
        while operator := self._multiplied(left):
            left = Combined(operator=operator, left=left, right=self._factor())
        return left

    def _multiplied(self, left: Term) -> Operator | None:
        if self._scanner.take("/"):
            return "/"
        if self._scanner.take(MULTIPLY):
            return "*"
        # `2x p99(naive)`: the sign is in the number.
        is_times = isinstance(left, Quantity) and left.text.endswith("x")
        return "*" if is_times and self._scanner.sees(FACTOR) else None

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
        scope, variant = self._scope(measure)
        text = self._scanner.text[offset : self._scanner.offset].rstrip()
        scope, text = self._of_subject(measure, scope, text, offset)
        if measure.needs == "what" and not scope.what:
            hint = f"like '{name}(stock reserved)'"
            raise ExpectationError(f"'{name}' needs the name of a fact", offset=offset, width=len(name), hint=hint)
        read = Measured(text=text, measure=measure, scope=scope, variant=variant)
        # A window right before the end is the sentence's; sentence() gives it to every measure, this one too.
        before = self._scanner.offset
        window = read_window(self._scanner, self._names.faults)
        if window is None:
            return read
        if self._scanner.at_end:
            self._scanner.offset = before
            return read
        return in_window(read, *window)

    def _scope(self, measure: Measure) -> tuple[Scope, str]:
        """From ``(a, b)``, ``of a`` and ``in variant``, in this order."""
        scanner = self._scanner
        parts: list[tuple[str, int]] = []
        if arguments := scanner.take_adjacent(ARGUMENTS):
            offset = arguments.start(1)
            for part in arguments[1].split(","):
                parts.append((part, offset))
                offset += len(part) + 1
        elif scanner.text.startswith("(", scanner.offset):
            raise scanner.fail(f"the parenthesis of '{measure.name}' is not closed")
        if scanner.take(OF):
            parts.append(self._argument("of"))
        if scanner.take(_IN):
            parts.append(self._argument("in"))
        return Arguments(measure, self._names, bool(self._about.variants)).read(parts) if parts else (Scope(), "")

    def _argument(self, word: str) -> tuple[str, int]:
        """What ``of`` is followed by: a link, a fact in as many words as it has, or a name."""
        scanner = self._scanner
        facts = "|".join(map(re.escape, sorted((one for one in self._names.facts if " " in one), key=len, reverse=True)))
        found = (scanner.take(re.compile(rf"(?:{facts})\b")) if facts else None) or scanner.take(LINK_OR_NAME)
        if found is None:
            raise scanner.fail(f"expected a name behind '{word}' and found {{here}}")
        return found[0], found.start()

    def _of_subject(self, measure: Measure, scope: Scope, text: str, offset: int) -> tuple[Scope, str]:
        subject = self._about.subject
        if subject is None or scope.load or scope.link or scope.node:
            return scope, text
        if subject.role not in measure.takes:
            message = f"'{measure.name}' is not measured of a {subject.role}, like '{subject.text}'"
            raise ExpectationError(message, offset=offset, width=len(text))
        scope = dataclasses.replace(scope, **{subject.role: subject.value})  # type: ignore[arg-type]
        return scope, f"{text} of {subject.text}"


def _check_not_itself(left: Term, right: Term, offset: int, width: int) -> None:
    """A window at the end holds for both sides, so ``p50 < 2 * p50 before lag`` would hold of anything."""
    read_left = {(read.measure.name, read.scope, read.variant) for read in measured_in(left)}
    for read in measured_in(right):
        if (read.measure.name, read.scope, read.variant) in read_left:
            hint = "a window at the end holds for both sides: give each side its own" if read.scope.window else ""
            raise ExpectationError(f"'{read.text}' is compared with itself", offset=offset, width=width, hint=hint)
