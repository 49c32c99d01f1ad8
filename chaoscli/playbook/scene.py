"""What everybody who is read must know of the others: who is written, who is a group, and what was read before."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable
from dataclasses import dataclass
from typing import Any, TypeVar

from chaoscli.errors import Place
from chaoscli.playbook.foreign import ports_written, protocol_written
from chaoscli.playbook.model import Part, build
from chaoscli.playbook.nodes import MappingNode, Node, Problems, nearest
from chaoscli.playbook.replicas import Troupe
from chaoscli.playbook.wording import read_part
from chaoscli.services.foreign import named
from chaoscli.settings import to_plain

T = TypeVar("T")


class Known:
    """What was read before. Variants have most of their trees in common, and layers most of their services."""

    def __init__(self) -> None:
        self._read: dict[tuple[Hashable, ...], tuple[object, Any]] = {}

    def once(self, kind: Hashable, nodes: Iterable[Node], read: Callable[[], T], problems: Problems) -> T:
        """What ``read`` makes of these very nodes, read when it is asked for first. What has problems is read each time, as
        whoever wrote it has to be told in his own words."""
        kept = tuple(nodes)  # alive as long as their numbers stand for them
        key = (kind, *map(id, kept))
        if key not in self._read:
            before, made = len(problems), read()
            if len(problems) > before:
                return made
            self._read[key] = (kept, made)
        return self._read[key][1]  # type: ignore[no-any-return]


@dataclass(frozen=True, slots=True)
class Scene:
    """The services and loads that are written, and where problems go."""

    services: MappingNode
    loads: MappingNode
    troupe: Troupe
    known: Known
    problems: Problems

    def can_call(self, caller: str, callee: str, place: Place) -> bool:
        """Whether there is such a callee; a problem if not."""
        service, port = named(callee)
        if caller in (service, self.troupe.group_of(service)):
            self.problems.add(place, f"'{caller}' cannot call itself")
        elif self.troupe.group_of(service):
            return True
        elif service in self.services.entries:
            return self.has_port(service, port, place)
        elif callee in self.loads.entries:
            line = self.loads.entries[callee].key.line
            self.problems.add(place, f"'{callee}' is a load, on line {line}; nobody can call it")
        else:
            others = (one for one in self.services.entries if one != caller)
            self.problems.add(place, f"there is no service '{callee}' to call", nearest(callee, others))
        return False

    def has_port(self, service: str, port: str, place: Place) -> bool:
        ports = ports_written(self.services, service)
        if port in ("", *ports):
            return True
        hint = nearest(port, ports) if ports else "it has one port only"
        self.problems.add(place, f"'{service}' has no port '{port}'", hint)
        return False

    def check_speaks_http(self, who: str, callee: str, place: Place) -> None:
        """Services of ours and loads of requests speak nothing else."""
        protocol = protocol_written(self.services, callee)
        if protocol != "http":
            hint = "let a program of your own speak to it: `command:`"
            self.problems.add(place, f"{who} speaks http, and '{callee}' {protocol}", hint)


@dataclass(frozen=True, slots=True)
class Written:
    """Settings as they were written: the dataclass (None when they do not fit together), all of it as plain values, and what
    the author himself said."""

    settings: Any
    plain: dict[str, Any]
    given: dict[str, Any]


def read_settings(kind: type, model: type[Part], written: MappingNode, key: Place, what: str, scene: Scene) -> Written:
    """The settings of ``kind`` that ``written`` holds. ``key`` is where their name is written, ``what`` says what they are."""

    def read() -> Written:
        part = read_part(model, written, key, what, scene.problems)
        settings = built(kind, part, written, key, scene.problems)
        plain = to_plain(settings) if settings is not None else {}
        return Written(settings, plain, part.given() if part is not None else {})

    said = (tuple(written.entries), kind, model)
    return scene.known.once(said, (entry.value for entry in written.entries.values()), read, scene.problems)


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
