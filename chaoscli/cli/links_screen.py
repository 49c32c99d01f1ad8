"""The screen of ``chaos proxy`` as a process of its own, so that drawing a frame never delays a byte.

It reads one JSON state a line and ends with its input; a proxy that dies takes its screen with it, and not the other way.
"""

from __future__ import annotations

import json
import signal
import sys

from rich.console import Console
from rich.live import Live

from chaoscli.settings import from_plain
from chaoscli.traffic import LinksState
from chaoscli.views.links import links_picture


def main() -> None:
    # Ctrl-C is for the proxy, which closes our input when it is done.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    console = Console(stderr=True, highlight=False)
    before: LinksState | None = None
    with Live(console=console, auto_refresh=False, transient=True, redirect_stdout=False, redirect_stderr=False) as live:
        for line in sys.stdin:
            now = from_plain(LinksState, json.loads(line))
            live.update(links_picture(before, now), refresh=True)
            before = now


if __name__ == "__main__":
    main()
