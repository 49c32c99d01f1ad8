"""Which words of HTTP mean which task: the route table of Toxiproxy's API, and who may not speak to it at all."""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass
from enum import StrEnum
from urllib.parse import unquote

from chaoscli.control.replies import TEXT, text
from chaoscli.messages import Request, Response

# Names under these can never be registered by a stranger (RFC 6761, RFC 6762, RFC 8375, ICANN's .internal), so that no
# page of theirs can make a browser send them here. A name without a dot is a container's or a host's own.
PRIVATE_ENDINGS = (".localhost", ".local", ".internal", ".test", ".home.arpa")
_CALL_IT_SO = b"Host not allowed: call it by its address, by a name without dots, or by what --host was told\n"


class What(StrEnum):
    VERSION = "version"
    METRICS = "metrics"
    LIST_PROXIES = "list proxies"
    CREATE_PROXY = "create proxy"
    POPULATE = "populate"
    RESET = "reset"
    SHOW_PROXY = "show proxy"
    UPDATE_PROXY = "update proxy"
    DELETE_PROXY = "delete proxy"
    LIST_TOXICS = "list toxics"
    CREATE_TOXIC = "create toxic"
    SHOW_TOXIC = "show toxic"
    UPDATE_TOXIC = "update toxic"
    DELETE_TOXIC = "delete toxic"


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """What a request asks for; the names are those in its path, decoded."""

    what: What
    proxy: str = ""
    toxic: str = ""
    body: bytes = b""


ROUTES: tuple[tuple[str, dict[str, What]], ...] = (
    ("/version", {"GET": What.VERSION}),
    ("/metrics", {"GET": What.METRICS}),
    ("/reset", {"POST": What.RESET}),
    ("/populate", {"POST": What.POPULATE}),
    ("/proxies", {"GET": What.LIST_PROXIES, "POST": What.CREATE_PROXY}),
    (
        "/proxies/{proxy}",
        {"GET": What.SHOW_PROXY, "POST": What.UPDATE_PROXY, "PATCH": What.UPDATE_PROXY, "DELETE": What.DELETE_PROXY},
    ),
    ("/proxies/{proxy}/toxics", {"GET": What.LIST_TOXICS, "POST": What.CREATE_TOXIC}),
    (
        "/proxies/{proxy}/toxics/{toxic}",
        {"GET": What.SHOW_TOXIC, "POST": What.UPDATE_TOXIC, "PATCH": What.UPDATE_TOXIC, "DELETE": What.DELETE_TOXIC},
    ),
)
_PATTERNS = tuple((re.compile(re.sub(r"{(\w+)}", r"(?P<\1>[^/]+)", path)), methods) for path, methods in ROUTES)


def route(request: Request, *, own_name: str = "") -> Task | Response:
    """The task, or the answer to a request that has none. ``own_name`` is a name that this server goes by."""
    for pattern, methods in _PATTERNS:
        match = pattern.fullmatch(request.path)
        if match is None:
            continue
        if request.method not in methods:
            return Response(status=405)
        refusal = guard(request, own_name=own_name)
        if refusal is not None:
            return refusal
        names = {key: unquote(value) for key, value in match.groupdict().items()}
        return Task(what=methods[request.method], body=request.body, **names)
    return text(404, "404 page not found")


def guard(request: Request, *, own_name: str = "") -> Response | None:
    """A refusal for browsers: a page must not be able to drive a proxy on its reader's machine."""
    if request.header("user-agent").startswith("Mozilla/"):
        return Response(status=403, headers=TEXT, body=b"User agent not allowed\n")
    if not is_own_name(request.header("host"), own_name):
        return Response(status=403, headers=TEXT, body=_CALL_IT_SO)
    return None


def is_own_name(host: str, own_name: str = "") -> bool:
    """Whether a Host header can only have been meant for us. A page that points its own name at 127.0.0.1 sends that name."""
    name = re.sub(r":\d*$", "", host).lower().rstrip(".")
    if name in ("", own_name.lower()) or name.endswith(PRIVATE_ENDINGS):
        return True
    try:
        ipaddress.ip_address(name.removeprefix("[").removesuffix("]"))
    except ValueError:
        return "." not in name and ":" not in name
    return True
