from __future__ import annotations

import os
import subprocess
import sys
from io import StringIO

import pytest
from rich.console import Console

from chaoscli.views.live import LiveView
from chaoscli.views.source import SceneSource
from tests.views import plays

ENTER, LEAVE = "\x1b[?1049h", "\x1b[?1049l"
HIDE, SHOW = "\x1b[?25l", "\x1b[?25h"


def screen(width: int = 80, height: int = 24) -> Console:
    return Console(file=StringIO(), force_terminal=True, width=width, height=height, color_system="standard")


def written(console: Console) -> str:
    assert isinstance(console.file, StringIO)
    return console.file.getvalue()


def test_the_screen_is_taken_and_given_back() -> None:
    console = screen()
    with LiveView(console, SceneSource(plays.partition().variants)) as view:
        view.draw(5.0)

    text = written(console)
    assert text.startswith(ENTER)
    assert HIDE in text
    assert LEAVE in text[text.rindex("partition") :]
    assert text.rindex(SHOW) > text.rindex(HIDE)


def test_the_screen_is_given_back_when_drawing_fails() -> None:
    console = screen()

    def interrupted() -> None:
        with LiveView(console, SceneSource(plays.partition().variants)) as view:
            view.draw(5.0)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()

    assert LEAVE in written(console)
    assert written(console).rindex(SHOW) > written(console).rindex(HIDE)


def test_somebody_else_can_have_the_terminal_for_a_while() -> None:
    console = screen()
    with LiveView(console, SceneSource(plays.partition().variants)) as view:
        view.draw(5.0)
        view.give_back()
        away = written(console)
        assert away.rindex(LEAVE) > away.rindex(ENTER)
        assert away.rindex(SHOW) > away.rindex(HIDE)
        view.take_again()
        view.draw(6.0)
        back = written(console)[len(away) :]
        assert back.startswith(ENTER)
        assert "no-timeout" in back
    assert written(console).rindex(LEAVE) > written(console).rindex(ENTER)


def test_nothing_is_drawn_unless_told() -> None:
    console = screen()
    with LiveView(console, SceneSource(plays.partition().variants)) as view:
        before = written(console)
        assert "no-timeout" not in before
        view.draw(5.0)
        assert written(console).count("no-timeout") - before.count("no-timeout") >= 1
        after = written(console)
    assert "no-timeout" not in written(console)[len(after) :]


@pytest.mark.parametrize(("width", "height"), [(80, 24), (40, 10), (200, 70)])
def test_a_frame_never_has_more_lines_than_the_terminal(width: int, height: int) -> None:
    console = screen(width, height)
    with LiveView(console, SceneSource(plays.retries().variants)) as view:
        start = len(written(console))
        view.draw(4.0)
        frame = written(console)[start:]

    assert frame.count("\n") <= height - 1


def test_a_terminal_that_is_resized_gets_the_next_frame_in_its_new_size() -> None:
    console = screen(80, 24)
    with LiveView(console, SceneSource(plays.partition().variants)) as view:
        view.draw(4.0)
        console.size = (120, 40)
        start = len(written(console))
        view.draw(4.1)

    assert max(len(line) for line in written(console)[start:].split("\n") if "──" in line) > 100


def test_no_color_leaves_the_signs_and_takes_the_colours() -> None:
    script = """
from rich.console import Console
from chaoscli.views.final import final_scene
from chaoscli.views.timeline import Timeline
from tests.views import plays
Console(force_terminal=True, width=80).print(Timeline(final_scene(plays.partition(), 80)))
"""
    environment = {**os.environ, "NO_COLOR": "1", "TERM": "xterm-256color", "PYTHONIOENCODING": "utf-8"}
    done = subprocess.run([sys.executable, "-c", script], env=environment, capture_output=True, text=True, check=True)

    codes = {code for part in done.stdout.split("\x1b[")[1:] for code in part.partition("m")[0].split(";")}
    assert codes <= {"0", "1", "2"}  # reset, bold, dim
    assert "▓" in done.stdout
