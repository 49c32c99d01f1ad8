"""The picture on a terminal, redrawn when told; it takes the whole screen and gives it back on every way out."""

from __future__ import annotations

from types import TracebackType

from rich.console import Console
from rich.live import Live

from chaoscli.views.layout import plot_width
from chaoscli.views.source import SceneSource
from chaoscli.views.timeline import Timeline


class LiveView:
    """Use as a context manager; ``draw(now)`` draws one frame and nothing draws between."""

    def __init__(self, console: Console, source: SceneSource) -> None:
        self._console = console
        self._source = source
        self._live = Live(console=console, screen=True, auto_refresh=False, redirect_stdout=False, redirect_stderr=False)

    def __enter__(self) -> LiveView:
        self._live.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._live.stop()

    def draw(self, now: float) -> None:
        """One frame of the run at ``now`` seconds, in the size the terminal has just then."""
        width, height = self._console.size
        scene = self._source.scene(now, plot_width(width))
        self._live.update(Timeline(scene, height=height, live=True), refresh=True)

    def give_back(self) -> None:
        """Somebody else has the terminal for a while: it is as it was before, until ``take_again``."""
        self._live.stop()

    def take_again(self) -> None:
        self._live.start()
