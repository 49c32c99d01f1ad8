"""An expectation taken apart: what it compares, of which variants; and the names it may speak of."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Literal

from chaoscli.errors import ChaosError
from chaoscli.measures.base import Measure, Scope
from chaoscli.measures.facts import FACTS
from chaoscli.topology import Link

# Seconds to this power: durations 1, rates -1, everything else 0. What has different dimensions is not compared or added.
Dimension = int
Operator = Literal["+", "-", "*", "/"]
Relation = Literal["<", "<=", ">", ">=", "==", "!="]


class ExpectationError(ChaosError):
    """A sentence that says nothing we know. ``offset`` counts characters from its start; ``width`` is how many are meant."""

    def __init__(self, message: str, *, offset: int = 0, width: int = 1, hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.offset = offset
        self.width = max(1, width)


@dataclass(frozen=True, slots=True, kw_only=True)
class Names:
    """What a playbook knows by name. ``options`` of its matrix lead to the variants that have them. ``facts`` are the facts its
    services may tell; empty leaves them unchecked, for services of someone else's that tell their own."""

    variants: tuple[str, ...] = ()
    options: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    links: tuple[Link, ...] = ()
    nodes: tuple[str, ...] = ()
    loads: tuple[str, ...] = ()
    faults: tuple[str, ...] = ()
    facts: tuple[str, ...] = tuple(FACTS)


@dataclass(frozen=True, slots=True, kw_only=True)
class Quantity:
    """A number as written, in seconds, per second, or plain."""

    text: str
    value: float
    dimension: Dimension
    bare: bool = False  # without a unit


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """A measure in its scope; without ``variant`` it is that of the variant being judged."""

    text: str
    measure: Measure
    scope: Scope
    variant: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Combined:
    """Two terms and what is done to them."""

    operator: Operator
    left: Term
    right: Term


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """A term in parentheses, kept so that it is shown as it was written."""

    inner: Term


Term = Quantity | Measured | Combined | Group


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """``left relation right``, and with ``then`` also ``right then[0] then[1]``: both must hold, as in 1 < x < 3."""

    relation: Relation
    left: Term
    right: Term
    then: tuple[Relation, Term] | None = None

    @property
    def terms(self) -> tuple[Term, ...]:
        return (self.left, self.right) if self.then is None else (self.left, self.right, self.then[1])

    @property
    def relations(self) -> tuple[Relation, ...]:
        return (self.relation,) if self.then is None else (self.relation, self.then[0])


@dataclass(frozen=True, slots=True, kw_only=True)
class Expectation:
    """One sentence: a comparison of measures or the name of an invariant, which ``breaks`` says is broken. Without ``variants``
    it holds of every variant, or of those its measures name. ``text`` is as written, ``claim`` without the variants before the
    colon."""

    text: str
    claim: str
    comparison: Comparison | None = None
    invariant: str = ""
    breaks: bool = False
    variants: tuple[str, ...] = ()

    @property
    def spelt_out(self) -> str:
        """The sentence with every variant by its own name, for whoever knows of no matrix and its options."""
        if not self.variants:
            return self.claim
        return ", ".join(self.variants) + (", " if ": " in self.claim else ": ") + self.claim

    @property
    def measured(self) -> tuple[Measured, ...]:
        """Every measure it speaks of, from left to right."""
        if self.comparison is None:
            return ()
        return tuple(measured for term in self.comparison.terms for measured in measured_in(term))


def measured_in(term: Term) -> Iterator[Measured]:
    match term:
        case Measured():
            yield term
        case Combined(left=left, right=right):
            yield from measured_in(left)
            yield from measured_in(right)
        case Group(inner=inner):
            yield from measured_in(inner)
        case Quantity():
            pass
