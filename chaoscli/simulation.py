"""A playbook in the simulated world: each variant in a simulation of its own, one after the other."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import replace

from chaoscli.play import Performance, play
from chaoscli.playbook.meaning import Playbook, Variant
from chaoscli.worlds.base import CURTAIN_DELAY_S, Recorder, World
from chaoscli.worlds.clock import Kernel, simulate
from chaoscli.worlds.simulated import NEAR, open_simulated_world
from chaoscli.worlds.wire import Distances


def play_simulated(
    playbook: Playbook, recorders: Mapping[str, Recorder], *, seed: int, distances: Mapping[str, Distances] | None = None
) -> None:
    """Play it to its end. What each variant tells depends on the playbook, the variant and the seed, and on nothing else, save
    ``distances`` by variant: what a message takes on a clean link; the usual where nothing is said.

    NotMadeError for what cannot be simulated or did not stay up, StuckError for a play that can go no further.
    """
    for variant in playbook.variants:
        alone, far = replace(playbook, variants=(variant,)), (distances or {}).get(variant.name, NEAR)
        _play_variant(alone, variant, recorders[variant.name], seed, far)


def _play_variant(playbook: Playbook, variant: Variant, recorder: Recorder, seed: int, distances: Distances) -> None:
    async def in_virtual_time(kernel: Kernel) -> None:
        def open_world(variant: Variant, into: Recorder) -> AbstractAsyncContextManager[World]:
            lasts_s = playbook.lasts_s
            return open_simulated_world(variant.topology, into, seed=seed, kernel=kernel, lasts_s=lasts_s, distances=distances)

        await play(playbook, open_world, {variant.name: recorder}, Performance())

    simulate(in_virtual_time, seed=seed, starts_at=-CURTAIN_DELAY_S)
