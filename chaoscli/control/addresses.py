"""Addresses as people write them for Go programs ("localhost:3310", ":0", "[::1]:80"), and what Go says when they are wrong."""

from __future__ import annotations

import ipaddress
import os
import re
import socket

import trio

LOOPBACK = "127.0.0.1"
EVERYWHERE = "::"
# Where Toxiproxy's clients look for it.
API_PORT = 8474
# Dialling it fails at once: port 0 is nobody's.
NOWHERE = (LOOPBACK, 0)
# Long enough for a resolver that asks a second server, short enough that no client of the API has given up.
RESOLVING_S = 5.0

Address = tuple[str, int]


class AddressError(ValueError):
    """The text is no address, or its host has none; the message is Go's."""


def split(text: str) -> tuple[str, int]:
    """Host and port; the host may be empty. AddressError for anything else."""
    bracketed = re.fullmatch(r"\[([^\[\]]*)\](?::(.*))?", text)
    host, colon, port = (bracketed[1], bracketed[2] is not None, bracketed[2] or "") if bracketed else _plain_split(text)
    if not colon:
        raise AddressError(f"address {text}: missing port in address")
    if port == "":
        return host, 0
    if not re.fullmatch(r"\d+", port):
        raise AddressError(f"lookup tcp/{port}: unknown port")
    if int(port) > 65535:
        raise AddressError(f"address {port}: invalid port")
    return host, int(port)


def _plain_split(text: str) -> tuple[str, bool, str]:
    host, colon, port = text.rpartition(":")
    if ":" in host:
        raise AddressError(f"address {text}: too many colons in address")
    return host, bool(colon), port


def join(address: Address) -> str:
    host, port = address
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


async def resolve_listen(text: str) -> Address:
    """Where a listener asked for as ``text`` will be, its port still 0 if any will do. AddressError when it cannot be.

    Nothing at all means a free port on the loopback: the original would open it to the whole network, which nobody who
    writes nothing has asked for. A port alone is every interface, as in Go. localhost is IPv4, since clients split at the colon.
    """
    if not text:
        return LOOPBACK, 0
    host, port = split(text)
    if not host:
        return (EVERYWHERE if socket.has_ipv6 else "0.0.0.0"), port
    if host == "localhost":
        return LOOPBACK, port
    return await look_up(host), port


async def look_up(host: str) -> str:
    """The address that a host name stands for, or the numeric address itself. AddressError when it has none."""
    if is_numeric(host):
        return host
    try:
        with trio.fail_after(RESOLVING_S):
            found = await trio.socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise AddressError(f"lookup {host}: no such host") from error
    except trio.TooSlowError as error:
        raise AddressError(f"lookup {host}: i/o timeout") from error
    # IPv4 first, as Go does for a host name with addresses of both kinds.
    chosen = next((one for one in found if one[0] == socket.AF_INET), found[0])
    return str(chosen[4][0])


def is_numeric(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def upstream_host(text: str) -> str:
    """The host that an upstream names; empty for the loopback, and for what is no address."""
    try:
        host = split(text)[0]
    except AddressError:
        return ""
    return "" if host == "localhost" else host


def bind_failure(address: Address, error: OSError, network: str = "tcp") -> str:
    """What Go's listener says, which tests of clients compare word for word."""
    if isinstance(error, socket.gaierror):
        return f"listen {network}: lookup {address[0]}: no such host"
    reason = os.strerror(error.errno).lower() if error.errno else str(error)
    return f"listen {network} {join(address)}: bind: {reason}"
