"""A running service's place in its world: its name, clocks, dice, calls and databases.

A service has no other way to the world, and so cannot tell a real one from a simulated one.
"""

from __future__ import annotations

import sqlite3
import uuid
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from functools import partial
from random import Random
from typing import Any

import trio

from chaoscli import dice
from chaoscli.compact import compact
from chaoscli.events import BreakerChanged, Event, Happened, Noted
from chaoscli.messages import REQUEST_ID, TRACE_PARENT, Headers, Request, Response
from chaoscli.net.base import Transport
from chaoscli.net.compressed import CompressedTransport
from chaoscli.net.signed import SignedTransport
from chaoscli.net.signing import Keyring
from chaoscli.resilience.call import Caller
from chaoscli.resilience.deadline import expires_at
from chaoscli.resilience.policy import Policy
from chaoscli.services.disk import Disk, FolderDisk
from chaoscli.services.wall_clock import WallClock
from chaoscli.settings import from_plain
from chaoscli.topology import NodeSpec
from chaoscli.tracing import call_headers


class Node:
    """``now`` is monotonic and stamps events; ``true_wall`` is the host's wall clock; both in seconds. Databases are on
    ``disk``: if none is given, files in ``folder`` that outlive the process, and without a folder in memory. ``keys`` are those
    of the run, for a node that signs its calls or has them signed."""

    def __init__(
        self,
        *,
        spec: NodeSpec,
        transport: Transport,
        tell: Callable[[Event], None],
        now: Callable[[], float],
        true_wall: Callable[[], float],
        seed: int,
        folder: str | None = None,
        disk: Disk | None = None,
        keys: Keyring | None = None,
    ) -> None:
        self.spec = spec
        self.name = spec.name
        self.tell = tell
        self.now = now
        self.clock = WallClock(true_wall, now)
        self.slower_by = 1.0
        self.absent: frozenset[str] = frozenset()  # of those it calls, who is not there at all
        self.keys = keys
        transport = CompressedTransport(inner=transport, calls=spec.calls)
        transport = SignedTransport(inner=transport, caller=spec, keys=keys, wall=self.clock.time)
        self._tracing = bool(spec.settings.get("tracing", True))
        self._seed = seed
        self._disk = disk or FolderDisk(spec.name, folder)
        self._callers = {
            callee: Caller(
                caller=spec.name,
                callee=callee,
                policy=from_plain(Policy, plain),
                exchange=partial(transport.exchange, callee),
                sleep=self.sleep,
                limit=self.move_on_after,
                now=now,
                seed=seed,
                tell=self._told_by_callers,
            )
            for callee, plain in spec.calls.items()
        }
        # What state each breaker is in; it leaves the open one when the next call asks.
        self.breakers = {callee: "closed" for callee in spec.calls if self.policy(callee).breaker is not None}

    @property
    def callees(self) -> tuple[str, ...]:
        """Whom this node may call, in the order they were written."""
        return tuple(self._callers)

    def policy(self, callee: str) -> Policy:
        return from_plain(Policy, self.spec.calls[callee])

    def _told_by_callers(self, event: Event) -> None:
        if isinstance(event, BreakerChanged):
            self.breakers[event.callee] = event.state
        self.tell(event)

    async def sleep(self, seconds: float) -> None:
        await trio.sleep(seconds)

    def move_on_after(self, seconds: float) -> AbstractContextManager[trio.CancelScope]:
        """trio's, on this node's own time."""
        return trio.move_on_after(seconds)

    def random(self, purpose: str, *names: str | int) -> Random:
        """This node's own dice for one purpose; the same names roll the same numbers."""
        return dice.stream(self._seed, purpose, self.name, *names)

    def uuid(self, purpose: str, *names: str | int) -> str:
        """A version 4 identifier; the same names give the same one, in a real run and in a simulated one."""
        return str(uuid.UUID(int=self.random(purpose, *names).getrandbits(128), version=4))

    async def call(
        self,
        callee: str,
        method: str,
        target: str,
        *,
        cause: Request,
        json: Any = None,
        body: bytes = b"",
        headers: Headers = (),
        number: int = 1,
    ) -> Response:
        """The callee's answer to ``cause``'s need, under the policy for that callee; CallError when none came.

        ``json`` is the body, if it is not None, else ``body`` as it is; ``number`` tells equal calls for one cause
        apart, so that each rolls dice of its own on the far side. Request id and trace are the cause's, the wall clock and
        the span each attempt's own.
        """
        if json is not None:
            body = compact(json).encode()
        content = (("content-type", "application/json"),) if json is not None else ()
        parent, name = cause.header(TRACE_PARENT), cause.header(REQUEST_ID)
        if not self._tracing:
            name, parent = self.uuid("untraced", name, parent, callee, method, target, number), ""

        def prepare(attempt: int) -> Request:
            tracing = call_headers(
                seed=self._seed,
                caller=self.name,
                callee=callee,
                request=name,
                attempt=attempt,
                wall_s=self.clock.time(),
                cause=parent,
                call=f"{parent} {method} {target} {number}",
            )
            return Request(method=method, target=target, headers=(*tracing, *content, *headers), body=body)

        return await self._callers[callee].call(prepare, until=expires_at(cause), number=number)

    def happened(self, what: str, request: Request | str = "", **data: Any) -> None:
        """Tell a fact of the shop's own world; ``request`` is the one that led to it, or its id."""
        name = request if isinstance(request, str) else request.header(REQUEST_ID)
        self.tell(Happened(at=self.now(), node=self.name, what=what, request=name, data=data))

    def note(self, text: str, level: str = "info") -> None:
        self.tell(Noted(at=self.now(), source=self.name, text=text, level=level))

    def database(self, name: str) -> sqlite3.Connection:
        """A SQLite database of this node's own; statements commit at once unless inside ``transaction``."""
        return self._disk.open(name)

    def close(self) -> None:
        """Close the databases; the node is of no use after that."""
        self._disk.close()


@contextmanager
def transaction(database: sqlite3.Connection) -> Iterator[None]:
    """All statements inside take effect together, or none."""
    database.execute("BEGIN IMMEDIATE")
    try:
        yield
    except BaseException:
        database.execute("ROLLBACK")
        raise
    database.execute("COMMIT")
