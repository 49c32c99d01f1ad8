"""Whom a node lets in, and how: what stands before its workers, whatever kind of service it is."""

from __future__ import annotations

from dataclasses import dataclass

from chaoscli.faults.base import BadSetting
from chaoscli.settings import setting
from chaoscli.units import Seconds


@dataclass(frozen=True, slots=True, kw_only=True)
class Auth:
    """Only calls that are signed as RFC 9421 has it, HMAC-SHA256 over method, target and body, and each of them once.

    AWS lets signatures be 15 minutes old (5 of them ahead), Slack and Stripe 5 minutes; clocks that are kept by NTP need
    less than a second. The keys come from CHAOS_SECRET, or from a secret made for the run.
    """

    # Twice the longest timeout that callers have by default would be ten; a play lasts as long as that.
    leeway: Seconds = setting("how old a signature may be, or how far ahead, by this node's wall clock", 5.0)
    allow: tuple[str, ...] = setting("who may call; without any, everybody who can sign", ())

    def __post_init__(self) -> None:
        if self.leeway <= 0.0:
            raise BadSetting("leeway", "is 0; every message takes some time on its way")


@dataclass(frozen=True, slots=True, kw_only=True)
class Entrance:
    """Open to everybody in plain HTTP unless asked to be more careful; and what is known of a request goes on with its calls."""

    auth: Auth | None = setting("refuse calls that are unsigned, expired, tampered with, or sent before", None)
    tracing: bool = setting(
        "pass the request's id and trace on with every call (X-Request-ID, traceparent); false makes new ones for each, as"
        " services do that nobody taught to",
        True,
    )
    compress: bool = setting("compress answers (gzip) for callers that take them; at the price of processor time", False)
    tls: bool = setting("speak TLS 1.3 only, and only with callers that show a certificate of this run (extra: tls)", False)
