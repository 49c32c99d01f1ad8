"""The wall clock of a program that is not ours, through libfaketime (https://github.com/wolfcw/libfaketime), where that is
installed: a library that is loaded into the program and answers for the clock, by a file that may change while it runs.
"""

from __future__ import annotations

import functools
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

from chaoscli.faults.clock_skew import ClockSkew

# Where Debian, Fedora, Alpine, Arch and Homebrew put it. The second is for programs with threads; it does for all others too.
_FOLDERS = ("/usr/lib/*/faketime", "/usr/lib*/faketime", "/usr/local/lib/faketime", "/opt/homebrew/lib/faketime")
_NAMES = ("libfaketimeMT.so.1", "libfaketime.so.1")
# Names the library itself, for one in an unusual place.
FAKES_MONOTONIC = "fakes the monotonic clock as well, by which programs wait"
BREAKS_SLEEP = "fails absolute sleeps on the monotonic clock, as Python's are from 3.11 on"
# From the one clock reading to the other, on a busy machine.
LONGEST_TRY_S = 10.0
LIBRARY_VARIABLE = "CHAOS_LIBFAKETIME"


def library() -> str | None:
    """The path of libfaketime; None where there is none."""
    named = os.environ.get(LIBRARY_VARIABLE)
    if named:
        return named if os.path.isfile(named) else None
    return next(_installed(), None)


def _installed() -> Iterator[str]:
    for name in _NAMES:
        for folder in _FOLDERS:
            for found in sorted(Path("/").glob(f"{folder[1:]}/{name}")):
                yield str(found)


class FakeClock:
    """Driven by ``file``, which need not be there yet; without one, the clock is the host's and cannot be set."""

    def __init__(self, file: str) -> None:
        self._file = Path(file) if file else None
        self._began = time.monotonic()

    def environment(self) -> Mapping[str, str]:
        """What a program needs to be started with. Waiting stays on the monotonic clock, which is never faked: runtimes that
        measure their sleeps by it would hang or spin."""
        found = library()
        if self._file is None or found is None:
            return {}
        self._began = time.monotonic()
        self.skew(ClockSkew(offset=0.0))
        return _told(found, str(self._file))

    def skew(self, skew: ClockSkew) -> None:
        """From now on. The library counts a drift from the start of the program, so the offset takes back what it would have
        drifted until now."""
        if self._file is None:
            return
        drifted_s = skew.drift * 1e-6 * (time.monotonic() - self._began)
        # The rate is always said: the library keeps the last one it heard.
        new = self._file.with_name(self._file.name + ".new")
        new.write_text(f"{skew.offset - drifted_s:+.6f} x{1 + skew.drift * 1e-6:.9f}\n")
        new.replace(self._file)  # whole or not at all: it is being read


@functools.cache
def flaw(found: str) -> str:
    """What this copy of libfaketime does that it must not, found out by trying; empty when it is fit for any program.

    Version 0.9.10, which Debian 12 has, fails absolute sleeps on the monotonic clock once it is told to leave that clock alone;
    Python sleeps so from 3.11 on, Node and many others do not.
    """
    code = "import time; print(time.monotonic()); time.sleep(0.001)"
    with tempfile.NamedTemporaryFile("w", suffix=".clock") as file:
        file.write("+3600 x1.0\n")
        file.flush()
        env = {**os.environ, **_told(found, file.name)}
        tried = subprocess.run([sys.executable, "-SEc", code], env=env, capture_output=True, text=True, check=False, timeout=10)
    words = tried.stdout.split()
    if not words or abs(float(words[0]) - time.monotonic()) > LONGEST_TRY_S:
        return FAKES_MONOTONIC
    return BREAKS_SLEEP if tried.returncode else ""


def _told(found: str, file: str) -> dict[str, str]:
    before = os.environ.get("LD_PRELOAD", "")
    return {
        "LD_PRELOAD": f"{found}:{before}" if before else found,
        "FAKETIME_TIMESTAMP_FILE": file,
        "FAKETIME_NO_CACHE": "1",  # the file is looked at for every question, so that a change is there at once
        "FAKETIME_DONT_FAKE_MONOTONIC": "1",
        "DONT_FAKE_MONOTONIC": "1",  # what it was called before version 0.9.9
        "FAKETIME_DONT_RESET": "1",  # programs that it starts go on from here
        "NO_FAKE_STAT": "1",
    }
