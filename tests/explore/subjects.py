"""Small subjects to explore, of services that every process knows."""

from __future__ import annotations

from chaoscli.exploration import Subject
from tests.explore.planted.catalogue import PLANTED

OF_NAME = {one.name: one for one in PLANTED}
# Of our own services only, so that another process needs nothing of the tests to play them.
OVERSELL = OF_NAME["oversell"].broken
CHARGE = OF_NAME["charge"].broken
SHELF = OF_NAME["oversell"].mended


def both() -> tuple[Subject, Subject]:
    """The same, with the mistake and without."""
    return OVERSELL, SHELF
