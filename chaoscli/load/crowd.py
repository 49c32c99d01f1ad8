"""The closed model: when each of so many users asks again. Pure: what the answers took is for the generator to know.

Users think before their first request as well, each from a place of its own in a first pause, so that they do not all come
with the curtain. (Closed and open models: Schroeder, Wierman, Harchol-Balter, "Open Versus Closed", NSDI 2006.)
"""

from __future__ import annotations

from collections.abc import Iterator

from chaoscli import dice
from chaoscli.load.settings import Load


def pauses_s(seed: int, load_name: str, load: Load, user: int) -> Iterator[float]:
    """How long user number ``user`` (from 0) thinks before each request, one after the other, without an end."""
    rng = dice.stream(seed, "thinking", load_name, user)
    if load.arrivals == "constant":
        assert load.users is not None
        yield load.think * user / load.users
        while True:
            yield load.think
    while True:
        yield rng.expovariate(1.0 / load.think)
