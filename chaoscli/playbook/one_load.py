"""One load, from the tree to a node: requests at a rate, users who wait for their answers, or commands."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from chaoscli.errors import Place
from chaoscli.load.settings import Load
from chaoscli.playbook.foreign import placed, with_texts
from chaoscli.playbook.model import settings_part
from chaoscli.playbook.nodes import MappingNode, Node, Problems, ScalarNode, SequenceNode, mapping_or_empty, nearest
from chaoscli.playbook.replicas import check_called_by_name
from chaoscli.playbook.scene import Scene, read_settings
from chaoscli.services.foreign import named
from chaoscli.settings import to_plain
from chaoscli.topology import NodeSpec
from chaoscli.units import format_duration

_OF_A_RATE = ("rate", "ramp", "stages", "bursts")


def read_load(name: str, key: Place, value: Node, lasts_s: float | None, scene: Scene) -> NodeSpec:
    """What is written under ``name``; as much of it as makes sense."""
    services, troupe, problems = scene.services, scene.troupe, scene.problems
    written = mapping_or_empty(value, key, f"load '{name}'", problems)
    if "command" in written.entries:
        written = with_texts(written, problems)
    said = read_settings(Load, settings_part(Load), written, key, f"load '{name}'", scene)
    load: Load | None = said.settings
    if load is None:
        return NodeSpec(name=name, kind="load", calls=_probable_calls(written, services))
    for key_of_time, time_s in (("starts", load.starts), ("stops", load.stops)):
        if lasts_s is not None and time_s is not None and time_s > lasts_s and key_of_time in written.entries:
            place = written.entries[key_of_time].value.place
            problems.add(place, f"the play is over by then: it lasts {format_duration(lasts_s)}")
    _check_model(written, problems)
    if load.command:
        return _of_commands(name, load, written, scene)
    places = list(_request_places(written))
    for asked, place in zip(load.asked, places, strict=True):
        service, port = named(asked.callee)
        check_called_by_name(name, "load", service, place, troupe, problems)
        if troupe.group_of(service):
            continue
        if service not in services.entries:
            problems.add(place, f"there is no service '{service}' to send to", nearest(service, services.entries))
        elif scene.has_port(service, port, place):
            scene.check_speaks_http(f"load '{name}'", asked.callee, place)
    known = [callee for callee in load.callees if named(callee)[0] in services.entries or troupe.group_of(callee)]
    return NodeSpec(name=name, kind="load", settings=said.plain, calls={callee: to_plain(load.policy) for callee in known})


def _of_commands(name: str, load: Load, written: MappingNode, scene: Scene) -> NodeSpec:
    """A load that runs commands, which may speak anything to whom they call."""
    node = written.entries["calls"].value
    items = node.items if isinstance(node, SequenceNode) else ()
    called = [item.text for item in items if isinstance(item, ScalarNode) and scene.can_call(name, item.text, item.place)]
    policy = to_plain(load.policy)
    return NodeSpec(
        name=name, kind="load", settings=placed(to_plain(load), scene.services.place), calls=dict.fromkeys(called, policy)
    )


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
