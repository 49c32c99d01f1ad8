"""Expectations: from the tree to sentences understood, each problem at its word."""

from __future__ import annotations

from dataclasses import dataclass, replace

from chaoscli.checks.expectation import Expectation, ExpectationError, Names, parse_expectation
from chaoscli.errors import Place
from chaoscli.playbook.nodes import MappingNode, Node, Problems, ScalarNode, SequenceNode, kind_of

MAX_SENTENCES = 200  # each is evaluated over the whole recording


@dataclass(frozen=True, slots=True)
class _Sentence:
    """``naive: success > 90%`` as one text; ``pieces`` are where its parts begin in the text, and their places."""

    text: str
    pieces: tuple[tuple[int, Place], ...]

    def place(self, offset: int, width: int) -> Place:
        start, place = max(
            (piece for piece in self.pieces if piece[0] <= offset), key=lambda piece: piece[0], default=self.pieces[0]
        )
        written = place.text[place.column - 1 : place.column - 1 + place.width]
        if self.text[start : start + place.width] != written:  # quoted or folded: the whole of it is meant
            return place
        shift = min(offset - start, place.width - 1)
        return replace(place, column=place.column + shift, width=max(1, min(width, place.width - shift)))


def place_within(node: ScalarNode, offset: int, width: int) -> Place:
    """The place of a piece of the sentence that ``node`` is."""
    return _Sentence(node.text, ((0, node.place),)).place(offset, width)


def read_sentences(root: MappingNode, names: Names, problems: Problems) -> tuple[Expectation, ...]:
    node = root.get("expect")
    if node is None or (isinstance(node, ScalarNode) and node.is_nothing):
        return ()
    if not isinstance(node, SequenceNode):
        problems.add(
            root.entries["expect"].key, f"'expect' should be a list, not {kind_of(node)}", "start each sentence with '- '"
        )
        return ()
    if len(node.items) > MAX_SENTENCES:
        problems.add(node.place, f"{len(node.items)} expectations are too many; at most {MAX_SENTENCES}")
        return ()
    read: list[Expectation] = []
    for item in node.items:
        sentence = _sentence(item)
        if sentence is None:
            problems.add(item.place, f"an expectation is a sentence, not {kind_of(item)}", "like `- success >= 99%`")
            continue
        try:
            read.append(parse_expectation(sentence.text, names))
        except ExpectationError as error:
            problems.add(sentence.place(error.offset, error.width), error.message, error.hint)
    return tuple(read)


def _sentence(item: Node) -> _Sentence | None:
    """A text, or what YAML makes of ``naive: success > 90%``: a mapping of one key."""
    if isinstance(item, ScalarNode) and not item.is_nothing:
        return _Sentence(item.text, ((0, item.place),))
    if not isinstance(item, MappingNode) or len(item.entries) != 1:
        return None
    key, place, value = next(item.items())
    if not isinstance(value, ScalarNode) or value.is_nothing:
        return None
    return _Sentence(f"{key}: {value.text}", ((0, place), (len(key) + 2, value.place)))
