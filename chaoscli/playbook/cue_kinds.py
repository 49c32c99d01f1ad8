"""What a cue can do to those on stage, one row each: the language, its schema and its reference page follow from these."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Target = Literal["service", "group", "load", "either"]


@dataclass(frozen=True, slots=True, kw_only=True)
class CueKind:
    """One row. ``aim`` says what it is for; ``lasts`` whether it may have an end of its own, and ``undone`` what happens then.
    A cue that ``stays`` lasts until something ends it, at the latest the play; any other is over in the moment it is done."""

    kind: str
    doc: str
    aim: Target
    lasts: bool = False
    undone: str = ""
    stays: bool = False


_ROWS = (
    CueKind(
        kind="kill",
        doc="Ends a service as a power cut would: SIGKILL, and what it had not committed is lost.",
        aim="service",
        lasts=True,
        undone="it starts again, with its disk",
    ),
    CueKind(kind="restart", doc="Starts a service, with its disk; one that is up is killed first.", aim="service"),
    CueKind(
        kind="pause",
        doc="Stops a service where it is (SIGSTOP): connections stay open, and nothing answers. A load offers nothing.",
        aim="either",
        lasts=True,
        undone="it goes on where it stopped",
        stays=True,
    ),
    CueKind(kind="resume", doc="Lets what was paused go on.", aim="either"),
    CueKind(
        kind="scale",
        doc="Has so many replicas of a service: further ones start, or the last ones end what they are at and stop.",
        aim="group",
        lasts=True,
        undone="there are again as many as before",
    ),
    CueKind(
        kind="load",
        doc="Changes how much a load offers, from the rate that is written for it.",
        aim="load",
        lasts=True,
        undone="it offers again what is written for it",
    ),
)

CUES: dict[str, CueKind] = {row.kind: row for row in _ROWS}
