"""What ``chaos tour`` does: it tells each lesson of the course, waits for a key where somebody can press one, and plays it."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Literal

from rich.text import Text

from chaoscli.cli.keyboard import Keyboard, open_keyboard
from chaoscli.cli.options import Options
from chaoscli.cli.output import Output
from chaoscli.cli.playing import play_all
from chaoscli.errors import ExitCode, UsageError
from chaoscli.playbook.explain import listed
from chaoscli.playbook.load import load_playbook
from chaoscli.playbook.nodes import nearest
from chaoscli.views.final import unwrapped
from chaoscli.views.glyphs import STYLES

# How often a keyboard is asked; a person does not notice less.
ASKED_EVERY_S = 0.5
BEFORE = "any key plays it, s skips it, q ends the tour"
AFTER = "any key goes on, q ends the tour"

Choice = Literal["play", "skip", "quit"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """``since`` is the lesson to begin with, ``group`` a part of the names of groups; empty means all."""

    since: str = ""
    group: str = ""
    world: str = "real"
    seed: int | None = None
    show: str = "plain"


@dataclass(frozen=True, slots=True)
class Stop:
    """One lesson of the tour, the ``number``-th of ``count``."""

    name: str
    number: int
    count: int


def take_tour(wanted: Wanted) -> int:
    """The worst exit code of what was played."""
    with open_keyboard() as keyboard:
        ask = partial(_asked, keyboard) if keyboard.is_there and wanted.show != "quiet" else _played_on
        tell = partial(_tell, whole=wanted.show != "quiet")
        return tour(stops(wanted), ask=ask, tell=tell, play=lambda name: play_all(_options(name, wanted)))


def tour(stops: Sequence[Stop], *, ask: Callable[[str], Choice], tell: Callable[[Stop], None], play: Callable[[str], int]) -> int:
    """Tell each, ask, and play it or go on; ask again, since the next one covers what this one came to. An interrupt of a play
    ends the tour."""
    worst: int = ExitCode.HELD
    for stop in stops:
        tell(stop)
        choice = ask(BEFORE)
        if choice == "quit":
            break
        if choice == "play":
            worst = max(worst, play(stop.name))
            if worst == ExitCode.INTERRUPTED or (stop != stops[-1] and ask(AFTER) == "quit"):
                break
    return worst


def stops(wanted: Wanted) -> tuple[Stop, ...]:
    """UsageError when there is nothing to play."""
    names = [one.name for one in listed() if wanted.group.lower() in one.group.lower()]
    if not names:
        groups = ", ".join(f"'{group}'" for group in dict.fromkeys(one.group for one in listed()))
        raise UsageError(f"no group is called '{wanted.group}'", hint=f"there are {groups}")
    if wanted.since and wanted.since not in names:
        raise UsageError(f"'{wanted.since}' is no stop of this tour", hint=nearest(wanted.since, names))
    first = names.index(wanted.since) if wanted.since else 0
    return tuple(Stop(name, number, len(names)) for number, name in enumerate(names, start=1))[first:]


def _tell(stop: Stop, *, whole: bool) -> None:
    playbook = load_playbook(stop.name)
    console = Output(stderr=True)
    console.print()
    console.print(Text(f"{stop.number} of {stop.count}  {stop.name}: {playbook.title}", STYLES["title"]))
    if whole:
        console.print()
        console.print(Text(unwrapped(playbook.lesson)))
        console.print()


def _options(name: str, wanted: Wanted) -> Options:
    return Options(names=(name,), world=wanted.world, seed=wanted.seed, show=wanted.show)


def _played_on(_keys: str) -> Choice:
    return "play"


def _asked(keyboard: Keyboard, keys: str) -> Choice:
    """Until a key is pressed; whoever has no terminal any more is played on to."""
    print(keys, file=sys.stderr, flush=True)
    while True:
        key = keyboard.pressed_within(ASKED_EVERY_S)
        if key or not keyboard.is_there:
            return "quit" if key == "q" else "skip" if key == "s" else "play"
