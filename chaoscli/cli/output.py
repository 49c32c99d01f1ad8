"""A console on stdout or stderr whose reader may leave early: that ends the writing, not the run (`chaos run ... | head`)."""

from __future__ import annotations

from rich.console import Console

from chaoscli.cli.streams import silence

USUAL_WIDTH = 80


class Output(Console):
    """Writes to stdout, or to stderr."""

    def __init__(self, *, stderr: bool = False) -> None:
        super().__init__(stderr=stderr, highlight=False)
        if self.width < 1:  # COLUMNS=0, as some tools set it: rich would write nothing at all
            self.width = USUAL_WIDTH

    def on_broken_pipe(self) -> None:
        self.quiet = True
        silence(self.file)
