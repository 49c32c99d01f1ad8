"""Connections to named callees that are kept and used again, whatever they are made of.

A kept connection may have been closed by its peer in the meantime. That is looked for before it is used; when it
happens at the same moment, the request is sent once more on a new connection, but only if its method is idempotent, no
byte of a reply had come and the connection had served before (RFC 9110, 9.2.2; RFC 9112, 9.3.1). Nothing else is
tried again here: trying again is a policy, and policies are what is being watched.
"""

from __future__ import annotations

import os
from abc import ABC, abstractmethod
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Generic, Protocol, TypeVar

import trio

from chaoscli.messages import CallError, Request, Response, Result

IDEMPOTENT = frozenset({"GET", "HEAD", "PUT", "DELETE", "OPTIONS", "TRACE"})  # RFC 9110, 9.2.2


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientLimits:
    """What one callee may take of its caller. Sizes in bytes, times in seconds."""

    kept: int = 256  # idle connections to one callee: more than our services have workers, so a busy caller never redials
    kept_s: float = 30.0  # shorter than servers keep them (HttpLimits.idle_s), so that the two never meet in the act
    open: int = 2048  # connections to one callee at once: what hangs in a partition must stay below the open files allowed
    header_bytes: int = 64 * 1024
    body_bytes: int = 8 << 20


def limits_of(calls: Mapping[str, Mapping[str, Any]]) -> dict[str, ClientLimits]:
    """What each callee's plain policy says of the connections to it."""
    usual = ClientLimits()
    return {
        callee: ClientLimits(
            kept=0 if policy.get("connections") == "new" else policy.get("keep", usual.kept),
            kept_s=policy.get("keep_for", usual.kept_s),
        )
        for callee, policy in calls.items()
    }


class StaleError(CallError):
    """A connection that had served before broke before any byte of this reply."""


class Pooled(Protocol):
    """One connection. ``kept_since`` is the pool's to set."""

    kept_since: float

    @property
    def reusable(self) -> bool: ...

    def is_quiet(self) -> bool:
        """Nothing has come since the last reply. Anything that has is the end of the stream, or a reply to no request."""

    def close_at_once(self) -> None: ...

    async def exchange(self, callee: str, request: Request) -> Response:
        """The reply; StaleError or CallError when the connection broke."""


P = TypeVar("P", bound=Pooled)
_USUAL = ClientLimits()


class Pool(ABC, Generic[P]):
    """``net.base.Transport`` over connections that a world knows how to make. ``limits`` are by callee; those of
    ``ClientLimits`` hold for the others."""

    def __init__(self, limits: Mapping[str, ClientLimits] | None = None) -> None:
        self._limits = limits or {}
        self._kept: defaultdict[str, list[P]] = defaultdict(list)
        self._open: defaultdict[str, int] = defaultdict(int)

    @abstractmethod
    async def _connect(self, callee: str) -> P:
        """A new connection; OSError when there is none to be had."""

    @abstractmethod
    def _leads_to(self, connection: P, callee: str) -> bool:
        """The connection still leads where the callee is."""

    async def exchange(self, callee: str, request: Request) -> Response:
        """The callee's reply; CallError refused when nobody listens, reset when the connection or the reply broke."""
        connection = self._take_kept(callee)
        if connection is not None:
            try:
                return await self._exchange_on(connection, callee, request)
            except StaleError as stale:
                if request.method not in IDEMPOTENT:
                    raise CallError(Result.RESET, stale.detail) from stale
        return await self._exchange_on(await self._open_one(callee), callee, request)

    def limits_to(self, callee: str) -> ClientLimits:
        return self._limits.get(callee, _USUAL)

    async def aclose(self) -> None:
        """Close what is kept; calls in flight are their callers' to cancel."""
        for callee, connections in self._kept.items():
            while connections:
                self._close(callee, connections.pop())

    async def _exchange_on(self, connection: P, callee: str, request: Request) -> Response:
        whole = False
        try:
            response = await connection.exchange(callee, request)
            whole = True
        finally:
            if whole and connection.reusable and len(self._kept[callee]) < self.limits_to(callee).kept:
                connection.kept_since = trio.current_time()
                self._kept[callee].append(connection)
            else:  # a cancelled exchange as well: its reply would answer the next request
                self._close(callee, connection)
        return response

    def _take_kept(self, callee: str) -> P | None:
        """The connection used last, so that the others may grow old; those that are of no more use are closed on the way."""
        kept = self._kept[callee]
        oldest = trio.current_time() - self.limits_to(callee).kept_s
        while kept:
            connection = kept.pop()
            if self._leads_to(connection, callee) and connection.kept_since > oldest and connection.is_quiet():
                return connection
            self._close(callee, connection)
        return None

    async def _open_one(self, callee: str) -> P:
        most = self.limits_to(callee).open
        if self._open[callee] >= most:
            raise CallError(Result.REFUSED, f"{most} connections to {callee} are open already")
        self._open[callee] += 1
        try:
            return await self._connect(callee)
        except BaseException as error:
            self._open[callee] -= 1
            if isinstance(error, ConnectionResetError | ConnectionAbortedError):
                raise CallError(Result.RESET, "reset while connecting") from error
            if isinstance(error, OSError):
                raise CallError(Result.REFUSED, os.strerror(error.errno or 0).lower()) from error
            raise

    def _close(self, callee: str, connection: P) -> None:
        self._open[callee] -= 1
        connection.close_at_once()
