"""The signs and colours of the picture: every result has a sign of its own, so that colour only adds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from rich.console import Console
from rich.style import Style

from chaoscli.messages import Result
from chaoscli.views.scene import Tone


@dataclass(frozen=True, slots=True, kw_only=True)
class Glyphs:
    """``levels`` are eight heights of one cell, ``bad`` the same in the texture of calls that failed; ``breaker`` has the sign
    and the style of each state."""

    levels: str
    bad: str
    hanging: str
    waiting: str
    stem: str
    worst: str
    band: str
    band_ends: tuple[str, str]
    band_line: str
    rule: str
    wall: str
    tick: str
    floor: str
    corner: str
    head: str
    results: Mapping[Result, str]
    tones: Mapping[Tone, str]
    arrow: str
    dot: str
    cut: str
    yes: str
    no: str
    late: str
    queue: str
    breaker: Mapping[str, tuple[str, str]]


UNICODE = Glyphs(
    levels="▁▂▃▄▅▆▇█",
    bad="⣀⣀⣤⣤⣶⣶⣿⣿",
    hanging="┆",
    waiting="?",
    stem="│",
    worst="·",
    band="░",
    band_ends=("├", "┤"),
    band_line="─",
    rule="─",
    wall="│",
    tick="┬",
    floor="─",
    corner="└",
    head="▲",
    results={
        Result.OK: "█",
        Result.FALLBACK: "▒",
        Result.FAILED: "!",
        Result.TIMEOUT: "×",
        Result.REFUSED: "ø",
        Result.RESET: "/",
        Result.UNANSWERED: "?",
        Result.CANCELLED: "-",
    },
    tones={Tone.HARM: "▼", Tone.HEAL: "△", Tone.TROUBLE: "!", Tone.RELIEF: "✓", Tone.NOTE: "·"},
    arrow="→",
    dot="·",
    cut="…",
    yes="✓",
    no="✗",
    late="▓",
    queue="≡",
    breaker={"": (" ", ""), "closed": ("─", "good"), "half-open": ("◆", "hanging"), "open": ("━", "wrong")},
)

ASCII = Glyphs(
    levels="__--==##",
    bad="xxxxXXXX",
    hanging=":",
    waiting="?",
    stem="|",
    worst="'",
    band=".",
    band_ends=("[", "]"),
    band_line="-",
    rule="-",
    wall="|",
    tick="+",
    floor="-",
    corner="+",
    head="^",
    results={
        Result.OK: "#",
        Result.FALLBACK: "+",
        Result.FAILED: "!",
        Result.TIMEOUT: "x",
        Result.REFUSED: "o",
        Result.RESET: "/",
        Result.UNANSWERED: "?",
        Result.CANCELLED: "-",
    },
    tones={Tone.HARM: "v", Tone.HEAL: "^", Tone.TROUBLE: "!", Tone.RELIEF: "+", Tone.NOTE: "-"},
    arrow=">",
    dot="-",
    cut="~",
    yes="ok",
    no="NO",
    late="%",
    queue="=",
    breaker={"": (" ", ""), "closed": ("-", "good"), "half-open": ("?", "hanging"), "open": ("#", "wrong")},
)

WORDS = {
    Result.OK: "ok",
    Result.FALLBACK: "fallback",
    Result.FAILED: "failed",
    Result.TIMEOUT: "timeout",
    Result.REFUSED: "refused",
    Result.RESET: "reset",
    Result.UNANSWERED: "unanswered",
    Result.CANCELLED: "cancelled",
}

# Sixteen-colour names where they do, so that a terminal's own theme decides what green is.
STYLES: Mapping[str, Style] = {
    name: Style.parse(text)
    for name, text in {
        "": "",
        "title": "bold",
        "lane": "bold",
        "faint": "dim",
        "number": "",
        "band": "yellow dim",
        "fault": "bold yellow",
        "ok": "green",
        "fallback": "cyan",
        "failed": "red",
        "timeout": "red",
        "refused": "magenta",
        "reset": "magenta",
        "unanswered": "yellow",
        "hanging": "yellow",
        "worst": "dim",
        "late": "yellow",
        "queue": "magenta",
        "busy": "blue",
        "bad": "red",
        "good": "green",
        "wrong": "bold red",
        "harm": "bold yellow",
        "heal": "bold green",
        "trouble": "red",
        "relief": "green",
        "note": "dim",
    }.items()
}


def glyphs_for(console: Console) -> Glyphs:
    """Unicode where the console's encoding can carry it."""
    try:
        (UNICODE.levels + UNICODE.bad + UNICODE.yes).encode(console.encoding)
    except (UnicodeEncodeError, LookupError):
        return ASCII
    return ASCII if console.legacy_windows else UNICODE
