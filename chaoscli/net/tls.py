"""Mutual TLS between nodes: each shows a certificate in its own name, signed by an authority that lives as long as the run.

TLS 1.3 only (RFC 8446): a handshake is one round trip. No tickets are given out, so that every new connection is a whole
handshake, and what it costs can be seen.
"""

from __future__ import annotations

import hashlib
import re
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import trio

from chaoscli.messages import CallError, Result
from chaoscli.settings import from_plain

_HOST_NAME = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")


@dataclass(frozen=True, slots=True, kw_only=True)
class Credentials:
    """Paths of PEM files: the authority's certificate, and a node's own with its key."""

    authority: str
    certificate: str


def credentials_of(part: Mapping[str, Any]) -> Credentials | None:
    """What a process was given with its part, if its world has any."""
    given = part.get("credentials")
    return from_plain(Credentials, given) if given else None


def host_name(node: str) -> str:
    """What certificates call a node: its name where that can stand in one (RFC 1123, 2.1), something like it otherwise."""
    return node if _HOST_NAME.fullmatch(node) else f"n{hashlib.sha256(node.encode()).hexdigest()[:32]}"


def server_context(own: Credentials) -> ssl.SSLContext:
    """For a callee that wants to see a certificate of everybody."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.verify_mode = ssl.CERT_REQUIRED
    context.num_tickets = 0
    context.load_cert_chain(own.certificate)
    return _usual(context, own)


def client_context(own: Credentials, *, anonymous: bool = False) -> ssl.SSLContext:
    """For a caller, who shows its certificate unless it is to have none."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    if not anonymous:
        context.load_cert_chain(own.certificate)
    return _usual(context, own)


def client_contexts(own: Credentials | None, calls: Mapping[str, Mapping[str, Any]]) -> dict[str, ssl.SSLContext]:
    """One for each callee whose plain policy says that TLS is spoken to it."""
    modes = {callee: policy.get("tls") for callee, policy in calls.items()}
    return {
        callee: client_context(own, anonymous=mode == "anonymous")
        for callee, mode in modes.items()
        if own is not None and mode in ("mutual", "anonymous")
    }


async def shaken_hands(stream: trio.SocketStream, context: ssl.SSLContext, callee: str) -> trio.SSLStream[trio.SocketStream]:
    """The caller's side of a connection on which both know whom they speak to; CallError when one of them does not."""
    secured = trio.SSLStream(stream, context, server_hostname=host_name(callee), https_compatible=True)
    try:
        await secured.do_handshake()
    except BaseException as error:
        stream.socket.close()
        if isinstance(error, trio.BrokenResourceError):
            raise CallError(Result.RESET, "the TLS handshake failed") from error
        raise
    return secured


def _usual(context: ssl.SSLContext, own: Credentials) -> ssl.SSLContext:
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    context.load_verify_locations(own.authority)
    return context
