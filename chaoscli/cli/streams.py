"""The three standard streams, when one of them is closed, or its reader is gone."""

from __future__ import annotations

import os
import sys
from typing import IO


def open_closed_streams() -> None:
    """A standard stream that came closed (`chaos ... >&-`) leads nowhere, before a file or a socket of ours gets its number."""
    for number, name, mode in ((0, "stdin", "r"), (1, "stdout", "w"), (2, "stderr", "w")):
        if getattr(sys, name) is None:
            descriptor = os.open(os.devnull, os.O_RDWR)
            if descriptor != number:
                os.dup2(descriptor, number)
                os.close(descriptor)
            setattr(sys, name, open(number, mode, encoding="utf-8"))  # noqa: SIM115  # open for as long as the process lives


def say(text: str) -> None:
    """A line on stdout, unless its reader has left."""
    try:
        print(text, flush=True)
    except BrokenPipeError:
        silence(sys.stdout)


def silence(stream: IO[str]) -> None:
    """What is still to be written to ``stream`` goes nowhere; python would otherwise complain at exit that it cannot."""
    with open(os.devnull, "w") as nowhere:
        os.dup2(nowhere.fileno(), stream.fileno())
