"""What stands before the colon of an expectation: the variants it holds of, and whom of the shop it speaks of."""

from __future__ import annotations

from dataclasses import dataclass

from chaoscli.checks.hints import listed_names, unknown
from chaoscli.checks.sentence import ExpectationError, Names
from chaoscli.measures.base import Taking
from chaoscli.topology import Link

ALL = "all"


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """A load, a link or a node, for every measure that names none of its own. ``role`` is what a measure takes it as."""

    text: str
    role: Taking
    value: str | Link


@dataclass(frozen=True, slots=True, kw_only=True)
class About:
    """``ends`` is where the sentence goes on; 0 without a colon."""

    variants: tuple[str, ...] = ()
    subject: Subject | None = None
    ends: int = 0


def read_about(text: str, names: Names) -> About:
    before, colon, _ = text.partition(":")
    if not colon:
        return About()
    variants: list[str] = []
    subjects: list[Subject] = []
    offset = 0
    for part in before.split(","):
        name = " ".join(part.split())
        place = offset + len(part) - len(part.lstrip())
        width = len(part.strip())
        if name in names.variants:
            variants.append(name)
        elif name in names.options:
            variants += names.options[name]
        elif name != ALL:
            subjects.append(_subject(name, names, place, width))
        if len(subjects) > 1:
            raise ExpectationError("a sentence speaks of one load, link or node", offset=place, width=width, hint="write two")
        offset += len(part) + 1
    return About(variants=tuple(dict.fromkeys(variants)), subject=next(iter(subjects), None), ends=len(before) + 1)


def _subject(name: str, names: Names, offset: int, width: int) -> Subject:
    if "->" in name:
        text = " -> ".join(part.strip() for part in name.split("->"))
        known = [str(link) for link in names.links]
        if text not in known:
            raise unknown("link", text, known, offset, width)
        return Subject(text=text, role="link", value=Link.parse(text))
    if name in names.loads:
        return Subject(text=name, role="load", value=name)
    if name in names.nodes:
        return Subject(text=name, role="node", value=name)
    listed = listed_names("variants", [*names.variants, ALL])
    raise unknown("variant", name, [*names.variants, ALL, *names.loads, *names.nodes], offset, width, listed=listed)
