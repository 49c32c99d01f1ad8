"""A playbook in the simulated world: each variant in a simulation of its own, one after the other."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import replace

from chaoscli.play import Performance, play
from chaoscli.playbook.meaning import Playbook, Variant
from chaoscli.worlds.base import Recorder, World
from chaoscli.worlds.clock import Kernel, simulate
from chaoscli.worlds.simulated import CURTAIN_DELAY_S, open_simulated_world
from chaoscli.worlds.wire import LINK_S


def play_simulated(playbook: Playbook, recorders: Mapping[str, Recorder], *, seed: int, link_s: float = LINK_S) -> None:
    """Play it to its end. What each variant tells depends on the playbook, the variant and the seed, and on nothing else, save
    ``link_s``: what a message takes on a clean link.

    NotMadeError for what cannot be simulated or did not stay up, StuckError for a play that can go no further.
    """
    for variant in playbook.variants:
        _play_variant(replace(playbook, variants=(variant,)), variant, recorders[variant.name], seed, link_s)


def _play_variant(playbook: Playbook, variant: Variant, recorder: Recorder, seed: int, link_s: float) -> None:
    async def in_virtual_time(kernel: Kernel) -> None:
        def open_world(variant: Variant, into: Recorder) -> AbstractAsyncContextManager[World]:
            lasts_s = playbook.lasts_s
            return open_simulated_world(variant.topology, into, seed=seed, kernel=kernel, lasts_s=lasts_s, link_s=link_s)

        await play(playbook, open_world, {variant.name: recorder}, Performance())

    simulate(in_virtual_time, seed=seed, starts_at=-CURTAIN_DELAY_S)
