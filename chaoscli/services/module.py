"""A service as a module of a larger program: the same code, whose neighbours in the program are a function call away.

What leaves the program goes by the program's own node, under its name and its policies.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from contextlib import AbstractContextManager
from random import Random
from typing import Any

import trio

from chaoscli.compact import compact
from chaoscli.events import Answered, Arrived, Event
from chaoscli.messages import ATTEMPT, CALLER, EXPIRES_AT, REQUEST_ID, SENT_AT, TRACE_PARENT, Headers, Request, Response
from chaoscli.net.base import Handler
from chaoscli.services.node import Node

# What the caller's own request says about who wants what until when; it is the same thread of work.
_OF_THE_CAUSE = (REQUEST_ID, TRACE_PARENT, EXPIRES_AT, SENT_AT, ATTEMPT)


class ModuleNode(Node):
    """A module's place in ``program``. ``modules`` are its neighbours by name, itself among them; they may be filled in later.

    Its arrivals and answers are inside of the program's own, and are not told.
    """

    def __init__(self, program: Node, name: str, modules: Mapping[str, Handler]) -> None:
        # Not Node's: whatever it is and has, it is and has in the program.
        self.spec = program.spec
        self.name = program.name
        self.now = program.now
        self.clock = program.clock
        self.keys = program.keys
        self._program = program
        self._module = name
        self._modules = modules

    @property
    def slower_by(self) -> float:  # type: ignore[override]  # only looked at
        return self._program.slower_by

    @property
    def absent(self) -> frozenset[str]:  # type: ignore[override]
        return self._program.absent

    @property
    def callees(self) -> tuple[str, ...]:
        return (*(name for name in self._modules if name != self._module), *self._program.callees)

    def tell(self, event: Event) -> None:
        if not isinstance(event, Arrived | Answered):
            self._program.tell(event)

    async def sleep(self, seconds: float) -> None:
        await self._program.sleep(seconds)

    def move_on_after(self, seconds: float) -> AbstractContextManager[trio.CancelScope]:
        return self._program.move_on_after(seconds)

    def random(self, purpose: str, *names: str | int) -> Random:
        return self._program.random(purpose, self._module, *names)

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
        if callee not in self._modules:
            return await self._program.call(
                callee, method, target, cause=cause, json=json, body=body, headers=headers, number=number
            )
        if json is not None:
            body = compact(json).encode()
        passed_on = tuple((name, cause.header(name)) for name in _OF_THE_CAUSE if cause.header(name))
        whole = (*passed_on, (CALLER, self._module), *headers)
        return await self._modules[callee](Request(method=method, target=target, headers=whole, body=body))

    def database(self, name: str) -> sqlite3.Connection:
        return self._program.database(name)

    def close(self) -> None:
        """The program's to do."""
