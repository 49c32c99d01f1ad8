"""Windows of an expectation: the part of the play that a measure is taken over."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Sequence
from typing import cast

from chaoscli.checks.hints import listed_names, unknown
from chaoscli.checks.quantities import read_quantity
from chaoscli.checks.relations import AND
from chaoscli.checks.scanner import NAME, QUANTITY, TO, WINDOW, Scanner
from chaoscli.checks.sentence import Combined, Comparison, ExpectationError, Group, Measured, Quantity, Term
from chaoscli.measures.base import When, Window

Placed = tuple[Window, int]

_WORDS = {"from": "by the clock", "between": "between faults"}


def read_window(scanner: Scanner, faults: Sequence[str]) -> Placed | None:
    """A window and where it stands; None, and nothing taken, where there is none."""
    before = scanner.offset
    word = scanner.take(WINDOW)
    if word is None:
        return None
    if word[0] == "between":
        window = _between(scanner, faults)
    elif word[0] == "from":
        starts = _instant(scanner, "from")
        if not scanner.take(TO):
            raise scanner.fail("expected 'to' and found {here}", hint="like 'from 2s to 5s'")
        window = _clocked(starts, _instant(scanner, "to"), word.start(), scanner.offset)
    elif word[0] != "during" and scanner.sees(QUANTITY):
        instant = _instant(scanner, word[0])
        window = Window("from", seconds=(instant, math.inf) if word[0] == "after" else (-math.inf, instant))
    else:
        window = Window(cast("When", word[0]), _fault(scanner, word[0], faults))
    if window is None:
        scanner.offset = before
        return None
    return window, word.start()


def _between(scanner: Scanner, faults: Sequence[str]) -> Window | None:
    """None where what follows is no fault: then a bound is meant, as in `between 1s and 2s`."""
    if scanner.sees(QUANTITY) or not (scanner.sees(NAME)):
        return None
    before = scanner.offset
    name = scanner.take(NAME)
    assert name is not None
    if name[0] not in faults:
        scanner.offset = before
        return None
    if not scanner.take(AND):
        raise scanner.fail("expected 'and' and the fault it ends with, and found {here}")
    return Window("between", name[0], _fault(scanner, "and", faults))


def _fault(scanner: Scanner, word: str, faults: Sequence[str]) -> str:
    name = scanner.take(NAME)
    if name is None:
        raise scanner.fail(f"'{word}' needs the name of a fault, and found {{here}}", hint=listed_names("faults", faults))
    if name[0] not in faults:
        raise unknown("fault", name[0], faults, name.start(), len(name[0]))
    return name[0]


def _instant(scanner: Scanner, word: str) -> float:
    written = scanner.take(QUANTITY)
    if written is None:
        raise scanner.fail(f"'{word}' needs a time, like '2s', and found {{here}}")
    quantity = read_quantity(written[0])
    if quantity.dimension != 1 and not (quantity.bare and quantity.value == 0):
        hint = f"write '{quantity.text}s'" if quantity.bare else "like '2s'"
        message = f"'{quantity.text}' is no time of the play"
        raise ExpectationError(message, offset=written.start(), width=len(written[0]), hint=hint)
    return quantity.value


def _clocked(starts_s: float, ends_s: float, offset: int, ends: int) -> Window:
    if ends_s <= starts_s:
        raise ExpectationError("this window ends before it begins", offset=offset, width=ends - offset)
    return Window("from", seconds=(starts_s, ends_s))


def within(comparison: Comparison, window: Window, offset: int, only: Callable[[Measured], bool] | None = None) -> Comparison:
    """With the window given to every measure that has none; ``only`` to some."""

    def given(term: Term) -> Term:
        match term:
            case Measured():
                left_out = term.scope.window or (only is not None and not only(term))
                return term if left_out else in_window(term, window, offset)
            case Combined():
                return dataclasses.replace(term, left=given(term.left), right=given(term.right))
            case Group():
                return Group(inner=given(term.inner))
            case Quantity():
                return term

    then = comparison.then
    return dataclasses.replace(
        comparison,
        left=given(comparison.left),
        right=given(comparison.right),
        then=None if then is None else (then[0], given(then[1])),
    )


def in_window(read: Measured, window: Window, offset: int) -> Measured:
    allowed = read.measure.windows
    if not allowed:
        message = f"'{read.measure.name}' is counted over the whole play"
        hint = f"say '{read.measure.name}' without '{window}'"
        raise ExpectationError(message, offset=offset, width=len(str(window)), hint=hint)
    if window.when not in allowed:
        name, only = read.measure.name, " or ".join(sorted(allowed))
        message = f"'{name}' is not measured {_WORDS.get(window.when, f'{window.when} a fault')}"
        raise ExpectationError(
            message, offset=offset, width=len(str(window)), hint=f"say '{name} {only} {window.fault or 'FAULT'}'"
        )
    return dataclasses.replace(read, text=f"{read.text} {window}", scope=dataclasses.replace(read.scope, window=window))
