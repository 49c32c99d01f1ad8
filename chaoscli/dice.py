"""Named streams of randomness: every draw depends on the seed and on what it is for, and on nothing else.

A stream for each (seed, purpose, who, number) means that changing one policy does not shift anyone else's draws, and
that a real run rolls the same dice as a simulated one.
"""

from __future__ import annotations

import hashlib
from random import Random


def stream(seed: int, purpose: str, *names: str | int) -> Random:
    """A fresh generator for one purpose. Seeding by text does not depend on PYTHONHASHSEED."""
    return Random("/".join([str(seed), purpose, *map(str, names)]))


def bits(seed: int, purpose: str, *names: str | int, count: int) -> int:
    """So many random bits (a multiple of 8, at most 512) for one purpose: an identifier, at a tenth of a stream's cost."""
    text = "/".join([str(seed), purpose, *map(str, names)])
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=count // 8).digest(), "big")
