"""One playing in the real world, in front of the screen, that Ctrl-C ends early and politely."""

from __future__ import annotations

import os
import signal
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager

import trio

from chaoscli.cli.screens import Screen, open_screen
from chaoscli.environment import Environment
from chaoscli.errors import ChaosError, NotMadeError, leaves
from chaoscli.play import Performance, play
from chaoscli.playbook.meaning import Playbook, Variant
from chaoscli.recording import RunRecorder
from chaoscli.worlds.base import Recorder, World
from chaoscli.worlds.processes import Spawner
from chaoscli.worlds.real import open_real_world

# Ten frames a second look alive; drawing one costs some ten milliseconds of one core.
FRAME_S = 0.1


async def perform_real(
    playbook: Playbook,
    seed: int,
    recorder: RunRecorder,
    spawner: Spawner,
    *,
    show: str,
    environment: Environment | None = None,
) -> ChaosError | None:
    """What kept it from being made is returned: what was recorded until then still counts. ``environment`` is for the user's own
    programs; this process's own, if not said."""
    performance = Performance()
    async with _shown(recorder, show, performance), interruptible(performance.stop):
        return await perform(playbook, seed, recorder, spawner, performance, environment)


async def perform(
    playbook: Playbook,
    seed: int,
    recorder: RunRecorder,
    spawner: Spawner,
    performance: Performance,
    environment: Environment | None = None,
) -> ChaosError | None:
    """The same without a screen, until ``performance`` is stopped."""
    known = environment or Environment(os.environ)

    def open_world(variant: Variant, into: Recorder) -> AbstractAsyncContextManager[World]:
        return open_real_world(
            variant.topology, into, seed=seed, spawner=spawner, lasts_s=playbook.lasts_s, name=variant.name,
            environment=known,
        )  # fmt: skip

    error: ChaosError | None = None
    try:
        await play(
            playbook, open_world, {variant.name: recorder.variant(variant.name) for variant in playbook.variants}, performance
        )
    except* NotMadeError as group:
        # One node's death makes others fail; the first is the cause.
        found = next(leaf for leaf in leaves(group) if isinstance(leaf, NotMadeError))
        mask = known.secrets.mask
        error = NotMadeError(mask(found.message), hint=mask(found.hint))
    return error


@asynccontextmanager
async def _shown(recorder: RunRecorder, show: str, performance: Performance) -> AsyncIterator[None]:
    with open_screen(recorder.recording, show) as screen:
        drawing = trio.Lock()
        async with trio.open_nursery() as nursery:
            nursery.start_soon(_draw_frames, screen, performance, drawing)
            nursery.start_soon(_stand_still_on_ctrl_z, screen, drawing)
            yield
            nursery.cancel_scope.cancel()


async def _draw_frames(screen: Screen, performance: Performance, drawing: trio.Lock) -> None:
    while True:
        async with drawing:
            # In a thread: a slow terminal must not delay the conductor's cues.
            await trio.to_thread.run_sync(screen.draw, performance.now())
        await trio.sleep(FRAME_S)


async def _stand_still_on_ctrl_z(screen: Screen, drawing: trio.Lock) -> None:
    """The shell gets its terminal as it was, and the screen comes back with `fg`. Cues that were missed by then are told."""
    with trio.open_signal_receiver(signal.SIGTSTP) as signals:
        async for _number in signals:
            async with drawing:
                screen.give_back()
                os.kill(os.getpid(), signal.SIGSTOP)
                screen.take_again()


@asynccontextmanager
async def interruptible(stop: trio.Event) -> AsyncIterator[None]:
    """The first Ctrl-C (or SIGTERM) ends the play early and what there is is judged; the second ends everything at once."""
    async with trio.open_nursery() as nursery:
        nursery.start_soon(_stop_on_signal, stop)
        yield
        nursery.cancel_scope.cancel()


async def _stop_on_signal(stop: trio.Event) -> None:
    with trio.open_signal_receiver(signal.SIGINT, signal.SIGTERM) as signals:
        async for _number in signals:
            if stop.is_set():
                raise KeyboardInterrupt
            stop.set()
