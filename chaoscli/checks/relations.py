"""How two sides of an expectation may be compared: by sign, or in the words one would say."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import get_args

from chaoscli.checks.sentence import Relation

# The sign that each way of saying it stands for; those of several words first, since `is` begins some of them.
SAID: Mapping[str, Relation] = {
    "at least": ">=",
    "at most": "<=",
    "more than": ">",
    "less than": "<",
    "above": ">",
    "over": ">",
    "below": "<",
    "under": "<",
    "exactly": "==",
    "not": "!=",
    "≥": ">=",
    "≤": "<=",
    "≠": "!=",
}
VERB = re.compile(r"(?:is|are|was|were|stays|stayed)\b")
_WORDS = "|".join(word.replace(" ", r"\s+") + (r"\b" if word.isascii() else "") for word in SAID)
_SIGNS = "|".join(sorted(get_args(Relation), key=len, reverse=True))
RELATION = re.compile(f"(?:{_SIGNS}|{_WORDS})")
BETWEEN, WITHIN, AND, OF = (re.compile(rf"{word}\b") for word in ("between", "within", "and", "of"))

# Two comparisons in one sentence say a range, so both have to look the same way: 1 < x <= 3.
_WAYS = ({"<", "<="}, {">", ">="})


def relation_of(said: str) -> Relation:
    return SAID.get(" ".join(said.split()), said)  # type: ignore[arg-type]


def is_range(first: Relation, second: Relation) -> bool:
    return any(first in way and second in way for way in _WAYS)
