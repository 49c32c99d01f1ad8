"""Ctrl-C while Python still imports what a verb needs: an end without a word, and no traceback."""

from __future__ import annotations

import signal
import subprocess
import sys

from tests.support.command import hear_interrupts

# Sends itself the signal where most of the time before a verb goes: in the import of typer.
EARLY = """
import os, signal, sys
class Interrupting:
    def find_spec(self, name, path, target=None):
        if name == "typer":
            os.kill(os.getpid(), signal.SIGINT)
sys.meta_path.insert(0, Interrupting())
from chaoscli.__main__ import main
main()
"""


def interrupted(program: str, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", program, *words],
        capture_output=True, text=True, timeout=60, check=False,
        preexec_fn=hear_interrupts,  # tests have no threads when they start one
    )  # fmt: skip


def test_an_interrupt_before_there_is_a_verb_ends_the_command_without_a_traceback() -> None:
    ended = interrupted(EARLY, "list")
    assert (ended.returncode, ended.stdout, ended.stderr) == (-signal.SIGINT, "", "")


def test_whoever_starts_it_with_interrupts_ignored_is_obeyed() -> None:
    """As a shell does for what it starts in the background of a script."""
    ignoring = EARLY.replace("import os, signal, sys", "import os, signal, sys; signal.signal(signal.SIGINT, signal.SIG_IGN)")
    ended = interrupted(ignoring, "--version")
    assert (ended.returncode, ended.stderr) == (0, "")
    assert ended.stdout.startswith("chaoscli ")
