"""A matrix: every combination of several dimensions is a variant of its own, a cell.

A dimension is a mapping of named options, each with its changes as a variant has them; or, named by a path, a list of the values
to put there.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from math import prod

from chaoscli.errors import Place
from chaoscli.playbook.nodes import Entry, MappingNode, Node, Problems, ScalarNode, SequenceNode, kind_of, mapping_or_empty
from chaoscli.playbook.overrides import summary_of

SECTION = "matrix"
# Each cell is a set of processes of its own, all at once: the largest square with a row for each column, and one more.
MAX_CELLS = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class Dimension:
    """``options`` in the order they were written."""

    name: str
    options: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Matrix:
    """``cells`` lead from an option of each dimension to the variant they make."""

    dimensions: tuple[Dimension, ...]
    cells: Mapping[tuple[str, ...], str]

    def cells_of(self, option: str) -> tuple[str, ...]:
        return tuple(variant for options, variant in self.cells.items() if option in options)

    @property
    def options(self) -> tuple[str, ...]:
        return tuple(option for dimension in self.dimensions for option in dimension.options)


Option = tuple[str, Place, MappingNode]


@dataclass(frozen=True, slots=True)
class Cells:
    """The cells as variants are written: name -> place and changes."""

    matrix: Matrix
    written: dict[str, tuple[Place, MappingNode]]


def read_matrix(root: MappingNode, problems: Problems) -> Cells | None:
    """None without a matrix, or where it makes no cells; the problems say why."""
    entry = root.entries.get(SECTION)
    if entry is None or (isinstance(entry.value, ScalarNode) and entry.value.is_nothing):
        return None
    variants = root.entries.get("variants")
    if variants is not None:
        message = f"a playbook has variants or a matrix; the variants are on line {variants.key.line}"
        problems.add(entry.key, message, "make the variants a dimension of the matrix")
        return None
    section = mapping_or_empty(entry.value, entry.key, f"'{SECTION}'", problems)
    dimensions = {name: list(_options(name, key, value, problems)) for name, key, value in section.items()}
    count = prod(map(len, dimensions.values())) if dimensions else 0
    if not count:
        problems.add(entry.key, "a matrix has a dimension at least, and each of them an option", "like `retry: { none: {...} }`")
        return None
    if count > MAX_CELLS:
        problems.add(entry.key, f"{count} cells are too many; at most {MAX_CELLS} play side by side")
        return None
    if _clash(dimensions, problems):
        return None
    return _cells(dimensions)


def _options(name: str, key: Place, value: Node, problems: Problems) -> Iterator[Option]:
    if isinstance(value, SequenceNode):
        for item in value.items:
            yield _named(name, item), item.place, MappingNode(item.place, {name: Entry(key, item)})
        return
    for option, place, changes in mapping_or_empty(value, key, f"dimension '{name}'", problems).items():
        if "." in name and not isinstance(changes, MappingNode):
            problems.add(changes.place, f"option '{option}' is a mapping of changes, not {kind_of(changes)}", "or make it a list")
        yield option, place, mapping_or_empty(changes, place, f"option '{option}'", problems)


def _named(path: str, item: Node) -> str:
    """``timeout-100ms`` for 100ms at ``order.calls.inventory.timeout``."""
    said = re.sub(r"[^A-Za-z0-9]+", "_", summary_of(item)).strip("_")
    return f"{path.rpartition('.')[2]}-{said}"[:40]


def _clash(dimensions: Mapping[str, list[Option]], problems: Problems) -> bool:
    """Options go by their own names in expectations, whatever dimension they are of."""
    seen: dict[str, Place] = {}
    before = len(problems)
    for option, place, _ in itertools.chain.from_iterable(dimensions.values()):
        if option in seen:
            problems.add(place, f"there is already an option '{option}', on line {seen[option].line}", "give it another name")
        seen.setdefault(option, place)
    return len(problems) > before


def _cells(dimensions: Mapping[str, list[Option]]) -> Cells:
    cells: dict[tuple[str, ...], str] = {}
    written: dict[str, tuple[Place, MappingNode]] = {}
    for options in itertools.product(*dimensions.values()):
        names = tuple(name for name, _, _ in options)
        cell = "_".join(names)
        changes: dict[str, Entry] = {}
        for _, _, one in options:
            changes |= {path: entry for path, entry in one.entries.items() if path != "summary"}
        cells[names] = cell
        written[cell] = (options[0][1], MappingNode(options[0][2].place, changes))
    made = tuple(Dimension(name=name, options=tuple(option for option, _, _ in options)) for name, options in dimensions.items())
    return Cells(Matrix(dimensions=made, cells=cells), written)
