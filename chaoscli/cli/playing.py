"""What ``chaos run`` does: load every playbook, play one after the other in the world that was chosen, show, judge, report."""

from __future__ import annotations

import json
import shlex
import signal
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import AbstractAsyncContextManager, ExitStack, asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import IO

import trio

import chaoscli
from chaoscli.checks.judge import judge
from chaoscli.cli.screens import Screen, open_screen, show_outcome
from chaoscli.cli.simulating import perform_simulated
from chaoscli.cli.streams import say
from chaoscli.errors import ChaosError, ExitCode, NotMadeError, UsageError, leaves
from chaoscli.outcome import Outcome
from chaoscli.play import Performance, play
from chaoscli.playbook.load import load_playbook
from chaoscli.playbook.meaning import Playbook, Variant
from chaoscli.recording import Header, RunRecorder, RunRecording, digest_of
from chaoscli.reports.json import document
from chaoscli.views.final import Ending, Final
from chaoscli.views.svg import svg_of
from chaoscli.worlds.base import Recorder, World
from chaoscli.worlds.processes import Spawner, open_spawner
from chaoscli.worlds.real import open_real_world

# A number everybody gets unless they ask for another, so that two people who run the same lesson see the same dice.
DEFAULT_SEED = 1
# What a recording calls the world that the command calls by a shorter word.
WORLDS = {"real": "real", "sim": "simulated"}
# Ten frames a second look alive; drawing one costs some ten milliseconds of one core.
FRAME_S = 0.1
# Where a timeline is at its best, and a page still shows it without scrolling.
SVG_WIDTH = 120


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """The command's words. ``show`` is live, plain or quiet; ``world`` is real or sim."""

    names: tuple[str, ...]
    world: str = "real"
    seed: int | None = None
    variants: tuple[str, ...] = ()
    overrides: tuple[str, ...] = ()
    show: str = "plain"
    json: bool = False
    record: Path | None = None
    svg: Path | None = None

    def repeat(self, name: str, seed: int) -> str:
        """The command that does it again."""
        words = ["chaos", "run", name, *(["--world", self.world] if self.world != "real" else []), "--seed", str(seed)]
        words += [word for variant in self.variants for word in ("--variant", variant)]
        words += [word for override in self.overrides for word in ("--set", override)]
        return shlex.join(words)


@dataclass(frozen=True, slots=True, kw_only=True)
class Played:
    """One playbook's end: its outcome, what kept the run from being made (if anything), and its exit code."""

    outcome: Outcome
    error: ChaosError | None
    repeat: str
    digest: str = ""

    @property
    def exit_code(self) -> ExitCode:
        return ExitCode.NOT_MADE if self.error else self.outcome.exit_code

    def document(self) -> dict[str, object]:
        error = {"error": self.error.render()} if self.error else {}
        return {
            **document(self.outcome),
            **error,
            "ok": self.exit_code is ExitCode.HELD,
            "repeat": self.repeat,
            "digest": self.digest,
        }


def play_all(options: Options) -> int:
    """Play everything asked for; the worst exit code of all."""
    for flag, file in (("--record", options.record), ("--svg", options.svg)):
        if file is not None and len(options.names) > 1:
            raise UsageError(f"{flag} takes the file of one run, and {len(options.names)} playbooks were named")
    played = trio.run(_play_all, options) if options.world == "real" else _simulate_all(options)
    if options.json:
        documents = [one.document() for one in played]
        whole = documents[0] if len(options.names) == 1 else {"ok": all(one["ok"] for one in documents), "playbooks": documents}
        say(json.dumps(whole, indent=2, ensure_ascii=False))
    return max(one.exit_code for one in played)


async def _play_all(options: Options) -> list[Played]:
    played: list[Played] = []
    # The warm parent imports what it needs while the playbooks are being read.
    async with open_spawner() as spawner:
        for name, playbook in _load_all(options):
            with _taking(name, playbook, options, played) as take:
                take.error = await _perform(playbook, take.seed, options, take.recorder, spawner)
            if played[-1].exit_code is ExitCode.INTERRUPTED:
                break
    return played


def _simulate_all(options: Options) -> list[Played]:
    """The same in virtual time; shown once it is over, by lines or as a replay."""
    played: list[Played] = []
    for name, playbook in _load_all(options):
        with _taking(name, playbook, options, played) as take:
            take.error = perform_simulated(playbook, take.seed, take.recorder, show=options.show)
    return played


def _load_all(options: Options) -> list[tuple[str, Playbook]]:
    """Every problem of every playbook is known before the first one plays."""
    return [(name, load_playbook(name, overrides=options.overrides, variants=options.variants)) for name in options.names]


@dataclass(slots=True, kw_only=True)
class _Take:
    """One playing of one playbook; ``error`` is what kept it from being made."""

    seed: int
    recorder: RunRecorder
    error: ChaosError | None = None


@contextmanager
def _taking(name: str, playbook: Playbook, options: Options, played: list[Played]) -> Iterator[_Take]:
    """Record what is played inside, then judge and show it."""
    seed = next(one for one in (options.seed, playbook.seed, DEFAULT_SEED) if one is not None)
    header = Header(
        playbook=playbook.name, title=playbook.title, seed=seed, world=WORLDS[options.world], version=chaoscli.__version__,
        variants=tuple(one.name for one in playbook.variants), summaries=tuple(one.summary for one in playbook.variants),
        expectations=tuple(one.text for one in playbook.expectations),
    )  # fmt: skip
    with ExitStack() as stack:
        recorder = RunRecorder(header, _opened(options.record, stack))
        if recorder.sink_error is not None:  # full from the start: better said now than after the run
            raise _unwritten(options.record, recorder.sink_error)
        take = _Take(seed=seed, recorder=recorder)
        yield take
        recorder.flush()
    error = take.error
    if recorder.sink_error is not None:
        error = error or _unwritten(options.record, recorder.sink_error)
    recording = recorder.recording
    outcome = judge(recording, playbook.expectations)
    digest = digest_of(recording) if options.json else ""
    one = Played(outcome=outcome, error=error, repeat=options.repeat(name, seed), digest=digest)
    if options.svg is not None:
        one = replace(one, error=_write_picture(options.svg, playbook, recording, one) or one.error)
    played.append(one)
    _show(playbook, recording, one, options)


def _show(playbook: Playbook, recording: RunRecording, played: Played, options: Options) -> None:
    if not options.json:
        show_outcome(playbook, recording, played.outcome, _ending(playbook, played), show=options.show)
    if played.error is not None:
        print(f"chaos: {played.error.render()}", file=sys.stderr)


def _ending(playbook: Playbook, played: Played) -> Ending:
    return Ending(
        notice=playbook.notice, next_playbook=playbook.next, repeat=played.repeat,
        error=played.error.message if played.error else "", exit_code=played.exit_code,
    )  # fmt: skip


def _write_picture(file: Path, playbook: Playbook, recording: RunRecording, played: Played) -> NotMadeError | None:
    """What kept it from being written is returned: the run was made, and its verdict is still to be shown."""
    picture = Final(recording, played.outcome, _ending(playbook, played))
    try:
        file.write_text(svg_of(picture, width=SVG_WIDTH, title=f"chaos run {playbook.name}"), encoding="utf-8")
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


async def _perform(playbook: Playbook, seed: int, options: Options, recorder: RunRecorder, spawner: Spawner) -> ChaosError | None:
    """Play it in front of the screen. What kept it from being made is returned: what was recorded until then still counts."""
    performance = Performance()

    def open_world(variant: Variant, into: Recorder) -> AbstractAsyncContextManager[World]:
        return open_real_world(variant.topology, into, seed=seed, spawner=spawner, lasts_s=playbook.lasts_s, name=variant.name)

    error: ChaosError | None = None
    recorders = {variant.name: recorder.variant(variant.name) for variant in playbook.variants}
    try:
        async with _shown(recorder, options, performance), _interruptible(performance):
            await play(playbook, open_world, recorders, performance)
    except* NotMadeError as group:
        # One node's death makes others fail; the first is the cause.
        error = next(leaf for leaf in leaves(group) if isinstance(leaf, NotMadeError))
    return error


@asynccontextmanager
async def _shown(recorder: RunRecorder, options: Options, performance: Performance) -> AsyncIterator[None]:
    with open_screen(recorder.recording, options.show) as screen:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(_draw_frames, screen, performance)
            yield
            nursery.cancel_scope.cancel()


async def _draw_frames(screen: Screen, performance: Performance) -> None:
    while True:
        # In a thread: a slow terminal must not delay the conductor's cues.
        await trio.to_thread.run_sync(screen.draw, performance.now())
        await trio.sleep(FRAME_S)


@asynccontextmanager
async def _interruptible(performance: Performance) -> AsyncIterator[None]:
    """The first Ctrl-C (or SIGTERM) ends the play early and what there is is judged; the second ends everything at once."""
    async with trio.open_nursery() as nursery:
        nursery.start_soon(_stop_on_signal, performance)
        yield
        nursery.cancel_scope.cancel()


async def _stop_on_signal(performance: Performance) -> None:
    with trio.open_signal_receiver(signal.SIGINT, signal.SIGTERM) as signals:
        async for _number in signals:
            if performance.stop.is_set():
                raise KeyboardInterrupt
            performance.stop.set()
