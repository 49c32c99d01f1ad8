"""The last line: whatever a verb runs into becomes words for a person and a documented exit code."""

from __future__ import annotations

import os
import platform
import shlex
import sys
import traceback
from collections.abc import Callable

import typer

import chaoscli
from chaoscli.errors import ChaosError, ExitCode, leaves


def guarded(verb: Callable[[], int]) -> None:
    """Run a verb and leave with its exit code. Bad input is never a traceback; a bug of ours always asks to be reported."""
    try:
        code = verb()
        sys.stdout.flush()
    except BrokenPipeError:
        # Whoever read our output has seen enough (`chaos list | head`); python would complain again at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        code = ExitCode.HELD
    except BaseException as error:
        code = explain(error)
    raise typer.Exit(int(code))


def explain(error: BaseException) -> int:
    """Say on stderr what happened; the exit code that goes with it."""
    if isinstance(error, typer.Exit):
        return error.exit_code
    found = list(leaves(error))
    interrupts = [leaf for leaf in found if isinstance(leaf, KeyboardInterrupt)]
    if interrupts:
        print("chaos: interrupted", file=sys.stderr)
        return ExitCode.INTERRUPTED
    expected = [leaf for leaf in found if isinstance(leaf, ChaosError)]
    if len(expected) == len(found):
        for message in dict.fromkeys(leaf.render() for leaf in expected):
            print(f"chaos: {message}", file=sys.stderr)
        return max(leaf.exit_code for leaf in expected)
    print(bug_report(error), file=sys.stderr)
    return ExitCode.BUG


def bug_report(error: BaseException) -> str:
    """Everything needed to repeat it, ready to paste."""
    return "\n".join(
        [
            "chaos: this is a bug in chaoscli, not in what you did. Please report it with the lines below.",
            "",
            f"    chaoscli {chaoscli.__version__}, Python {platform.python_version()}, {platform.system()} {platform.release()}",
            f"    command: {shlex.join(['chaos', *sys.argv[1:]])}",
            "",
            *("    " + line for line in "".join(traceback.format_exception(error)).splitlines()),
        ]
    )
