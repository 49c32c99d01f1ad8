"""Layers: services by the hundred, each layer calling the next, out of a few lines.

A service of layer 2 is called ``s2-7``; each calls ``fanout`` of the next layer, spread evenly, so that every one of them is
called if there are calls enough. The entry asks the one service of the first layer that the path begins with: ``/s1-3/``.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Annotated, Any

from pydantic import AfterValidator, Field

from chaoscli.errors import Place
from chaoscli.playbook.model import Name, Part, optional, part, within
from chaoscli.playbook.nodes import Entry, MappingNode, Node, Problems, ScalarNode, mapping_or_empty
from chaoscli.playbook.wording import read_part

SECTION = "layers"
ENTRY = "gateway"
# Larger than any company's map of its services that was ever shown, and still a recording that fits in memory.
MOST_SERVICES = 5_000
MOST_FANOUT = 50
# Each request goes to all of them; a second of a core for every ten thousand calls is what a simulation takes.
MOST_CALLS = 2_000

_Size = Annotated[int, AfterValidator(within(1, MOST_SERVICES))]
LAYERS: type[Part] = part(
    "Layers",
    {
        "sizes": (list[_Size], Field(description="how many services each layer has, the first one first")),
        "fanout": (
            Annotated[int, AfterValidator(within(1, MOST_FANOUT))],
            optional("how many of the next layer each service calls", usual=3),
        ),
        "entry": (Name, optional("the service that requests reach first", usual=ENTRY)),
        "service": (Any, optional("what every service of a layer is set to, as under `services`; its kind is hop")),
        "calls": (Any, optional("how each of them calls those of the next layer: a policy")),
        "entry_calls": (Any, optional("how the entry calls the first layer; as all others without")),
    },
    "Services by the hundred: each layer calls the next. `s2-7` is one of layer 2.",
)


def with_layers(tree: MappingNode, problems: Problems) -> MappingNode:
    """The tree with the services of its layers behind those that are written; as it is, if it has none."""
    entry = tree.entries.get(SECTION)
    if entry is None:
        return tree
    written = mapping_or_empty(entry.value, entry.key, f"'{SECTION}'", problems)
    model = read_part(LAYERS, written, entry.key, f"'{SECTION}'", problems)
    if model is None:
        return tree
    given = model.given()
    if not given["sizes"]:
        problems.add(entry.key, "'sizes' is empty", "name how many services each layer has, like [20, 60, 180]")
        return tree
    if sum(given["sizes"]) > MOST_SERVICES:
        problems.add(entry.key, f"{sum(given['sizes'])} services are too many; at most {MOST_SERVICES}")
        return tree
    calls = calls_of(given["sizes"], given.get("fanout", 3))
    if calls > MOST_CALLS:
        problems.add(entry.key, f"a request would be {calls} calls; at most {MOST_CALLS}", "fewer layers, or a smaller fanout")
        return tree
    services = tree.get("services")
    own = services if isinstance(services, MappingNode) else MappingNode(entry.key, {})
    made = dict(_services(written, given["sizes"], given.get("fanout", 3), given.get("entry", ENTRY), entry.key))
    together = MappingNode(own.place, {**made, **own.entries})
    return tree.with_entry("services", Entry(entry.key, together))


def _services(
    written: MappingNode, sizes: Sequence[int], fanout: int, entry_name: str, place: Place
) -> Iterator[tuple[str, Entry]]:
    """From the last layer to the entry. They share the nodes of what they have in common."""
    common = mapping_or_empty(written.get("service") or MappingNode(place, {}), place, "'service'", Problems())
    common = _as_hop(common, place)
    policy = written.get("calls") or MappingNode(place, {})
    for layer in reversed(range(len(sizes))):
        below = sizes[layer + 1] if layer + 1 < len(sizes) else 0
        for number in range(sizes[layer]):
            callees = callees_of(number, fanout, below)
            node = common
            if callees:
                calls = {name_of(layer + 1, one): Entry(place, policy) for one in callees}
                node = common.with_entry("calls", Entry(place, MappingNode(place, calls)))
            yield name_of(layer, number), Entry(place, node)
    first = [name_of(0, number) for number in range(sizes[0])]
    entry_policy = written.get("entry_calls") or policy
    calls = {name: Entry(place, entry_policy) for name in first}
    paths = {name: Entry(place, ScalarNode(place, f"/{name}/", plain=False)) for name in first}
    node = common.with_entry("calls", Entry(place, MappingNode(place, calls)))
    yield entry_name, Entry(place, node.with_entry("paths", Entry(place, MappingNode(place, paths))))


def _as_hop(common: MappingNode, place: Place) -> MappingNode:
    if "kind" not in common.entries:
        common = common.with_entry("kind", Entry(place, _text(place, "hop")))
    if "parallel" not in common.entries:
        common = common.with_entry("parallel", Entry(place, _text(place, "true")))
    return common


def _text(place: Place, text: str) -> Node:
    return ScalarNode(place, text)


def name_of(layer: int, number: int) -> str:
    """Layers count from 1 in names, their members from 0, as ``${n % 20}`` does."""
    return f"s{layer + 1}-{number}"


def callees_of(number: int, fanout: int, below: int) -> tuple[int, ...]:
    """Whom the ``number``-th of a layer calls in the next one, which has ``below``: the next ``fanout``, round and round."""
    return tuple(dict.fromkeys((number * fanout + one) % below for one in range(fanout))) if below else ()


def calls_of(sizes: Sequence[int], fanout: int) -> int:
    """How many calls behind the entry one request is."""
    calls, at_once = 0, 1
    for place, _ in enumerate(sizes):
        if place:
            at_once *= min(fanout, sizes[place])
        calls += at_once
    return calls
