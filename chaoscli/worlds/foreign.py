"""Services that are not ours, in the real world: what their programs are told, and what must be there before anybody starts."""

from __future__ import annotations

import os
import random
import shutil
import socket
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

from chaoscli.environment import Environment
from chaoscli.errors import NotMadeError
from chaoscli.services.foreign import (
    COMMAND,
    AddressService,
    CommandService,
    Health,
    blanks,
    filled,
    filled_in_part,
    host_and_port,
    texts_of,
    variable,
)
from chaoscli.settings import from_plain, to_plain
from chaoscli.topology import Link, NodeSpec, Topology
from chaoscli.worlds.fake_clock import FAKES_MONOTONIC, flaw, library
from chaoscli.worlds.keeper import Keeping

Address = tuple[str, int]

HOST = "127.0.0.1"
# Below the range from which the kernel gives ports to those who connect (32768 on Linux, 49152 on macOS): a program that is
# started again finds its port still free. Above where well-known services listen.
FIRST_PORT, LAST_PORT = 15_000, 32_000
MOST_TRIES = 200
_KINDS_OF_PORTS = (socket.SOCK_STREAM, socket.SOCK_DGRAM)
SCHEMES = {"http": "http", "tcp": "tcp", "udp": "udp"}


class ForeignNode:
    """One of them in one world; its ports and its folder stay the same when it is started again."""

    def __init__(self, spec: NodeSpec, topology: Topology, folder: str, seed: int, environment: Environment) -> None:
        self._spec = spec
        self._topology = topology
        self._seed = seed
        self._environment = environment
        self._folder = Path(folder) / spec.name
        self._ports: dict[str, int] = {}
        if spec.kind == COMMAND:
            self._settings = from_plain(CommandService, spec.settings)
            self._ports = {name: free_port() for name in self._settings.ports or {}}
            self._address = (HOST, spec.port or free_port())
        else:
            self._address = host_and_port(from_plain(AddressService, spec.settings).address)

    def address(self, port: str = "") -> Address:
        """Where it listens itself; ``port`` names one of its further ports."""
        return (HOST, self._ports[port]) if port else self._address

    def keeping(self, neighbours: Mapping[str, Address]) -> dict[str, Any]:
        """What its keeper is told; ``neighbours`` are its callees' proxies."""
        secrets = self._environment.secret_values
        if self._spec.kind != COMMAND:
            there = from_plain(AddressService, self._spec.settings)
            health = _filled(there.health, self._values(neighbours))
            looking = Keeping(address=self._address, health=health, start_timeout=there.start_timeout, secrets=secrets)
            return dict(to_plain(looking))
        self._folder.mkdir(exist_ok=True)
        settings = self._settings
        values = self._values(neighbours)
        own = {name: filled(text, values) for name, text in (settings.env or {}).items()}
        keeping = Keeping(
            address=self._address,
            argv=tuple(filled(word, values) for word in settings.command),
            cwd=filled(settings.cwd, values) or ".",
            env={**self._environment.from_file, **self._told(neighbours), **own},
            health=_filled(settings.health, values),
            start_timeout=settings.start_timeout,
            stop_signal=settings.stop_signal,
            stop_grace=settings.stop_grace,
            fake_clock=str(self._folder.with_name(f"{self._spec.name}.clock")) if self._spec.skewed else "",
            secrets=secrets,
        )
        return dict(to_plain(keeping))

    def _values(self, neighbours: Mapping[str, Address]) -> dict[str, str]:
        """What stands for each blank."""
        host, port = self._address
        values = {"port": str(port), "host": host, "name": self._spec.name, "folder": str(self._folder), "seed": str(self._seed)}
        values |= {f"port.{name}": str(number) for name, number in self._ports.items()}
        values |= {f"env.{name}": value for name, value in self._environment.variables().items()}
        return values | neighbours_filled(self._spec.name, neighbours, self._topology)

    def _told(self, neighbours: Mapping[str, Address]) -> dict[str, str]:
        """The variables that every program gets."""
        own = {"PORT": str(self._address[1]), **{f"PORT_{variable(name)}": str(port) for name, port in self._ports.items()}}
        return own | variables_of(self._spec.name, neighbours, self._topology)


def commands_of_load(
    spec: NodeSpec, neighbours: Mapping[str, Address], topology: Topology, seed: int, environment: Environment
) -> dict[str, Any]:
    """What the process of a load that runs commands is told of them, over what every load is told: its node, with what is the
    same for all of them filled in, their variables, and what must not be written anywhere."""
    values = {"name": spec.name, "seed": str(seed), **neighbours_filled(spec.name, neighbours, topology)}
    values |= {f"env.{name}": value for name, value in environment.variables().items()}
    settings = {
        **spec.settings,
        "command": [filled_in_part(word, values) for word in spec.settings["command"]],
        "env": {name: filled(text, values) for name, text in (spec.settings.get("env") or {}).items()},
        "cwd": filled(spec.settings.get("cwd") or ".", values),
    }
    return {
        "node": to_plain(replace(spec, settings=settings)),
        "environment": {**environment.from_file, **variables_of(spec.name, neighbours, topology)},
        "secrets": list(environment.secret_values),
    }


def neighbours_filled(caller: str, neighbours: Mapping[str, Address], topology: Topology) -> dict[str, str]:
    """``url.NAME``, ``host.NAME`` and ``port.NAME`` of each callee's proxy."""
    values: dict[str, str] = {}
    for callee, (host, port) in neighbours.items():
        url = f"{topology.protocol(Link(caller, callee))}://{host}:{port}"
        values |= {f"url.{callee}": url, f"host.{callee}": host, f"port.{callee}": str(port)}
    return values


def variables_of(caller: str, neighbours: Mapping[str, Address], topology: Topology) -> dict[str, str]:
    """The same as variables: ``INVENTORY_URL``, ``INVENTORY_HOST``, ``INVENTORY_PORT``."""
    return {
        f"{variable(callee)}_{what.upper()}": value
        for name, value in neighbours_filled(caller, neighbours, topology).items()
        for what, _, callee in [name.partition(".")]
    }


def check(specs: Sequence[NodeSpec], environment: Environment) -> None:
    """NotMadeError with everything that these nodes (services and loads) need and this machine does not have."""
    problems = [problem for spec in specs for problem in _missing(spec, environment)]
    if len(problems) == 1:
        raise NotMadeError(problems[0][0], hint=problems[0][1])
    if problems:
        lines = [f"{message}{f' ({hint})' if hint else ''}" for message, hint in problems]
        raise NotMadeError("this machine lacks what the playbook needs", hint="\n  ".join(lines))


def _missing(spec: NodeSpec, environment: Environment) -> list[tuple[str, str]]:
    problems = []
    variables = environment.variables()
    for text in texts_of(spec.settings):
        for blank in blanks(text):
            name = blank.removeprefix("env.")
            if name != blank and name not in variables:
                problems.append((f"'{spec.name}' needs the variable {name}", f"`export {name}=...`, or --env-file with it"))
    command = spec.settings.get("command") or ()
    cwd = spec.settings.get("cwd") or "."
    if command and not blanks(cwd) and not Path(cwd).is_dir():
        problems.append((f"'{spec.name}' is to run in the folder '{cwd}', which is not there", ""))
    elif command and not blanks(command[0]) and not _is_there(command[0], cwd, spec, variables):
        problems.append((f"'{spec.name}' needs the program '{command[0]}', which is not there", "install it, or write its path"))
    if spec.kind == COMMAND and spec.port and not all(_is_free(spec.port, kind) for kind in _KINDS_OF_PORTS):
        problems.append((f"port {spec.port} of '{spec.name}' is taken", "leave `port` out: any free one is told it by ${port}"))
    if spec.skewed and command:
        problems += _clock_problems(spec.name, command[0])
    return problems


def _clock_problems(name: str, program: str) -> list[tuple[str, str]]:
    """Why the clock of a program cannot be set, if so."""
    found = library()
    cannot = f"the clock of '{name}' cannot be skewed"
    if found is None:
        return [
            (
                f"{cannot}: it is a program of its own, and libfaketime is not there",
                "install it (`apt install libfaketime`), or skew a service of ours",
            )
        ]
    found_out = flaw(found)
    if found_out == FAKES_MONOTONIC or (found_out and os.path.basename(program).startswith("python")):
        return [(f"{cannot}: {found} {found_out}", "take another version of it, or skew a service of ours")]
    return []


def _is_there(program: str, cwd: str, spec: NodeSpec, variables: Mapping[str, str]) -> bool:
    """Looked up as it will be when it is started: a path from its folder, a name on the path of its environment."""
    if os.path.dirname(program):
        return os.path.isfile(os.path.join(cwd, program))
    path = (spec.settings.get("env") or {}).get("PATH") or variables.get("PATH")
    return bool(blanks(path or "")) or shutil.which(program, path=path) is not None


def free_port() -> int:
    """A port of loopback that nobody has just now, for streams and for datagrams."""
    dice = random.SystemRandom()
    for _ in range(MOST_TRIES):
        port = dice.randint(FIRST_PORT, LAST_PORT)
        if all(_is_free(port, kind) for kind in _KINDS_OF_PORTS):
            return port
    raise NotMadeError(f"no port from {FIRST_PORT} to {LAST_PORT} is free for a program")


def _is_free(port: int, kind: socket.SocketKind) -> bool:
    with closing(socket.socket(socket.AF_INET, kind)) as sock:
        try:
            sock.bind((HOST, port))
        except OSError:
            return False
    return True


def _filled(health: Health | None, values: Mapping[str, str]) -> Health:
    if health is None:
        return Health()
    return Health(
        http=filled(health.http, values) if health.http is not None else None,
        tcp=health.tcp,
        log=health.log,
        command=tuple(filled(word, values) for word in health.command),
        every=health.every,
    )
