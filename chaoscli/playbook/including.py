"""Inclusion: another playbook's services, and its load where this one has none, with their places in their own file.

What is included is a file of this machine or a shipped playbook, never an address: a playbook is as safe to check as to read.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from chaoscli.errors import PlaybookError, UsageError
from chaoscli.playbook.nodes import Entry, MappingNode, Problems, ScalarNode, SequenceNode, kind_of, mapping_or_empty
from chaoscli.playbook.source import read_source

SECTION = "include"
# A shop and what it stands on; a deeper pile is a ring that was drawn badly.
DEEPEST = 8
MOST_AT_ONCE = 8


@dataclass(frozen=True, slots=True)
class Fetched:
    """A playbook's bytes; ``file`` is how problems call it, ``identity`` the same for the same file however it was named."""

    data: bytes
    file: str
    identity: str


# What was written after `include`, and the file it was written in; UsageError when there is none.
Fetch = Callable[[str, str], Fetched]


def with_included(root: MappingNode, identity: str, fetch: Fetch, problems: Problems) -> MappingNode:
    """The tree with the services of what it includes before its own, which win over those of the same name; parameters too."""
    return _Including(fetch, problems).into(root, (identity,))


@dataclass
class _Including:
    fetch: Fetch
    problems: Problems

    def into(self, root: MappingNode, above: tuple[str, ...]) -> MappingNode:
        for wanted in self._wanted(root):
            below = self._read(wanted, above)
            if below is not None:
                root = self._joined(root, below)
        return root

    def _wanted(self, root: MappingNode) -> tuple[ScalarNode, ...]:
        node = root.get(SECTION)
        if node is None or (isinstance(node, ScalarNode) and node.is_nothing):
            return ()
        items = node.items if isinstance(node, SequenceNode) else (node,)
        for item in items:
            if not isinstance(item, ScalarNode) or item.is_nothing:
                message = f"'{SECTION}' names a playbook or a list of them, not {kind_of(item)}"
                self.problems.add(item.place, message, "like `include: retries` or `include: shop.yaml`")
        if len(items) > MOST_AT_ONCE:
            self.problems.add(node.place, f"{len(items)} playbooks to include are too many; at most {MOST_AT_ONCE}")
        return tuple(item for item in items[:MOST_AT_ONCE] if isinstance(item, ScalarNode) and not item.is_nothing)

    def _read(self, wanted: ScalarNode, above: tuple[str, ...]) -> MappingNode | None:
        if "://" in wanted.text:
            self.problems.add(wanted.place, f"'{wanted.text}' is an address; what is included is a file of this machine")
            return None
        try:
            fetched = self.fetch(wanted.text, wanted.place.file)
        except UsageError as error:
            self.problems.add(wanted.place, error.message, error.hint)
            return None
        if fetched.identity in above:
            self.problems.add(wanted.place, f"'{wanted.text}' includes itself" + _through(above, fetched.identity))
            return None
        if len(above) > DEEPEST:
            self.problems.add(wanted.place, f"inclusions go more than {DEEPEST} playbooks deep")
            return None
        try:
            tree = read_source(fetched.data, fetched.file)
        except PlaybookError as error:
            for one in error.problems:
                self.problems.add(one.place, one.message, one.hint)
            return None
        return self.into(tree, (*above, fetched.identity))

    def _joined(self, root: MappingNode, below: MappingNode) -> MappingNode:
        for section in ("services", "parameters"):
            if section in below.entries:
                root = root.with_entry(section, self._merged(root, below, section))
        if "load" in below.entries and "load" not in root.entries:
            root = root.with_entry("load", below.entries["load"])
        return root

    def _merged(self, root: MappingNode, below: MappingNode, section: str) -> Entry:
        theirs = below.entries[section]
        own = root.entries.get(section)
        if own is None:
            return theirs
        inherited, written = (mapping_or_empty(one.value, one.key, f"'{section}'", self.problems) for one in (theirs, own))
        return Entry(own.key, MappingNode(own.value.place, {**inherited.entries, **written.entries}))


def _through(above: tuple[str, ...], identity: str) -> str:
    between = above[above.index(identity) + 1 :]
    return f", through {' and '.join(one.rpartition('/')[2] for one in between)}" if between else ""
