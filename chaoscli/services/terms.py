"""Terms: who may be the primary of a store, and what counts as written. Pure.

A term is a number that only grows; whoever has seen one follows nobody of an older one, and so it serves as a fencing token.
The rules are those of Ongaro and Ousterhout, "In Search of an Understandable Consensus Algorithm", USENIX ATC 2014 (Raft).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """What one replica has promised and holds: its term, whom it voted for in it, its last entry and that entry's term."""

    term: int
    voted_for: str
    last: int
    last_term: int


def majority(members: int) -> int:
    """The fewest of which two groups must have one in common."""
    return members // 2 + 1


def grants(own: Standing, *, candidate: str, term: int, last: int, last_term: int) -> bool:
    """Whether to vote for the candidate: once in a term, and for nobody who lacks what may be acknowledged (section 5.4.1)."""
    if term < own.term or (term == own.term and own.voted_for not in ("", candidate)):
        return False
    return (last_term, last) >= (own.last_term, own.last)


def held_by_majority(own: int, others: Sequence[int]) -> int:
    """The last entry that a majority holds; ``others`` are the last ones the other members are known to hold."""
    held = sorted((own, *others), reverse=True)
    return held[majority(len(held)) - 1]
