"""``chaoscli.playground``: a playground to be opened by ``async with`` (trio, asyncio) or by ``with`` (plain code)."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Literal

from chaoscli.playbook.meaning import Playbook
from chaoscli.python.faces import Doors
from chaoscli.python.ground import Ground
from chaoscli.python.opening import Wanted, open_ground
from chaoscli.python.portal import Portal
from chaoscli.python.shop import BlockingShop, Shop
from chaoscli.topology import Topology

World = Literal["real", "sim"]


def playground(
    play: str | Path | Playbook | Topology,
    *,
    world: World = "real",
    variant: str = "",
    seed: int | None = None,
    overrides: Iterable[str] | Mapping[str, object] = (),
    load: bool = True,
    portal: Portal | None = None,
) -> Doors[Shop, BlockingShop]:
    """The services of a playbook (its name, its file, or read already) or of a topology, for as long as a block lasts.

    ``world``: ``real`` is processes and sockets; in ``sim`` virtual time passes only while you wait, and the same seed is the
    same play. ``variant``: the first of the playbook, unless it is named. ``overrides``: ``path=value`` as for ``--set``, or
    a mapping of them. ``load``: offer the playbook's own load meanwhile. Its faults are yours to make.

    UsageError or PlaybookError for what cannot be played, NotMadeError where it does not come up or does not stay up.
    """
    if isinstance(overrides, Mapping):
        overrides = [f"{path}={value}" for path, value in overrides.items()]
    wanted = Wanted(play=play, world=world, variant=variant, seed=seed, overrides=tuple(overrides), load=load)
    return Doors(lambda through: _opened(wanted, through), Shop, BlockingShop, portal)


@asynccontextmanager
async def _opened(wanted: Wanted, portal: Portal | None) -> AsyncIterator[Ground]:
    """Through a portal that is there for several playgrounds, with the warm parent that it keeps."""
    spawner = await portal.spawner() if portal is not None else None
    async with open_ground(wanted, spawner) as ground:
        yield ground
