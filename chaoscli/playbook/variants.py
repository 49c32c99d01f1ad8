"""The variants of a playbook: their names, and the tree each of them plays once its changes are made."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from chaoscli.errors import Place
from chaoscli.playbook.cast import check_name
from chaoscli.playbook.matrix import Matrix, read_matrix
from chaoscli.playbook.nodes import MappingNode, Problems, ScalarNode, kind_of, mapping_or_empty, nearest
from chaoscli.playbook.overrides import Override, apply, summary_of

DEFAULT = "default"  # the one variant of a playbook that names none

# Each is a set of processes of its own, all at once on one machine, and a lane on one screen.
MAX_VARIANTS = 8


@dataclass(frozen=True, slots=True)
class Script:
    """One variant's own tree, before it is read."""

    name: str
    summary: str
    changes: tuple[str, ...]
    tree: MappingNode


def scripts(root: MappingNode, overrides: Sequence[Override], problems: Problems) -> tuple[tuple[Script, ...], Matrix | None]:
    """One tree for each variant, with its own changes made and then the overrides from outside, which thereby win; and the matrix
    that they are the cells of, if they are."""
    cells = read_matrix(root, problems)
    named = cells.written if cells is not None else _named(root, problems)
    for one in overrides:
        if one.variant and one.variant not in named:
            problems.add(one.place, f"there is no variant '{one.variant}'", nearest(one.variant, named))
    for name, (place, _) in named.items() if cells is not None else ():
        check_name(name, place, problems)
    made = tuple(_script(name, place, written, root, overrides, problems) for name, (place, written) in named.items())
    return made, cells.matrix if cells is not None else None


def _named(root: MappingNode, problems: Problems) -> dict[str, tuple[Place, MappingNode]]:
    entry = root.entries.get("variants")
    empty = MappingNode(root.place, {})
    if entry is None:
        return {DEFAULT: (root.place, empty)}
    section = mapping_or_empty(entry.value, entry.key, "'variants'", problems)
    if len(section.entries) > MAX_VARIANTS:
        problems.add(entry.key, f"{len(section.entries)} variants are too many; at most {MAX_VARIANTS} play side by side")
        return {DEFAULT: (root.place, empty)}
    for name, key, _ in section.items():
        check_name(name, key, problems)
    found = {name: (key, mapping_or_empty(value, key, f"variant '{name}'", problems)) for name, key, value in section.items()}
    return found or {DEFAULT: (root.place, empty)}


def _script(
    name: str, place: Place, written: MappingNode, root: MappingNode, overrides: Sequence[Override], problems: Problems
) -> Script:
    summary = ""
    changes: list[Override] = []
    for path, key, value in written.items():
        if path != "summary":
            changes.append(Override(path, key, value))
        elif isinstance(value, ScalarNode):
            summary = " ".join(value.text.split())
        else:
            problems.add(key, f"'summary' should be text, not {kind_of(value)}")
    tree = apply(root, changes, problems, varied_only=True)
    for one in overrides:
        if one.variant in ("", name):
            tree = apply(tree, [one], problems, varied_only=bool(one.variant))
    return Script(name, summary, tuple(f"{one.path}: {summary_of(one.value)}" for one in changes), tree)
