"""One attempt: what is played inside is recorded, judged, drawn and shown."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import IO

from rich.console import RenderableType

from chaoscli.checks.judge import judge
from chaoscli.cli.casting import Wanted
from chaoscli.cli.options import Options
from chaoscli.cli.screens import show_outcome
from chaoscli.errors import ChaosError, NotMadeError
from chaoscli.play import header_of
from chaoscli.playbook.meaning import Playbook
from chaoscli.playbook.plan import plan
from chaoscli.recording import RunRecorder, RunRecording, digest_of
from chaoscli.reports.series import Attempt
from chaoscli.views.final import Ending, Final
from chaoscli.views.many import matrix_grids
from chaoscli.views.predicted import differ, predicted_table
from chaoscli.views.svg import svg_of

# What a recording calls the world that the command calls by a shorter word.
WORLDS = {"real": "real", "sim": "simulated"}
# Where a timeline is at its best, and a page still shows it without scrolling.
SVG_WIDTH = 120


@dataclass(slots=True, kw_only=True)
class Attempting:
    """One playing of one playbook; ``error`` is what kept it from being made, ``ended`` is there when it is over. ``took_s`` is
    how long it took where it was made before its turn."""

    recorder: RunRecorder
    error: ChaosError | None = None
    took_s: float | None = None
    ended: Attempt | None = None

    @property
    def attempt(self) -> Attempt:
        assert self.ended is not None
        return self.ended


@contextmanager
def attempting(wanted: Wanted, options: Options) -> Iterator[Attempting]:
    """Record what is played inside, then judge and show it."""
    if wanted.note:
        print(f"{wanted.word}: {wanted.note}", file=sys.stderr)
    began = time.monotonic()
    header = header_of(wanted.playbook, seed=wanted.seed, world=WORLDS[options.world])
    with ExitStack() as stack:
        recorder = RunRecorder(header, _opened(options.record, stack), secrets=options.environment.secrets)
        if recorder.sink_error is not None:  # full from the start: better said now than after the run
            raise _unwritten(options.record, recorder.sink_error)
        this = Attempting(recorder=recorder)
        yield this
        recorder.flush()
    error = this.error
    if recorder.sink_error is not None:
        error = error or _unwritten(options.record, recorder.sink_error)
    took_s = time.monotonic() - began if this.took_s is None else this.took_s
    this.ended = _ended(wanted, recorder.recording, error, options, took_s=took_s)
    _show(wanted.playbook, recorder.recording, this.ended, options)


def _ended(wanted: Wanted, recording: RunRecording, error: ChaosError | None, options: Options, *, took_s: float) -> Attempt:
    attempt = Attempt(
        outcome=judge(recording, wanted.playbook.expectations),
        error=error,
        repeat=options.again(wanted.word, wanted.seed),
        digest=digest_of(recording) if options.json else "",
        took_s=took_s,
    )
    pictures = (
        (options.svg, lambda: _svg(wanted.playbook, recording, attempt)),
        (options.html, lambda: _html(wanted.playbook, recording, attempt)),
    )
    for file, draw in pictures:
        error = (_written(file, draw) if file is not None else None) or error
    return replace(attempt, error=error)


def _show(playbook: Playbook, recording: RunRecording, attempt: Attempt, options: Options) -> None:
    if not options.json:
        # Of several takes each has its line, and their spread is the picture.
        show = options.show if options.repeat == 1 else "quiet"
        show_outcome(playbook, recording, attempt.outcome, _ending(playbook, attempt), show=show)
    if attempt.error is not None:
        print(f"chaos: {attempt.error.render()}", file=sys.stderr)


def _ending(playbook: Playbook, attempt: Attempt) -> Ending:
    return Ending(
        notice=playbook.notice, next_playbook=playbook.next, repeat=attempt.repeat,
        error=attempt.error.message if attempt.error else "", exit_code=attempt.exit_code, parts=_parts(playbook, attempt),
    )  # fmt: skip


def _parts(playbook: Playbook, attempt: Attempt) -> Sequence[tuple[str, RenderableType]]:
    """The grid of a matrix; and what `--dry` said beside what came of it, where there was something to say."""
    if not attempt.judged:
        return ()
    parts: list[tuple[str, RenderableType]] = []
    if playbook.matrix is not None:
        by = " by ".join(dimension.name.rpartition(".")[2] for dimension in playbook.matrix.dimensions)
        parts.append((by, matrix_grids(playbook.matrix, attempt.outcome)))
    chains = plan(playbook).chains
    if differ(chains):
        parts.append(("predicted and measured", predicted_table(chains, attempt.outcome)))
    return parts


def _svg(playbook: Playbook, recording: RunRecording, attempt: Attempt) -> str:
    picture = Final(recording, attempt.outcome, _ending(playbook, attempt))
    return svg_of(picture, width=SVG_WIDTH, title=f"chaos run {playbook.name}")


def _html(playbook: Playbook, recording: RunRecording, attempt: Attempt) -> str:
    from chaoscli.reports.html import page

    return page(recording, attempt.outcome, repeat=attempt.repeat, notice=playbook.notice, trouble=attempt.trouble)


def _written(file: Path, draw: Callable[[], str]) -> NotMadeError | None:
    """What kept it from being written is returned: the run was made, and its verdict is still to be shown."""
    try:
        file.write_text(draw(), encoding="utf-8")
    except OSError as failure:
        return NotMadeError(f"the picture could not be written to '{file}': {failure.strerror}")
    return None


def _opened(file: Path | None, stack: ExitStack) -> IO[str] | None:
    if file is None:
        return None
    try:
        opened = file.open("w", encoding="utf-8")
    except OSError as error:
        raise NotMadeError(f"the recording could not be written to '{file}': {error.strerror}") from error
    stack.callback(_close, opened)
    return opened


def _close(file: IO[str]) -> None:
    with suppress(OSError):  # closing flushes once more; the recorder has remembered its failure
        file.close()


def _unwritten(file: Path | None, error: Exception) -> NotMadeError:
    reason = error.strerror if isinstance(error, OSError) else error
    return NotMadeError(f"the recording could not be written to '{file}': {reason}", hint="what was written until then is kept")
