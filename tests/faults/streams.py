"""A small language for tests of flows: play a script of chunks to one direction of a connection, and read what came of it."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass
from random import Random

from hypothesis import strategies as st

from chaoscli.faults.base import Action, ByteFault, Cut, Finish, Flow, Send
from chaoscli.faults.chain import Chain


@dataclass(frozen=True, slots=True)
class Chunk:
    """``data`` arrives ``pause_s`` after the chunk before it."""

    data: bytes
    pause_s: float = 0.0


def flow_of(fault: ByteFault) -> Flow:
    return fault.flow(Random(7))


def chain_of(*faults: ByteFault, seed: int = 7) -> Chain:
    return Chain([fault.flow(Random(f"{seed}/{place}")) for place, fault in enumerate(faults)])


def play(chain: Chain, chunks: Sequence[Chunk], *, ends: bool = True) -> list[Action]:
    """Everything the chain answers, from opening at 0.0 to the end of the stream right after the last chunk."""
    now = 0.0
    out = chain.opened(now)
    for chunk in chunks:
        now += chunk.pause_s
        out += chain.received(chunk.data, now)
    return out + (chain.ended(now) if ends else [])


def sends(actions: Sequence[Action]) -> list[Send]:
    return [action for action in actions if isinstance(action, Send)]


def cuts(actions: Sequence[Action]) -> list[Cut]:
    return [action for action in actions if isinstance(action, Cut)]


def finishes(actions: Sequence[Action]) -> list[Finish]:
    return [action for action in actions if isinstance(action, Finish)]


def stream(actions: Sequence[Action]) -> bytes:
    """All bytes that pass or wait, in order."""
    return b"".join(send.data for send in sends(actions))


def never_goes_back(times: Sequence[float]) -> bool:
    return all(before <= after for before, after in itertools.pairwise(times))


def held(actions: Sequence[Action]) -> bool:
    """Does any of it wait for the heal?"""
    return any(send.at == math.inf for send in sends(actions))


scripts = st.lists(
    st.builds(Chunk, st.binary(min_size=1, max_size=5000), st.floats(0.0, 5.0, allow_nan=False)), min_size=1, max_size=12
)
