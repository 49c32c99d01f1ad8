"""How ``chaos proxy`` starts: a screen beside it if a person looks on, and then this process becomes the proxy.

The command has loaded what it takes to read its options and to help; a proxy that may run for days leaves that behind.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import NoReturn

from chaoscli.control.serving import ProxyOptions
from chaoscli.control.standalone import Standalone
from chaoscli.settings import to_plain


def become_proxy(options: ProxyOptions, *, live: bool) -> NoReturn:
    """Does not return: whatever happens from here on is the proxy's to say, its exit code too."""
    standalone = Standalone(options=options, frames=_open_screen() if live else None)
    sys.stdout.flush()
    sys.stderr.flush()
    arguments = json.dumps(to_plain(standalone), default=str)
    proxy = _fresh_python("import chaoscli.control.standalone as it; sys.exit(it.main(sys.argv[1]))")
    os.execv(sys.executable, [*proxy, arguments])


def wants_table() -> bool:
    """Whether a person is looking."""
    return sys.stderr.isatty() and not os.environ.get("CI") and os.environ.get("TERM", "") not in ("", "dumb")


def _open_screen() -> int:
    """A screen of its own process, which ends when its input does; the descriptor to write frames to."""
    reading, writing = os.pipe()
    # In a session of its own Ctrl-C passes it by.
    screen = _fresh_python("import chaoscli.cli.links_screen as it; it.main()")
    subprocess.Popen(screen, stdin=reading, start_new_session=True)
    os.close(reading)
    os.set_inheritable(writing, True)
    return writing


def _fresh_python(code: str) -> list[str]:
    """An interpreter that finds what this one does. ``-P``: a file called trio.py in the user's folder must not become ours."""
    return [sys.executable, "-P", "-c", f"import sys; sys.path[:] = {sys.path!r}; {code}"]
