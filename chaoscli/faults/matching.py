"""Which requests a message fault is about: by method, path and header, then by number, then by chance."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

from chaoscli.faults.base import BadSetting
from chaoscli.messages import Request
from chaoscli.settings import setting
from chaoscli.units import Share, format_share


@dataclass(frozen=True, slots=True, kw_only=True)
class Matching:
    """What all message faults can be told about the requests they harm; those that do not match are not counted."""

    method: str | None = setting("only requests of this method", None)
    path: str | None = setting("only requests whose path begins like this", None)
    header: str | None = setting("only requests with this header: 'name', or 'name: value'", None)
    first: int | None = setting("only the first so many of them", None)
    nth: int | None = setting("only the one with this number, from 1", None)
    probability: Share = setting("the share of them that is harmed; 0% never", 1.0)

    def __post_init__(self) -> None:
        if self.first is not None and self.first < 0:
            raise BadSetting("first", "cannot be negative")
        if self.nth is not None and self.nth < 1:
            raise BadSetting("nth", "counts from 1")
        if not 0.0 <= self.probability <= 1.0:
            raise BadSetting("probability", "is a share from 0 to 1")

    def matches(self, request: Request) -> bool:
        if self.method is not None and request.method.upper() != self.method.upper():
            return False
        if self.path is not None and not request.path.startswith(self.path):
            return False
        return self.header is None or _has(request, self.header)

    def strikes(self, number: int, rng: Random) -> bool:
        """Is the matching request with this ``number`` (from 1) among the unlucky?"""
        if self.first is not None and number > self.first:
            return False
        if self.nth is not None and number != self.nth:
            return False
        return rng.random() < self.probability

    def about(self) -> str:
        """The restrictions in words, to stand behind the fault: `` 30%, the first 2, POST /api``."""
        parts: list[str] = []
        if self.first is not None:
            parts.append("the first" if self.first == 1 else f"the first {self.first}")
        if self.nth is not None:
            parts.append(f"number {self.nth}")
        if self.method is not None or self.path is not None:
            parts.append(" ".join(one for one in (self.method, self.path) if one))
        if self.header is not None:
            parts.append(f"with {self.header}")
        share = "" if self.probability == 1.0 else f" {format_share(self.probability)}"
        return share + "".join(f", {part}" for part in parts)


def _has(request: Request, wanted: str) -> bool:
    name, colon, value = wanted.partition(":")
    found = [text for key, text in request.headers if key == name.strip().lower()]
    return value.strip() in found if colon else bool(found)
