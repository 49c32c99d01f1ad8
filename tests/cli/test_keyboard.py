"""Single keys without Enter, and a terminal that is as before afterwards; without one only the time passes."""

from __future__ import annotations

import os
import pty
import sys
import termios
from contextlib import suppress

import pytest

from chaoscli.cli.keyboard import Keyboard, open_keyboard


def test_a_key_is_read_at_once_and_no_key_is_nothing() -> None:
    ours, theirs = os.pipe()
    try:
        keyboard = Keyboard(ours)
        assert keyboard.pressed_within(0.0) == ""
        os.write(theirs, b" ")
        assert keyboard.pressed_within(60.0) == " "
    finally:
        os.close(ours)
        os.close(theirs)


def test_a_terminal_that_has_gone_presses_nothing_any_more() -> None:
    ours, theirs = os.pipe()
    os.close(theirs)
    keyboard = Keyboard(ours)
    assert [keyboard.pressed_within(0.0) for _ in range(3)] == ["", "", ""]
    os.close(ours)
    assert keyboard.pressed_within(0.0) == ""


def test_the_terminal_is_as_before_afterwards(monkeypatch: pytest.MonkeyPatch) -> None:
    far, near = pty.openpty()
    with open(near, encoding="utf-8") as terminal:
        monkeypatch.setattr(sys, "stdin", terminal)
        before = termios.tcgetattr(near)
        with suppress(ZeroDivisionError), open_keyboard() as keyboard:
            assert termios.tcgetattr(near) != before
            os.write(far, b"q")  # no Enter
            assert keyboard.pressed_within(60.0) == "q"
            raise ZeroDivisionError
        assert termios.tcgetattr(near) == before
    os.close(far)


def test_without_a_terminal_nobody_presses_anything(monkeypatch: pytest.MonkeyPatch) -> None:
    with open(os.devnull, encoding="utf-8") as nothing:
        monkeypatch.setattr(sys, "stdin", nothing)
        with open_keyboard() as keyboard:
            assert keyboard.pressed_within(0.0) == ""
