"""Quantities of an expectation and what may be done with them: seconds are not compared with shares, nor added to counts."""

from __future__ import annotations

from chaoscli.checks.sentence import Combined, Dimension, ExpectationError, Group, Measured, Quantity, Term
from chaoscli.units import DURATION, RATE, SHARE, parse_duration, parse_factor, parse_rate


def read_quantity(text: str) -> Quantity:
    if text[-1] == "%":
        return Quantity(text=text, value=parse_factor(text[:-1]) / 100.0, dimension=0)
    if "/" in text:
        return Quantity(text=text, value=parse_rate(text), dimension=-1)
    if text[-1] in "smh":
        return Quantity(text=text, value=parse_duration(text), dimension=1)
    return Quantity(text=text, value=parse_factor(text), dimension=0, bare=text[-1] != "x")


def around(middle: Term, margin: Quantity, offset: int) -> tuple[Term, Term]:
    """The bounds that lie ``margin`` below and above: a share of what is in the middle, or as much as it says."""
    inner = Group(inner=middle) if isinstance(middle, Combined) else middle
    if not margin.text.endswith("%"):
        return Combined(operator="-", left=inner, right=margin), Combined(operator="+", left=inner, right=margin)
    if margin.value >= 1.0:
        raise ExpectationError("a margin is less than 100%", offset=offset, width=len(margin.text))
    low, high = (_share(1 + sign * margin.value) for sign in (-1, 1))
    return Combined(operator="*", left=low, right=inner), Combined(operator="*", left=high, right=inner)


def _share(value: float) -> Quantity:
    return Quantity(text=SHARE.format(value), value=value, dimension=0)


def dimension(term: Term) -> Dimension:
    """The power of seconds that a term is in."""
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


def check_share(left: Term, right: Term, offset: int, width: int) -> None:
    """``success >= 99`` is a slip for 99%, and would always fail, or never."""
    for one, other in ((left, right), (right, left)):
        if isinstance(one, Measured) and one.measure.unit is SHARE and isinstance(other, Quantity) and other.value > 1.0:
            hint = f"write '{other.text}%'" if other.bare and other.value <= 100.0 else ""
            raise ExpectationError(f"'{one.measure.name}' is a share, at most 100%", offset=offset, width=width, hint=hint)


def check_dimensions(left: Term, right: Term, done: str, offset: int, width: int) -> None:
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
