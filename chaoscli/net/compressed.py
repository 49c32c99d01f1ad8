"""Bodies that travel compressed (gzip, RFC 1952; negotiated as RFC 9110, 8.4 and 12.5.3 have it), and are whole at both ends."""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from chaoscli.messages import CallError, Headers, Request, Response, Result
from chaoscli.net.base import Transport
from chaoscli.net.pool import ClientLimits

ACCEPT_ENCODING, CONTENT_ENCODING = "accept-encoding", "content-encoding"
# zlib's own middle, which most servers use for what they compress as they go.
LEVEL = 6
# The head of gzip and what surrounds a small body would be more than is saved (nginx's gzip_min_length is 20, most people's 256).
LEAST_BYTES = 256
_GZIP = 16 + zlib.MAX_WBITS


@dataclass(frozen=True, slots=True, kw_only=True)
class CompressedTransport:
    """``inner``, to which answers may come compressed from those callees whose plain policy says so."""

    inner: Transport
    calls: Mapping[str, Mapping[str, Any]]

    async def exchange(self, callee: str, request: Request) -> Response:
        if not self.calls.get(callee, {}).get("compressed"):
            return await self.inner.exchange(callee, request)
        asking = replace(request, headers=(*request.headers, (ACCEPT_ENCODING, "gzip")))
        return whole(await self.inner.exchange(callee, asking))


def compressed(response: Response, request: Request) -> Response:
    """The response as it may travel to whoever sent ``request``, if that makes it smaller."""
    accepts = [one.strip() for one in request.header(ACCEPT_ENCODING).split(",")]
    if "gzip" not in accepts or len(response.body) < LEAST_BYTES:
        return response
    packer = zlib.compressobj(LEVEL, wbits=_GZIP)
    packed = packer.compress(response.body) + packer.flush()
    if len(packed) >= len(response.body):
        return response
    return replace(response, headers=(*response.headers, (CONTENT_ENCODING, "gzip")), body=packed)


def whole(response: Response) -> Response:
    """The response as it was meant; CallError for one that is not what it says, or grows beyond what a caller takes."""
    if response.header(CONTENT_ENCODING) != "gzip":
        return response
    unpacker, most = zlib.decompressobj(wbits=_GZIP), ClientLimits().body_bytes
    try:
        body = unpacker.decompress(response.body, most + 1)
    except zlib.error as error:
        raise CallError(Result.RESET, "the answer says it is gzip, and is not") from error
    if not unpacker.eof or len(body) > most:
        raise CallError(Result.RESET, f"a compressed answer that breaks off, or of more than {most} bytes")
    headers: Headers = tuple((name, value) for name, value in response.headers if name != CONTENT_ENCODING)
    return replace(response, headers=headers, body=body)
