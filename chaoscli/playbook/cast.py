"""Who is on stage: services, loads and the calls between them, from the tree to a topology."""

from __future__ import annotations

import functools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Annotated, Any

from pydantic import AfterValidator, WithJsonSchema

from chaoscli.errors import Place
from chaoscli.load.settings import Load
from chaoscli.playbook.foreign import (
    check_blanks,
    check_ports,
    foreign_kind,
    foreign_part,
    placed,
    ports_written,
    protocol_written,
    with_texts,
)
from chaoscli.playbook.model import Part, build, optional, part, settings_fields, settings_part, within
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
    value_of,
)
from chaoscli.playbook.replicas import Troupe, check_called_by_name, expanded, read_troupe, topology_fields, with_properties
from chaoscli.playbook.wording import read_part
from chaoscli.resilience.policy import Policy
from chaoscli.services.catalogue import KINDS
from chaoscli.services.foreign import ADDRESS, COMMAND, FOREIGN, named
from chaoscli.settings import to_plain
from chaoscli.topology import Link, NodeSpec, Topology
from chaoscli.units import format_duration

# Every node is a process of its own, in every variant at once: more than this is a data centre, not a lesson.
MAX_NODES = 24
# Simulated, a node is a few objects.
MAX_SIMULATED_NODES = 5_100

_ONLY_SIMULATED = "a playbook that is simulated only, `worlds: [sim]`, may have more"
_OF_A_RATE = ("rate", "ramp", "stages", "bursts")

# What a path or a sentence could no longer tell from a name.
RESERVED = frozenset(
    {"services", "load", "faults", "cues", "variants", "summary", "all", "none", "client", "during", "before", "after"}
)


@dataclass(frozen=True, slots=True)
class Cast:
    """``places`` has every name that was written, also of those that have problems, so that one mistake is told once."""

    places: dict[str, Place]
    services: tuple[str, ...]
    loads: tuple[str, ...]
    topology: Topology

    @property
    def names(self) -> tuple[str, ...]:
        """Everything a fault or a cue may be aimed at: nodes, and groups of them."""
        return tuple(dict.fromkeys((*self.services, *(node.name for node in self.topology.services))))

    @property
    def links(self) -> tuple[Link, ...]:
        return self.topology.links


def read_cast(root: MappingNode, lasts_s: float | None, problems: Problems) -> Cast:
    """Everybody on stage. ``lasts_s`` None: not known, so nothing is held against it."""
    services = _section(root, "services", problems)
    loads = _section(root, "load", problems)
    count = len(services.entries) + len(loads.entries)
    most = _most_nodes(root)
    if count > most:
        problems.add(root.place, f"{count} services and loads are too many; at most {most} play on one machine", _ONLY_SIMULATED)
        services, loads = services.first(most), loads.first(most)
    troupe = read_troupe(services, root.get("cues"), problems)
    places = {member: key for name, key, _ in services.items() for member in (name, *troupe.members(name))}
    nodes: list[NodeSpec] = []
    for name, key, value in services.items():
        nodes.append(_read_service(name, key, value, services, loads, troupe, problems))
    for name, key, value in loads.items():
        if name in places:
            problems.add(key, f"'{name}' is already a service, on line {places[name].line}", "give the load a name of its own")
        places.setdefault(name, key)
        nodes.append(_read_load(name, key, value, services, loads, lasts_s, troupe, problems))
    whole = expanded(_agreed(nodes), troupe)
    if len(whole) > most >= count:
        problems.add(root.place, f"{len(whole)} services and loads are too many; at most {most} play on one machine")
    return Cast(places, tuple(services.entries), tuple(loads.entries), Topology(nodes=whole, groups=troupe.groups))


def _most_nodes(root: MappingNode) -> int:
    """A playbook that is never played on processes may have many more."""
    worlds = root.get("worlds")
    simulated = isinstance(worlds, SequenceNode) and value_of(worlds) == ["sim"]
    return MAX_SIMULATED_NODES if simulated else MAX_NODES


def _agreed(nodes: Sequence[NodeSpec]) -> tuple[NodeSpec, ...]:
    """Where a policy leaves it to the callee whether TLS is spoken, calls signed or answers compressed, with its word for it."""
    speak_tls = Topology(nodes=tuple(nodes)).speaking_tls
    want_signed = {node.name for node in nodes if node.settings.get("auth") is not None}
    compress = {node.name for node in nodes if node.settings.get("compress")}

    def agreed(callee: str, policy: Mapping[str, Any]) -> Mapping[str, Any]:
        asked = {
            "tls": "mutual" if callee in speak_tls else None,
            "sign": callee in want_signed,
            "compressed": callee in compress,
        }
        return {**policy, **{key: value for key, value in asked.items() if value and policy.get(key) is None}}

    return tuple(replace(node, calls={callee: agreed(callee, policy) for callee, policy in node.calls.items()}) for node in nodes)


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


def _section(root: MappingNode, name: str, problems: Problems) -> MappingNode:
    if name not in root.entries:
        return MappingNode(root.place, {})  # that it is missing is told with the other top-level keys
    entry = root.entries[name]
    section = mapping_or_empty(entry.value, entry.key, f"'{name}'", problems)
    for key, place, _ in section.items():
        check_name(key, place, problems)
    return section


def check_name(name: str, place: Place, problems: Problems) -> None:
    if name in RESERVED:
        problems.add(place, f"'{name}' cannot be a name: it means something of its own in paths and expectations")
    elif not name[:1].isalpha() or not name.isascii() or not name.replace("-", "").replace("_", "").isalnum() or len(name) > 40:
        problems.add(place, f"'{name}' is no name: letters, digits, '-' and '_', starting with a letter, 40 at most")


def _read_service(
    name: str, key: Place, value: Node, services: MappingNode, loads: MappingNode, troupe: Troupe, problems: Problems
) -> NodeSpec:
    written = mapping_or_empty(value, key, f"service '{name}'", problems)
    foreign = foreign_kind(written)
    if foreign is not None:
        return _read_foreign(name, foreign, key, with_texts(written, problems), services, loads, troupe, problems)
    kind = _kind_of_service(name, key, written, problems)
    calls = _read_calls(name, kind, written, services, loads, troupe, problems)
    if kind is None:
        return NodeSpec(name=name, kind="", calls=calls)
    model = read_part(service_part(kind), written.without("calls"), key, f"service '{name}'", problems)
    settings = built(KINDS[kind].settings, model, written, key, problems)
    plain = to_plain(settings) if settings is not None else {}
    given = model.given() if model is not None else {}
    _check_topics(name, written, plain, services, problems)
    _check_paths(name, written, problems)
    spec = NodeSpec(name=name, kind=kind, settings=plain, calls=calls, port=given.get("port", 0))
    return with_properties(spec, given, written, problems)


def _read_foreign(
    name: str,
    kind: str,
    key: Place,
    written: MappingNode,
    services: MappingNode,
    loads: MappingNode,
    troupe: Troupe,
    problems: Problems,
) -> NodeSpec:
    """A service that is not ours: a command, or an address. It calls over its proxies like anybody else, by its own code."""
    if "kind" in written.entries:
        problems.add(
            written.entries["kind"].key, f"'{name}' is a {kind}, and no kind of service of ours", "leave out one of them"
        )
        written = written.without("kind")
    model = read_part(foreign_part(kind), written.without("calls"), key, f"service '{name}'", problems)
    settings = built(FOREIGN[kind].settings, model, written, key, problems)
    if kind == ADDRESS and "calls" in written.entries:
        place = written.entries["calls"].key
        problems.add(place, f"'{name}' runs elsewhere: whom it calls is not for this playbook to say", "leave it out")
        return NodeSpec(name=name, kind=kind, settings=to_plain(settings) if settings is not None else {})
    calls = _read_calls(name, kind, written, services, loads, troupe, problems)
    check_blanks(f"'{name}'", written, calls, problems)
    check_ports(name, written, calls, problems)
    plain = to_plain(settings) if settings is not None else {}
    if kind == COMMAND:
        plain = placed(plain, services.place)
    given = model.given() if model is not None else {}
    spec = NodeSpec(name=name, kind=kind, settings=plain, calls=calls, port=given.get("port", 0))
    return with_properties(spec, given, written, problems)


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


def _check_topics(
    name: str, written: MappingNode, settings: Mapping[str, Any], services: MappingNode, problems: Problems
) -> None:
    """Topics are kept by a broker, and a broker is called like anybody else."""
    broker = settings.get("broker")
    for key in ("publish", "consume"):
        if settings.get(key) is None:
            continue
        place = written.entries[key].value.place
        called = written.get("calls")
        if broker not in services.entries:
            problems.add(place, f"a topic needs a broker, and there is no service '{broker}'", "add one: `broker: {}`")
        elif broker not in names_in(called):
            problems.add(place, f"'{name}' does not call '{broker}', which keeps the topics", f"add '{broker}' to its calls")


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


def _read_calls(
    caller: str,
    kind: str | None,
    written: MappingNode,
    services: MappingNode,
    loads: MappingNode,
    troupe: Troupe,
    problems: Problems,
) -> dict[str, dict[str, Any]]:
    """The plain policy for each callee; ``calls: [inventory]`` is short for the default policy."""
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
        if _can_be_called(caller, callee, place, services, loads, troupe, problems):
            check_called_by_name(caller, kind or "gateway", callee, place, troupe, problems)
            if kind == COMMAND:
                _check_no_policy(caller, callee, place, policy, problems)
                read[callee] = to_plain(Policy(timeout=None))  # how patient it is, only its own code knows
                continue
            if asks is None or callee in asks:
                _check_speaks_http(f"'{caller}'", callee, place, services, problems)
            if asks is not None and callee not in asks:
                only = f"only {', '.join(asks)}, by those names" if asks else "nobody"
                problems.add(place, f"'{caller}' would never call '{callee}': a service of kind '{kind}' calls {only}")
            what = f"the policy of '{caller}' for '{callee}'"
            model = read_part(settings_part(Policy), policy, place, what, problems)
            settings = built(Policy, model, policy, place, problems)
            read[callee] = to_plain(settings if settings is not None else Policy())
    return read


def _can_be_called(
    caller: str, callee: str, place: Place, services: MappingNode, loads: MappingNode, troupe: Troupe, problems: Problems
) -> bool:
    service, port = named(callee)
    if caller in (service, troupe.group_of(service)):
        problems.add(place, f"'{caller}' cannot call itself")
    elif troupe.group_of(service):
        return True
    elif service in services.entries:
        return _has_port(service, port, place, services, problems)
    elif callee in loads.entries:
        problems.add(place, f"'{callee}' is a load, on line {loads.entries[callee].key.line}; nobody can call it")
    else:
        problems.add(
            place, f"there is no service '{callee}' to call", nearest(callee, (one for one in services.entries if one != caller))
        )
    return False


def _has_port(service: str, port: str, place: Place, services: MappingNode, problems: Problems) -> bool:
    ports = ports_written(services, service)
    if port in ("", *ports):
        return True
    problems.add(place, f"'{service}' has no port '{port}'", nearest(port, ports) if ports else "it has one port only")
    return False


def _check_no_policy(caller: str, callee: str, place: Place, policy: MappingNode, problems: Problems) -> None:
    if policy.entries:
        hint = f"write `calls: [{callee}]`, and let the program be patient or not by itself"
        problems.add(place, f"'{caller}' is a program of its own: no policy of ours can stand before its calls", hint)


def _check_speaks_http(who: str, callee: str, place: Place, services: MappingNode, problems: Problems) -> None:
    """Services of ours and loads of requests speak nothing else."""
    protocol = protocol_written(services, callee)
    if protocol != "http":
        problems.add(place, f"{who} speaks http, and '{callee}' {protocol}", "let a program of your own speak to it: `command:`")


def _read_load(
    name: str,
    key: Place,
    value: Node,
    services: MappingNode,
    loads: MappingNode,
    lasts_s: float | None,
    troupe: Troupe,
    problems: Problems,
) -> NodeSpec:
    written = mapping_or_empty(value, key, f"load '{name}'", problems)
    if "command" in written.entries:
        written = with_texts(written, problems)
    model = read_part(settings_part(Load), written, key, f"load '{name}'", problems)
    load = built(Load, model, written, key, problems)
    if load is None:
        return NodeSpec(name=name, kind="load", calls=_probable_calls(written, services))
    for key_of_time, time_s in (("starts", load.starts), ("stops", load.stops)):
        if lasts_s is not None and time_s is not None and time_s > lasts_s and key_of_time in written.entries:
            place = written.entries[key_of_time].value.place
            problems.add(place, f"the play is over by then: it lasts {format_duration(lasts_s)}")
    _check_model(written, problems)
    if load.command:
        return _of_commands(name, load, written, services, loads, troupe, problems)
    places = list(_request_places(written))
    for asked, place in zip(load.asked, places, strict=True):
        service, port = named(asked.callee)
        check_called_by_name(name, "load", service, place, troupe, problems)
        if troupe.group_of(service):
            continue
        if service not in services.entries:
            problems.add(place, f"there is no service '{service}' to send to", nearest(service, services.entries))
        elif _has_port(service, port, place, services, problems):
            _check_speaks_http(f"load '{name}'", asked.callee, place, services, problems)
    known = [callee for callee in load.callees if named(callee)[0] in services.entries or troupe.group_of(callee)]
    return NodeSpec(name=name, kind="load", settings=to_plain(load), calls={callee: to_plain(load.policy) for callee in known})


def _of_commands(
    name: str,
    load: Load,
    written: MappingNode,
    services: MappingNode,
    loads: MappingNode,
    troupe: Troupe,
    problems: Problems,
) -> NodeSpec:
    """A load that runs commands, which may speak anything to whom they call."""
    node = written.entries["calls"].value
    items = node.items if isinstance(node, SequenceNode) else ()
    called = [
        item.text
        for item in items
        if isinstance(item, ScalarNode) and _can_be_called(name, item.text, item.place, services, loads, troupe, problems)
    ]
    policy = to_plain(load.policy)
    return NodeSpec(name=name, kind="load", settings=placed(to_plain(load), services.place), calls=dict.fromkeys(called, policy))


def _request_places(written: MappingNode) -> Iterator[Place]:
    """Where each request of a load that has no problems is written."""
    several = written.get("requests")
    for one in several.items if isinstance(several, SequenceNode) and several.items else (written,):
        assert isinstance(one, MappingNode)
        yield one.entries["request"].value.place


def _check_model(written: MappingNode, problems: Problems) -> None:
    """Users wait for their answers, so no rate can be asked of them; and nobody else thinks."""
    users, think = written.entries.get("users"), written.entries.get("think")
    if users is None and think is not None:
        problems.add(think.key, "only users think: without `users` requests start at a rate", "add `users: 10`")
    if users is None:
        return
    for key in _OF_A_RATE:
        if key in written.entries:
            message = (
                f"'{key}' is for requests that start on a schedule, and these wait for their users, on line {users.key.line}"
            )
            problems.add(written.entries[key].key, message, "leave out one or the other")


def _probable_calls(written: MappingNode, services: MappingNode) -> dict[str, dict[str, Any]]:
    """Whom a load with problems calls, so that nothing else is reported because of them."""
    several = written.get("requests")
    called = written.get("calls")
    if isinstance(called, SequenceNode):
        return {item.text: {} for item in called.items if isinstance(item, ScalarNode) and item.text in services.entries}
    parts = [written, *(several.items if isinstance(several, SequenceNode) else ())]
    requests = [part.get("request") for part in parts if isinstance(part, MappingNode)]
    words = [word for request in requests if isinstance(request, ScalarNode) for word in request.text.split()[1:2]]
    return {word: {} for word in words if word in services.entries}


def built(kind: type, model: Part | None, written: MappingNode, key: Place, problems: Problems) -> Any:
    """The settings, or None and a problem when they do not fit together (the class itself says so)."""
    if model is None:
        return None
    try:
        return build(kind, model)
    except ValueError as error:
        entry = written.entries.get(getattr(error, "field", ""))
        problems.add(entry.value.place if entry is not None else key, str(error))
        return None
