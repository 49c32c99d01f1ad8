"""The writes that the primaries of a store accepted and acknowledged, as they told of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from chaoscli.events import Happened
from chaoscli.measures.base import NoData
from chaoscli.recording import Recording


@dataclass(frozen=True, slots=True, kw_only=True)
class Write:
    """``node`` put it under ``number`` into its log in ``term`` at ``accepted``, and said at ``acknowledged`` that it counts."""

    operation: str
    request: str
    node: str
    term: int
    number: int
    accepted: float
    acknowledged: float | None = None


def acknowledged(recording: Recording) -> Sequence[Write]:
    """In the order in which they were acknowledged; NoData when none was."""
    accepted: dict[tuple[str, str], Write] = {}
    found: list[Write] = []
    for one in recording.of(Happened):
        if one.what not in ("write accepted", "write acknowledged"):
            continue
        name = one.node, str(one.data["operation"])
        if one.what == "write accepted":
            accepted[name] = Write(
                operation=name[1], request=one.request, node=one.node, term=int(one.data["term"]),
                number=int(one.data["number"]), accepted=one.at,
            )  # fmt: skip
        elif name in accepted:
            found.append(replace(accepted[name], acknowledged=one.at))
    if not found:
        raise NoData("no write was acknowledged")
    return found
