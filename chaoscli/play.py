"""One playbook on stage: every variant in a world of its own, side by side, under the same seed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field

import trio

import chaoscli
from chaoscli.conductor import conduct
from chaoscli.events import Event
from chaoscli.playbook.meaning import Playbook, Variant
from chaoscli.playbook.schedule import waiting
from chaoscli.recording import Header, Recording
from chaoscli.worlds.base import Recorder, World

OpenWorld = Callable[[Variant, Recorder], AbstractAsyncContextManager[World]]


@dataclass(slots=True)
class Performance:
    """The state of one playing: views ask it for the time, signals set ``stop``."""

    stop: trio.Event = field(default_factory=trio.Event)
    worlds: dict[str, World] = field(default_factory=dict)

    def now(self) -> float:
        """Seconds since the curtain of the variant that is furthest on; negative before it."""
        return max((world.now() for world in self.worlds.values()), default=-1.0)


def header_of(playbook: Playbook, *, seed: int, world: str) -> Header:
    """What its recording begins with; ``world`` is "real" or "simulated"."""
    return Header(
        playbook=playbook.name, title=playbook.title, seed=seed, world=world, version=chaoscli.__version__,
        variants=tuple(one.name for one in playbook.variants), summaries=tuple(one.summary for one in playbook.variants),
        expectations=tuple(one.text if playbook.matrix is None else one.spelt_out for one in playbook.expectations),
    )  # fmt: skip


async def play(playbook: Playbook, open_world: OpenWorld, recorders: Mapping[str, Recorder], performance: Performance) -> None:
    """Open all worlds, raise their curtains together, conduct, and close them.

    Whatever goes wrong in one variant ends all of them; what was recorded stays with the recorders.
    """
    all_open = _Barrier(len(playbook.variants))
    async with trio.open_nursery() as nursery:
        for variant in playbook.variants:
            nursery.start_soon(_play_variant, playbook, variant, open_world, recorders[variant.name], performance, all_open)


async def _play_variant(
    playbook: Playbook, variant: Variant, open_world: OpenWorld, recorder: Recorder, performance: Performance, all_open: _Barrier
) -> None:
    heard = Recording(variant.name)
    if variant.aborts or waiting(variant) or any(group.rule is not None for group in variant.topology.groups):
        recorder = _Heard(recorder, heard)
    async with open_world(variant, recorder) as world:
        performance.worlds[variant.name] = world
        await all_open.wait()
        if performance.stop.is_set():
            return
        complete = await conduct(variant, world, recorder, heard, lasts_s=playbook.lasts_s, stop=performance.stop)
        await world.finish(complete=complete)


class _Heard:
    """A recorder that keeps what it hears as well, for whoever decides by it while the play goes on."""

    def __init__(self, recorder: Recorder, heard: Recording) -> None:
        self._recorder = recorder
        self._heard = heard

    def record(self, event: Event) -> None:
        self._heard.add(event)
        self._recorder.record(event)


class _Barrier:
    """Nobody passes before everybody is there."""

    def __init__(self, count: int) -> None:
        self._missing = count
        self._open = trio.Event()

    async def wait(self) -> None:
        self._missing -= 1
        if self._missing == 0:
            self._open.set()
        await self._open.wait()
