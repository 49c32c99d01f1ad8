"""The last line: whatever a verb runs into becomes words for a person and a documented exit code."""

from __future__ import annotations

import errno
import platform
import shlex
import signal
import sys
import traceback
from collections.abc import Callable
from contextlib import suppress

import typer

import chaoscli
from chaoscli.cli.streams import silence
from chaoscli.errors import ChaosError, ExitCode, NotMadeError, leaves

# What the machine may refuse anybody at any time: no fault of the command, and nothing to report as a bug.
_REFUSALS = frozenset(
    {errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO, errno.EROFS, errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.EAGAIN}
)


def guarded(verb: Callable[[], int]) -> None:
    """Run a verb and leave with its exit code. Bad input is never a traceback; a bug of ours always asks to be reported."""
    code: int = ExitCode.HELD
    try:
        if signal.getsignal(signal.SIGINT) is signal.SIG_DFL:
            signal.signal(signal.SIGINT, signal.default_int_handler)
        code = verb()
        sys.stdout.flush()
    except BrokenPipeError:
        pass  # whoever read our output has seen enough (`chaos list | head`); what was found stays found
    except BaseException as error:
        code = explain(error)
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except OSError:
            silence(stream)
    raise typer.Exit(int(code))


def explain(error: BaseException) -> int:
    """Say on stderr what happened, if that can be; the exit code that goes with it."""
    words, code = _in_words(error)
    with suppress(OSError):
        if words:
            print(words, file=sys.stderr)
    return code


def _in_words(error: BaseException) -> tuple[str, int]:
    if isinstance(error, typer.Exit):
        return "", error.exit_code
    found = list(leaves(error))
    if any(isinstance(leaf, KeyboardInterrupt) for leaf in found):
        return "chaos: interrupted", ExitCode.INTERRUPTED
    expected = [_expected(leaf) for leaf in found]
    known = [one for one in expected if one is not None]
    if len(known) == len(found):
        return "\n".join(dict.fromkeys(f"chaos: {one.render()}" for one in known)), max(one.exit_code for one in known)
    return bug_report(error), ExitCode.BUG


def _expected(error: BaseException) -> ChaosError | None:
    """The error as one that a person can mend, if it is one."""
    if isinstance(error, ChaosError):
        return error
    if isinstance(error, OSError) and error.errno in _REFUSALS:
        place = f": '{error.filename}'" if error.filename else ""
        return NotMadeError(f"the machine refused: {(error.strerror or str(error)).lower()}{place}")
    return None


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
