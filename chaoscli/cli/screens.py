"""Which view a run gets, and where it goes: progress to stderr, results to stdout."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

from rich.text import Text

from chaoscli.cli.output import Output
from chaoscli.outcome import Outcome
from chaoscli.playbook.meaning import Playbook
from chaoscli.recording import RunRecording
from chaoscli.views.final import Ending, Final, checks_table, problem_lines, verdict
from chaoscli.views.glyphs import STYLES, glyphs_for
from chaoscli.views.live import LiveView
from chaoscli.views.plain import PlainView
from chaoscli.views.source import SceneSource
from chaoscli.views.timeline import subtitle_of, summaries_of, title_of


class Screen(Protocol):
    """Draws the run as it is at ``now`` seconds, when told."""

    def draw(self, now: float) -> None: ...

    def give_back(self) -> None:
        """The terminal is as it was before, until ``take_again``."""

    def take_again(self) -> None: ...


class _Dark:
    def draw(self, now: float) -> None:
        pass

    def give_back(self) -> None:
        pass

    def take_again(self) -> None:
        pass


@contextmanager
def open_screen(recording: RunRecording, show: str) -> Iterator[Screen]:
    """The screen of one run: ``live``, ``plain`` or ``quiet``. What it took of the terminal it gives back on every way out."""
    if show == "quiet":
        yield _Dark()
        return
    console = Output(stderr=True)
    header = recording.header
    source = SceneSource(recording.variants, title=title_of(header), subtitle=subtitle_of(header), summaries=summaries_of(header))
    with LiveView(console, source) if show == "live" else PlainView(console, source) as screen:
        yield screen


def show_outcome(playbook: Playbook, run: RunRecording, outcome: Outcome, ending: Ending, *, show: str) -> None:
    """The end of a run on stdout; ``quiet`` leaves only what did not hold, what makes it doubtful, the verdict, and the
    command that repeats what went wrong."""
    console = Output()
    if show != "quiet":
        console.print(Final(run, outcome, ending))
        return
    glyphs = glyphs_for(console)
    if outcome.broken and not ending.error:
        console.print(checks_table(outcome.broken, glyphs))
    if outcome.problems and not ending.error:
        console.print(problem_lines(outcome.problems, glyphs))
    console.print(Text(f"{playbook.name}: ") + verdict(outcome, ending, glyphs))
    if ending.exit_code and ending.repeat:
        console.print(Text(f"  {ending.repeat}", STYLES["faint"]), soft_wrap=True)
