"""One service, from the tree to a node: one of ours, or a program of the user's own."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import AfterValidator, WithJsonSchema

from chaoscli.errors import Place
from chaoscli.playbook.foreign import check_blanks, check_ports, foreign_kind, foreign_part, placed, with_texts
from chaoscli.playbook.model import Part, optional, part, settings_fields, settings_part, within
from chaoscli.playbook.naming import names_in
from chaoscli.playbook.nodes import (
    MappingNode,
    Node,
    Problems,
    ScalarNode,
    SequenceNode,
    kind_of,
    mapping_or_empty,
    nearest,
)
from chaoscli.playbook.replicas import check_called_by_name, topology_fields, with_properties
from chaoscli.playbook.scene import Scene, read_settings
from chaoscli.resilience.policy import Policy
from chaoscli.services.catalogue import KINDS
from chaoscli.services.foreign import ADDRESS, COMMAND, FOREIGN
from chaoscli.settings import to_plain
from chaoscli.topology import NodeSpec


@functools.cache
def service_part(kind: str) -> type[Part]:
    """What may be written for a service of this kind, ``calls`` aside."""
    row = KINDS[kind]
    more = {
        "kind": (
            Annotated[str, WithJsonSchema({"const": kind})],
            optional("which service it is; needed where its name is not the name of one"),
        ),
        "port": (
            Annotated[int, AfterValidator(within(1, 65535))],
            optional("the port it listens on under `chaos up`; any free one without"),
        ),
        **topology_fields(),
    }
    return part(f"{row.settings.__name__.removesuffix('Settings')}Service", {**settings_fields(row.settings), **more}, row.doc)


def read_service(name: str, key: Place, value: Node, scene: Scene) -> NodeSpec:
    """What is written under ``name``; as much of it as makes sense."""
    problems = scene.problems
    written = mapping_or_empty(value, key, f"service '{name}'", problems)
    foreign = foreign_kind(written)
    if foreign is not None:
        return _read_foreign(name, foreign, key, with_texts(written, problems), scene)
    kind = _kind_of_service(name, key, written, problems)
    calls = _read_calls(name, kind, written, scene)
    if kind is None:
        return NodeSpec(name=name, kind="", calls=calls)
    said = read_settings(KINDS[kind].settings, service_part(kind), written.without("calls"), key, f"service '{name}'", scene)
    _check_topics(name, written, said.plain, scene)
    _check_paths(name, written, problems)
    spec = NodeSpec(name=name, kind=kind, settings=said.plain, calls=calls, port=said.given.get("port", 0))
    return with_properties(spec, said.given, written, problems)


def _read_foreign(name: str, kind: str, key: Place, written: MappingNode, scene: Scene) -> NodeSpec:
    """A service that is not ours: a command, or an address. It calls over its proxies like anybody else, by its own code."""
    problems = scene.problems
    if "kind" in written.entries:
        problems.add(
            written.entries["kind"].key, f"'{name}' is a {kind}, and no kind of service of ours", "leave out one of them"
        )
        written = written.without("kind")
    said = read_settings(FOREIGN[kind].settings, foreign_part(kind), written.without("calls"), key, f"service '{name}'", scene)
    if kind == ADDRESS and "calls" in written.entries:
        place = written.entries["calls"].key
        problems.add(place, f"'{name}' runs elsewhere: whom it calls is not for this playbook to say", "leave it out")
        return NodeSpec(name=name, kind=kind, settings=said.plain)
    calls = _read_calls(name, kind, written, scene)
    check_blanks(f"'{name}'", written, calls, problems)
    check_ports(name, written, calls, problems)
    plain = placed(said.plain, scene.services.place) if kind == COMMAND else said.plain
    spec = NodeSpec(name=name, kind=kind, settings=plain, calls=calls, port=said.given.get("port", 0))
    return with_properties(spec, said.given, written, problems)


def _check_paths(name: str, written: MappingNode, problems: Problems) -> None:
    """What belongs to a callee must name one, or nobody would notice that it does nothing."""
    called = names_in(written.get("calls"))
    move = written.get("move")
    to = move.get("to") if isinstance(move, MappingNode) else None
    if isinstance(to, ScalarNode) and to.text not in called:
        problems.add(to.place, f"'{name}' does not call '{to.text}'", nearest(to.text, called))
    for of_callees in (written.get("paths"), written.get("weights")):
        for callee, place, _ in of_callees.items() if isinstance(of_callees, MappingNode) else ():
            if callee not in called:
                problems.add(place, f"'{name}' does not call '{callee}'", nearest(callee, called))


def _check_topics(name: str, written: MappingNode, settings: Mapping[str, Any], scene: Scene) -> None:
    """Topics are kept by a broker, and a broker is called like anybody else."""
    broker = settings.get("broker")
    for key in ("publish", "consume"):
        if settings.get(key) is None:
            continue
        place = written.entries[key].value.place
        called = written.get("calls")
        if broker not in scene.services.entries:
            scene.problems.add(place, f"a topic needs a broker, and there is no service '{broker}'", "add one: `broker: {}`")
        elif broker not in names_in(called):
            scene.problems.add(
                place, f"'{name}' does not call '{broker}', which keeps the topics", f"add '{broker}' to its calls"
            )


def _kind_of_service(name: str, key: Place, written: MappingNode, problems: Problems) -> str | None:
    node = written.get("kind")
    if node is None and name in KINDS:
        return name
    if isinstance(node, ScalarNode) and node.text in KINDS:
        return node.text
    if node is None:
        problems.add(key, f"what kind of service is '{name}'?", f"add `kind:`, one of {', '.join(KINDS)}")
    elif isinstance(node, ScalarNode):
        problems.add(node.place, f"there is no kind of service '{node.text}'", nearest(node.text, KINDS))
    else:
        problems.add(node.place, f"'kind' should be text, not {kind_of(node)}")
    return None


def _read_calls(caller: str, kind: str | None, written: MappingNode, scene: Scene) -> dict[str, dict[str, Any]]:
    """The plain policy for each callee; ``calls: [inventory]`` is short for the default policy."""
    problems = scene.problems
    node = written.get("calls")
    if isinstance(node, SequenceNode):
        pairs = [(item.text, item.place, MappingNode(item.place, {})) for item in node.items if isinstance(item, ScalarNode)]
        if len(pairs) < len(node.items):
            problems.add(
                node.place, "a list of calls is a list of names", "write `calls: {inventory: {timeout: 1s}}` for a policy"
            )
    else:
        key = written.entries["calls"].key if "calls" in written.entries else written.place
        calls = mapping_or_empty(node, key, "'calls'", problems)
        pairs = [
            (callee, place, mapping_or_empty(value, place, f"the policy for '{callee}'", problems))
            for callee, place, value in calls.items()
        ]
    read: dict[str, dict[str, Any]] = {}
    asks = KINDS[kind].asks if kind in KINDS else None
    for callee, place, policy in pairs:
        if scene.can_call(caller, callee, place):
            check_called_by_name(caller, kind or "gateway", callee, place, scene.troupe, problems)
            if kind == COMMAND:
                _check_no_policy(caller, callee, place, policy, problems)
                read[callee] = to_plain(Policy(timeout=None))  # how patient it is, only its own code knows
                continue
            if asks is None or callee in asks:
                scene.check_speaks_http(f"'{caller}'", callee, place)
            if asks is not None and callee not in asks:
                only = f"only {', '.join(asks)}, by those names" if asks else "nobody"
                problems.add(place, f"'{caller}' would never call '{callee}': a service of kind '{kind}' calls {only}")
            what = f"the policy of '{caller}' for '{callee}'"
            said = read_settings(Policy, settings_part(Policy), policy, place, what, scene)
            read[callee] = said.plain or to_plain(Policy())
    return read


def _check_no_policy(caller: str, callee: str, place: Place, policy: MappingNode, problems: Problems) -> None:
    if policy.entries:
        hint = f"write `calls: [{callee}]`, and let the program be patient or not by itself"
        problems.add(place, f"'{caller}' is a program of its own: no policy of ours can stand before its calls", hint)
