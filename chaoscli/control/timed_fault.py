"""A fault of a named link with its times, in one line: ``db: latency 50ms at 2s for 5s``."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace

from chaoscli.control.fault_text import FaultTextError, LinkFault, parse_fault
from chaoscli.errors import Place, Problem
from chaoscli.faults.base import ByteFault
from chaoscli.units import UnitError, parse_duration

# No setting of a fault is called so: it is the playbook's word for its beginning.
_AT = re.compile(r"(?<!\S)at(?:\s+(?P<value>\S+))?")


@dataclass(frozen=True, slots=True, kw_only=True)
class TimedFault:
    """``at_s`` is after the start of the command, ``text`` as it was written behind the link."""

    link: str
    fault: LinkFault
    at_s: float
    text: str

    @property
    def keeps_out(self) -> bool:
        """It harms the connecting itself, before there is anything that a proxy could count."""
        fault = self.fault.fault
        return isinstance(fault, ByteFault) and (fault.refuses or fault.holds_dialling)

    @property
    def until_s(self) -> float | None:
        return None if self.fault.duration_s is None else self.at_s + self.fault.duration_s


def parse_timed_fault(text: str, links: Mapping[str, str]) -> TimedFault:
    """The fault that ``text`` describes; ``links`` has the protocol of each link. FaultTextError with a caret."""
    name, colon, rest = text.partition(":")
    link = name.strip()
    if not colon or link not in links:
        known = ", ".join(links)
        message = f"there is no link '{link}'" if colon else "which link is it for?"
        raise _wrong(
            text, 0, max(1, len(name)), message, f"write it like '{next(iter(links), 'db')}: latency 50ms'; known: {known}"
        )
    # What has been read already becomes blank, so that every column stays where it is.
    blank = " " * (len(name) + 1) + rest
    at_s, blank = _begins(text, blank)
    try:
        fault = parse_fault(blank, udp=links[link] == "udp")
    except FaultTextError as error:
        place = error.problem.place
        column = place.column if place.column > len(name) + 1 else len(name) + 2
        raise FaultTextError(replace(error.problem, place=replace(place, text=text, column=column))) from None
    return TimedFault(link=link, fault=fault, at_s=at_s, text=rest.strip())


def _begins(text: str, blank: str) -> tuple[float, str]:
    """When it begins, and the text without that."""
    found = list(_AT.finditer(blank))
    if not found:
        return 0.0, blank
    first = found[0]
    if len(found) > 1:
        raise _wrong(text, found[1].start(), len(found[1][0]), "'at' is given twice")
    if first["value"] is None:
        raise _wrong(text, first.start(), 2, "a value for 'at' is missing", "like 'at 2s'")
    try:
        at_s = parse_duration(first["value"])
        if at_s < 0:
            raise UnitError("nothing begins before the command does")
    except UnitError as error:
        raise _wrong(text, first.start("value"), len(first["value"]), str(error), "when it begins, like 'at 2s'") from None
    return at_s, blank[: first.start()] + " " * len(first[0]) + blank[first.end() :]


def _wrong(text: str, start: int, width: int, message: str, hint: str = "") -> FaultTextError:
    place = Place(file="--fault", line=1, column=start + 1, width=width, text=text)
    return FaultTextError(Problem(message=message, place=place, hint=hint))
