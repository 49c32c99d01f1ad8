"""Linearizable: every key behaves as if there were one copy of it, and each operation happened at one instant while it lasted
(Herlihy and Wing, TOPLAS 12(3), 1990)."""

from __future__ import annotations

from chaoscli.checks.histories import counted, histories
from chaoscli.checks.laws import Finding, Invariant
from chaoscli.checks.linearizing import Explanation, explain
from chaoscli.measures.base import NoData
from chaoscli.recording import Recording

# Of an order that fits, the end is what matters: where the answers that do not fit come after.
SHOWN_OF_PREFIX = 3


def _judge(recording: Recording) -> Finding:
    """NoData where nothing is broken but something could not be decided."""
    keys = histories(recording)
    explained = {key: explain(counted(operations)) for key, operations in keys.items()}
    broken = {key: one for key, one in explained.items() if one.verdict == "not linearizable"}
    open_ = {key: one for key, one in explained.items() if one.verdict == "unknown"}
    if broken:
        guilty = tuple(dict.fromkeys(one.request or one.id for found in broken.values() for one in found.stuck))
        return Finding(shown="; ".join(f"{key}: {stuck_words(one)}" for key, one in broken.items()), guilty=guilty)
    if open_:
        key, one = next(iter(open_.items()))
        raise NoData(f"whether {key} is linearizable is not known: {one.reason}")
    total = sum(len(operations) for operations in keys.values())
    return Finding(shown=f"{total} operations on {len(keys)} key{'s' if len(keys) > 1 else ''}, in an order that explains all")


def stuck_words(explanation: Explanation) -> str:
    """``after c1 writes 1, c2 writes 2: c3 reads 1 does not fit``."""
    prefix = explanation.prefix
    shown = ", ".join(map(str, prefix[-SHOWN_OF_PREFIX:])) or "nothing"
    left_out = f"... ({len(prefix) - SHOWN_OF_PREFIX} more), " if len(prefix) > SHOWN_OF_PREFIX else ""
    stuck = explanation.stuck
    return f"after {left_out}{shown}: {' and '.join(map(str, stuck))} {'do' if len(stuck) > 1 else 'does'} not fit"


LINEARIZABLE = Invariant(
    name="linearizable",
    doc="every key of the store answers as one copy would, whose operations each happen at one instant",
    judge=_judge,
)
