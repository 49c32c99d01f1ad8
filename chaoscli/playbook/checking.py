"""A playbook checked: read whole, and doubted."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from chaoscli.errors import Problem
from chaoscli.playbook.doubts.base import Staged
from chaoscli.playbook.doubts.catalogue import DOUBTS, doubts_about
from chaoscli.playbook.load import load_whole
from chaoscli.playbook.meaning import Playbook
from chaoscli.playbook.nodes import ScalarNode, SequenceNode, nearest, problem
from chaoscli.playbook.read import Read


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """A playbook that is right, and what may be wrong with it all the same."""

    playbook: Playbook
    warnings: tuple[Problem, ...]


def check_playbook(where: str | Path, *, overrides: Sequence[str] = ()) -> Checked:
    """Raises PlaybookError for what is written wrong, UsageError for a name that is none."""
    return checked(load_whole(where, overrides=overrides))


def checked(read: Read) -> Checked:
    playbook = read.playbook
    stages = [Staged(playbook=playbook, variant=one, tree=tree) for one, tree in zip(playbook.variants, read.trees, strict=True)]
    return Checked(playbook=playbook, warnings=(*_unknown(read), *doubts_about(stages, playbook.deliberate)))


def _unknown(read: Read) -> Iterator[Problem]:
    written = read.trees[0].get("deliberate")
    for item in written.items if isinstance(written, SequenceNode) else ():
        if isinstance(item, ScalarNode) and item.text not in DOUBTS:
            yield problem(item.place, f"there is no warning called '{item.text}'", nearest(item.text, DOUBTS))
