"""The way out of a name nobody knows: the nearest one, or all there are."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches

from chaoscli.checks.sentence import ExpectationError

# There are too many measures to list behind a caret; these show what kind of word is meant.
LIKE = "measures are success, p99, amplification, recovery and others, like 'success >= 99%'"


def unknown(kind: str, name: str, known: Iterable[str], offset: int, width: int, *, listed: str = "") -> ExpectationError:
    choices = list(known)
    near = get_close_matches(name, choices, n=1, cutoff=0.6)
    hint = f"did you mean '{near[0]}'?" if near else listed or listed_names(f"{kind}s", choices)
    return ExpectationError(f"unknown {kind} '{name}'", offset=offset, width=width, hint=hint)


def listed_names(kinds: str, known: Iterable[str]) -> str:
    names = list(known)
    return f"{kinds} here: {', '.join(names)}" if names else f"there are no {kinds} here"
