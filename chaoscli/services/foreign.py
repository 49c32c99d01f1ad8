"""Services that are not ours: a program of the user's that takes a service's place, or one that runs elsewhere on this machine.

Only what there is to set, and what its texts may ask to be filled in; ``worlds.foreign`` runs them.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from chaoscli.faults.base import BadSetting
from chaoscli.settings import setting
from chaoscli.units import Seconds

Protocol = Literal["http", "tcp", "udp"]
StopSignal = Literal["SIGTERM", "SIGINT", "SIGQUIT", "SIGHUP", "SIGUSR1", "SIGUSR2", "SIGKILL"]
COMMAND, ADDRESS = "command", "address"
# A program that needs longer to end is given up on; one that needs longer to start wants to be told so.
LONGEST_GRACE_S = 60.0
LONGEST_START_S = 600.0
MOST_PORTS = 8

_BLANK = re.compile(r"(\$?)\$\{([^}]*)\}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Health:
    """When a program counts as ready; one of these. Without any: when its port takes connections."""

    http: str | None = setting("a path that answers with a status below 400, like /health", None)
    tcp: bool = setting("its port takes connections", False)
    log: str | None = setting("it prints a line that this regular expression finds", None)
    command: tuple[str, ...] = setting("a command that ends with exit code 0, like [redis-cli, -p, '${port}', ping]", ())
    every: Seconds = setting("how long to wait between one look and the next", 0.1)

    def __post_init__(self) -> None:
        ways = [name for name, given in self._ways() if given]
        if len(ways) > 1:
            raise BadSetting("health", f"is looked at in one way, and here are {' and '.join(ways)}")
        if self.http is not None and not self.http.startswith("/"):
            raise BadSetting("http", f"is '{self.http}'; it is a path, like /health")
        if self.log is not None:
            try:
                re.compile(self.log)
            except re.error as error:
                raise BadSetting("log", f"is no regular expression: {error}") from None
        if self.every < 0.01:
            raise BadSetting("every", "is too short; the least is 10ms")

    def _ways(self) -> Iterator[tuple[str, bool]]:
        yield "http", self.http is not None
        yield "tcp", self.tcp
        yield "log", self.log is not None
        yield "command", bool(self.command)


@dataclass(frozen=True, slots=True, kw_only=True)
class CommandService:
    """A program of your own. It is told its port and its neighbours' proxies by ${port} and ${url.NAME}, and by the variables
    PORT and NAME_URL of its environment."""

    command: tuple[str, ...] = setting("the program and its arguments, like [node, server.js, '${port}']")
    cwd: str = setting("the folder it runs in, seen from the playbook's own; without it, that one", "")
    env: Mapping[str, str] | None = setting("variables of its environment; values may have ${...} like the command", None)
    protocol: Protocol = setting("what its port speaks: http, or any other bytes over tcp, or datagrams over udp", "http")
    ports: Mapping[str, Protocol] | None = setting("further ports by name, each with its protocol, like {admin: http}", None)
    health: Health | None = setting("when it counts as ready; when its port takes connections, if not said", None)
    start_timeout: Seconds = setting("how long it may take to become ready", 10.0)
    stop_signal: StopSignal = setting("the signal that asks it to end", "SIGTERM")
    stop_grace: Seconds = setting("how long it has to end before SIGKILL", 2.0)

    def __post_init__(self) -> None:
        if not self.command or not self.command[0]:
            raise BadSetting("command", "is empty; it is a program and its arguments, like [node, server.js]")
        if any("\0" in word for word in (*self.command, *(self.env or {}), *(self.env or {}).values())):
            raise BadSetting("command", "has a character that no system passes on: \\0")
        for name in self.env or {}:
            if not name or "=" in name:
                raise BadSetting("env", f"has '{name}', which is no name of a variable")
        _check_ports(self.ports)
        if not 0 < self.start_timeout <= LONGEST_START_S:
            raise BadSetting("start_timeout", f"may be up to {LONGEST_START_S:g}s")
        if self.stop_grace > LONGEST_GRACE_S:
            raise BadSetting("stop_grace", f"may be up to {LONGEST_GRACE_S:g}s")
        if self.protocol == "udp" and (self.health is None or not (self.health.log or self.health.command)):
            raise BadSetting("health", "must be a log line or a command: nobody can connect to udp")


@dataclass(frozen=True, slots=True, kw_only=True)
class AddressService:
    """What runs elsewhere on this machine already, started and ended by somebody else."""

    address: str = setting("where it listens, on this machine, like 127.0.0.1:5432")
    protocol: Protocol = setting("what it speaks: http, or any other bytes over tcp, or datagrams over udp", "tcp")
    health: Health | None = setting("when it counts as ready; when it takes connections, if not said", None)
    start_timeout: Seconds = setting("how long to wait until it is there", 5.0)

    def __post_init__(self) -> None:
        host_and_port(self.address)
        if self.health is not None and self.health.log is not None:
            raise BadSetting("health", "has 'log', and what somebody else has started prints nothing here")
        if self.protocol == "udp" and (self.health is None or not self.health.command):
            raise BadSetting("health", "must be a command: nobody can connect to udp")
        if not 0 < self.start_timeout <= LONGEST_START_S:
            raise BadSetting("start_timeout", f"may be up to {LONGEST_START_S:g}s")


@dataclass(frozen=True, slots=True, kw_only=True)
class ForeignKind:
    """A row of the table below."""

    settings: type[Any]
    doc: str


# By the key that says that a service is one.
FOREIGN: dict[str, ForeignKind] = {
    COMMAND: ForeignKind(
        settings=CommandService,
        doc="A program of your own in a service's place. It runs as a process group and is ended with all that it starts. `calls`"
        " names whom it calls: at their proxies, by its own code.",
    ),
    ADDRESS: ForeignKind(
        settings=AddressService,
        doc="A service that runs elsewhere on this machine already, started and ended by somebody else.",
    ),
}


# What the texts of a program may have filled in, the variable that says the same, and what it is.
BLANKS: tuple[tuple[str, str, str], ...] = (
    ("${port}", "PORT", "the port that it should listen on"),
    ("${port.NAME}", "PORT_NAME", "another one of its `ports`"),
    ("${url.NAME}", "NAME_URL", "the proxy before NAME, which it calls, like http://127.0.0.1:40123"),
    ("${host.NAME}", "NAME_HOST", "the same, in two: the host"),
    ("${port.NAME}", "NAME_PORT", "and the port"),
    ("${folder}", "", "a folder of its own, gone after the run"),
    ("${env.NAME}", "NAME", "a variable of this environment, or of --env-file"),
    ("${name}", "", "what it is called"),
    ("${host}", "", "the host it should listen on: 127.0.0.1"),
    ("${seed}", "", "the dice of the run"),
)


def is_foreign(kind: str) -> bool:
    return kind in FOREIGN


def host_and_port(text: str) -> tuple[str, int]:
    """From ``127.0.0.1:5432`` or ``[::1]:5432``; BadSetting for anything that is not on this machine's loopback."""
    host, colon, port = text.rpartition(":")
    host = host.removeprefix("[").removesuffix("]")
    if not colon or not port.isascii() or not port.isdigit() or not 1 <= int(port) <= 65535:
        raise BadSetting("address", f"is '{text}'; it is a host and a port, like 127.0.0.1:5432")
    try:
        loopback = host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        loopback = False
    if not loopback:
        raise BadSetting("address", f"is '{text}'; only this machine's own loopback is harmed, like 127.0.0.1:{port}")
    return ("127.0.0.1" if host == "localhost" else host), int(port)


def named(callee: str) -> tuple[str, str]:
    """The service and the port of it that a callee is: ``db`` is its own port, ``db:admin`` one of the others."""
    service, _colon, port = callee.partition(":")
    return service, port


def variable(name: str) -> str:
    """What a name is in the environment: ``db:admin`` is DB_ADMIN."""
    return re.sub(r"[^A-Z0-9]", "_", name.upper())


def fillable(ports: Iterable[str], callees: Iterable[str]) -> tuple[str, ...]:
    """What a program's texts may ask for, ``env.NAME`` aside."""
    own = ("port", "host", "name", "folder", "seed", *(f"port.{port}" for port in ports))
    return (*own, *(f"{what}.{callee}" for callee in callees for what in ("url", "host", "port")))


def blanks(text: str) -> list[str]:
    """What stands inside of ${...}, in order; ``$${`` is a dollar sign before a brace and asks for nothing."""
    return [match[2] for match in _BLANK.finditer(text) if not match[1]]


def filled(text: str, values: Mapping[str, str]) -> str:
    """With every blank filled in; KeyError for one that ``values`` lacks."""
    return filled_by(text, values.__getitem__)


def filled_by(text: str, value: Callable[[str], str]) -> str:
    """With every blank filled in by what ``value`` says of it."""
    return _BLANK.sub(lambda match: match[0][1:] if match[1] else value(match[2]), text)


def filled_in_part(text: str, values: Mapping[str, str]) -> str:
    """With those blanks filled in that ``values`` has; the others, and dollar signs that are meant, stay for later."""
    return _BLANK.sub(lambda match: match[0] if match[1] else values.get(match[2], match[0]), text)


def texts_of(settings: Mapping[str, Any]) -> Iterator[str]:
    """Every text of a plain service or load that may have blanks."""
    yield from settings.get("command") or ()
    yield from (settings.get("env") or {}).values()
    yield settings.get("cwd") or ""
    health = settings.get("health") or {}
    yield from health.get("command") or ()
    yield health.get("http") or ""


def _check_ports(ports: Mapping[str, Any] | None) -> None:
    for name in ports or {}:
        if re.fullmatch(r"[A-Za-z][A-Za-z0-9_-]{0,39}", name) is None:
            raise BadSetting("ports", f"has '{name}', which is no name: letters, digits, '-' and '_', starting with a letter")
    if len(ports or {}) > MOST_PORTS:
        raise BadSetting("ports", f"has {len(ports or {})}; at most {MOST_PORTS}")
