"""Whom a node lets in, and how: what stands before its workers, whatever kind of service it is."""

from __future__ import annotations

from dataclasses import dataclass

from chaoscli.settings import setting


@dataclass(frozen=True, slots=True, kw_only=True)
class Entrance:
    """Open to everybody in plain HTTP unless asked to be more careful."""

    tls: bool = setting("speak TLS 1.3 only, and only with callers that show a certificate of this run (extra: tls)", False)
