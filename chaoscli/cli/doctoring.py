"""What ``chaos doctor`` looks at: one finding for each thing, what it is for, and the way out where it is missing."""

from __future__ import annotations

import importlib.util
import json
import os
import platform
import resource
import shutil
import socket
import sqlite3
import sys
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from rich.table import Table
from rich.text import Text

import chaoscli
from chaoscli.cli.output import Output
from chaoscli.cli.reach import API_PORT
from chaoscli.cli.staying_up import FIXED_PORTS
from chaoscli.cli.streams import say
from chaoscli.errors import ExitCode, NotMadeError
from chaoscli.net.kernel import IS_LINUX
from chaoscli.proxy import alarm, pipes
from chaoscli.settings import to_plain
from chaoscli.units import format_size
from chaoscli.views.glyphs import Glyphs, glyphs_for
from chaoscli.worlds import clock, fake_clock

State = Literal["there", "missing", "wrong"]
STYLES: dict[State, str] = {"there": "green", "missing": "yellow", "wrong": "bold red"}

# What a playbook of four variants with five processes each needs, at 35 MB a process.
USUAL_RUN_BYTES = 20 * 35_000_000
# Two for each connection, of which a silenced link keeps every one open.
USUAL_FILES = 4_096
# Toxiproxy's own command, and what examples in the documentation run.
PROGRAMS = ("node", "redis-server", "redis-cli", "postgres", "psql", "curl", "toxiproxy-cli")
EXTRAS = {"trustme": "tls"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """``there``, ``missing`` (something is less good without it) or ``wrong`` (nothing runs without it)."""

    what: str
    state: State
    found: str
    hint: str = ""


def look() -> tuple[Finding, ...]:
    """Everything, in the order of how much depends on it."""
    return tuple(finding for found in (_needed(), _ports(), _precision(), _limits(), _programs()) for finding in found)


def report(findings: Sequence[Finding], *, as_json: bool) -> int:
    if as_json:
        say(json.dumps({"findings": [to_plain(one) for one in findings]}, indent=2, ensure_ascii=False))
    else:
        console = Output()
        console.print(page(findings, glyphs_for(console)))
    return ExitCode.NOT_MADE if any(one.state == "wrong" for one in findings) else ExitCode.HELD


def page(findings: Iterable[Finding], glyphs: Glyphs) -> Table:
    signs: dict[State, str] = {"there": glyphs.yes, "missing": glyphs.dot, "wrong": glyphs.no}
    table = Table.grid(padding=(0, 2))
    table.add_column(no_wrap=True)
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    for one in findings:
        text = Text(one.found)
        if one.hint:
            text.append(f"\n{one.hint}", style="dim")
        table.add_row(Text(signs[one.state], style=STYLES[one.state]), one.what, text)
    return table


def _needed() -> Iterator[Finding]:
    yield Finding(
        what="chaoscli",
        state="there",
        found=f"{chaoscli.__version__}, Python {platform.python_version()}, {platform.system()} {platform.release()},"
        f" {os.cpu_count() or 1} cores",
    )
    yield _loopback()
    yield _temporary()
    try:
        clock.probe()
        yield Finding(what="simulation", state="there", found="trio can be told in which order its tasks run")
    except NotMadeError as error:
        yield Finding(what="simulation", state="missing", found=error.message, hint=error.hint)
    yield Finding(what="SQLite", state="there", found=sqlite3.sqlite_version)


def _loopback() -> Finding:
    try:
        with closing(socket.create_server(("127.0.0.1", 0))) as server, closing(socket.create_connection(server.getsockname())):
            return Finding(what="loopback", state="there", found="127.0.0.1 takes connections")
    except OSError as error:
        found = f"127.0.0.1 takes no connections: {(error.strerror or str(error)).lower()}"
        return Finding(what="loopback", state="wrong", found=found, hint="bring the interface lo up")


def _temporary() -> Finding:
    folder = tempfile.gettempdir()
    try:
        with tempfile.TemporaryDirectory(prefix="chaos-") as made:
            free = shutil.disk_usage(made).free
    except OSError as error:
        found = f"'{folder}' cannot be written: {(error.strerror or str(error)).lower()}"
        return Finding(what="temporary files", state="wrong", found=found, hint="set TMPDIR to a folder that can")
    return Finding(what="temporary files", state="there", found=f"'{folder}', {format_size(free)} free")


def _ports() -> Iterator[Finding]:
    users = {**{port: f"{name} of `chaos up`" for name, port in FIXED_PORTS.items()}, API_PORT: "Toxiproxy's API"}
    for port, user in users.items():
        if _is_free(port):
            yield Finding(what=f"port {port}", state="there", found=f"free, for {user}")
        else:
            found = f"taken, and {user} would listen there"
            yield Finding(what=f"port {port}", state="missing", found=found, hint=_who_has(port))


def _is_free(port: int) -> bool:
    with closing(socket.socket()) as sock:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            sock.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def _who_has(port: int) -> str:
    return f"`ss -ltnp 'sport = :{port}'` says who has it" if IS_LINUX else f"`lsof -i :{port}` says who has it"


def _precision() -> Iterator[Finding]:
    timer = alarm.open_alarm()
    has_timer = timer is not None
    if timer is not None:
        timer.close()
    yield Finding(
        what="timerfd",
        state="there" if has_timer else "missing",
        found="delays are kept to about 0.1 ms" if has_timer else "delays are kept to about a millisecond",
    )
    yield Finding(
        what="splice",
        state="there" if pipes.AVAILABLE else "missing",
        found="the kernel moves what no fault looks at" if pipes.AVAILABLE else "every byte goes through the proxy's own memory",
    )
    yield Finding(
        what="process control",
        state="there" if IS_LINUX else "missing",
        found="what your programs leave behind is found and ended, daemons too"
        if IS_LINUX
        else "of your programs, what has left its process group is not found",
    )
    yield _libfaketime()


def _libfaketime() -> Finding:
    found = fake_clock.library()
    if found is None:
        hint = "`apt install libfaketime`, if the clocks of your own programs are to be skewed"
        return Finding(what="libfaketime", state="missing", found="not there", hint=hint)
    flaw = fake_clock.flaw(found)
    return Finding(what="libfaketime", state="missing" if flaw else "there", found=f"{found}{f' {flaw}' if flaw else ''}")


def _limits() -> Iterator[Finding]:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    enough = hard == resource.RLIM_INFINITY or hard >= USUAL_FILES
    most = "any number" if hard == resource.RLIM_INFINITY else str(hard)
    yield Finding(
        what="open files",
        state="there" if enough else "missing",
        found=f"{soft} at first, {most} when asked for",
        hint="" if enough else f"`ulimit -Hn {USUAL_FILES}`: a silenced link keeps every connection open",
    )
    available = _available_memory()
    if available is not None:
        enough = available >= USUAL_RUN_BYTES
        yield Finding(
            what="memory",
            state="there" if enough else "missing",
            found=f"{format_size(available)} to be had; each process of a run takes 35MB",
            hint="" if enough else "play fewer variants at once: --variant",
        )


def _available_memory() -> int | None:
    """In bytes, as proc(5) says; None where nobody does."""
    try:
        lines = Path("/proc/meminfo").read_text().splitlines()
    except OSError:
        return None
    return next((int(line.split()[1]) * 1024 for line in lines if line.startswith("MemAvailable:")), None)


def _programs() -> Iterator[Finding]:
    there = [name for name in PROGRAMS if shutil.which(name)]
    lacking = [name for name in PROGRAMS if name not in there]
    yield Finding(
        what="programs",
        state="there",
        found=", ".join([*there, *(f"no {name}" for name in lacking)]),
        hint="what examples run in a service's place; none is needed otherwise" if lacking else "",
    )
    for module, extra in EXTRAS.items():
        has = importlib.util.find_spec(module) is not None
        yield Finding(
            what=f"extra '{extra}'",
            state="there" if has else "missing",
            found=f"{module} is installed" if has else f"without {module}",
            hint="" if has else f"`{Path(sys.executable).name} -m pip install 'chaoscli[{extra}]'`",
        )
