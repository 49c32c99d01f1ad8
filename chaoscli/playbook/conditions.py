"""Sentences that are asked while a play goes on: what a fault or a cue waits for, and what ends a play at once."""

from __future__ import annotations

from collections.abc import Iterable

from chaoscli.checks.condition import Condition, parse_condition
from chaoscli.checks.sentence import ExpectationError, Names
from chaoscli.playbook.cast import Cast
from chaoscli.playbook.nodes import MappingNode, Node, Problems, ScalarNode, SequenceNode, kind_of
from chaoscli.playbook.sentences import place_within

MAX_ABORTS = 20  # each is asked four times a second of the play


def names_on_stage(cast: Cast) -> Names:
    """What a sentence may speak of that is asked of one variant by itself."""
    nodes = cast.topology.services
    return Names(
        links=cast.links,
        nodes=tuple(dict.fromkeys(name for node in nodes for name in (node.name, node.group) if name)),
        loads=cast.loads,
    )


def read_condition(node: Node | None, names: Names, problems: Problems) -> Condition | None:
    """None when there is none, or one with a problem."""
    if not isinstance(node, ScalarNode) or node.is_nothing:
        return None  # what is no text is told with the other keys
    try:
        return parse_condition(node.text, names)
    except ExpectationError as error:
        problems.add(place_within(node, error.offset, error.width), error.message, error.hint)
        return None


def read_aborts(root: MappingNode, cast: Cast, problems: Problems) -> tuple[Condition, ...]:
    node = root.get("abort")
    if node is None or (isinstance(node, ScalarNode) and node.is_nothing):
        return ()
    if isinstance(node, MappingNode):
        hint = "like `abort: errors > 90% over 2s`"
        problems.add(root.entries["abort"].key, f"'abort' should be a sentence, or a list of them, not {kind_of(node)}", hint)
        return ()
    if isinstance(node, SequenceNode) and len(node.items) > MAX_ABORTS:
        problems.add(node.place, f"{len(node.items)} rules are too many; at most {MAX_ABORTS}")
        return ()
    return tuple(_conditions(node.items if isinstance(node, SequenceNode) else (node,), cast, problems))


def _conditions(items: Iterable[Node], cast: Cast, problems: Problems) -> Iterable[Condition]:
    for item in items:
        if not isinstance(item, ScalarNode):
            problems.add(item.place, f"a rule is a sentence, not {kind_of(item)}", "like `errors > 90% over 2s`")
            continue
        condition = read_condition(item, names_on_stage(cast), problems)
        if condition is not None:
            yield condition
