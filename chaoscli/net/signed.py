"""A way out on which calls are signed as they leave, every attempt anew."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from chaoscli.messages import ATTEMPT, SENT_AT, TRACE_PARENT, Request, Response
from chaoscli.net.base import Transport
from chaoscli.net.signing import Keyring, nonce_of
from chaoscli.topology import NodeSpec


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedTransport:
    """``inner``, with the key of ``caller`` on what it sends to those callees whose plain policy says so; ``wall`` is its
    clock."""

    inner: Transport
    caller: NodeSpec
    keys: Keyring | None
    wall: Callable[[], float]

    async def exchange(self, callee: str, request: Request) -> Response:
        if self.caller.calls.get(callee, {}).get("sign"):
            assert self.keys is not None, "a caller that is to sign was given no keys"
            marks = [request.header(name) for name in (TRACE_PARENT, ATTEMPT, SENT_AT)]
            nonce = nonce_of(self.caller.name, callee, *marks)
            request = self.keys.sign(request, caller=self.caller.name, created=int(self.wall()), nonce=nonce)
        return await self.inner.exchange(callee, request)
