"""Is there an order of the operations on one key that explains all answers and keeps real time? A search for one.

Wing and Gong, "Testing and Verifying Concurrent Objects" (J. Parallel Distrib. Comput. 17, 1993): take any operation that was
invoked before the first return, see whether its answer fits, go on, and take it back where the way ends. Lowe, "Testing for
linearizability" (Concurrency Computat.: Pract. Exper. 29, 2017): the same set of operations with the same value after them
need not be gone on from twice. The problem is NP-complete, so both the operations and the steps have a cap.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from chaoscli.checks.histories import NOTHING, Operation

MOST_OPERATIONS = 200
# About a second of one core; counted in steps, so that the verdict does not depend on the machine.
MOST_STEPS = 500_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """``prefix`` is the order that was found or, where there is none, the longest that fits; ``stuck`` are the operations one
    of which would have had to come next, and none fits."""

    verdict: Literal["linearizable", "not linearizable", "unknown"]
    prefix: tuple[Operation, ...] = ()
    stuck: tuple[Operation, ...] = ()
    reason: str = ""


class _Entry:
    """The invocation or the return of one operation, in a list of what is left, in the order of time."""

    __slots__ = ("after", "before", "number", "operation", "returns")

    def __init__(self, operation: Operation | None, number: int, returns: _Entry | None) -> None:
        self.operation = operation
        self.number = number
        self.returns = returns  # None for a return
        self.before: _Entry
        self.after: _Entry | None = None

    def lift(self) -> None:
        """Out of the list, invocation and return."""
        for one in (self, self.returns):
            assert one is not None
            one.before.after = one.after
            if one.after is not None:
                one.after.before = one.before

    def put_back(self) -> None:
        for one in (self.returns, self):
            assert one is not None
            one.before.after = one
            if one.after is not None:
                one.after.before = one


def explain(operations: Sequence[Operation], *, initial: str = NOTHING, most_steps: int = MOST_STEPS) -> Explanation:
    """Of the operations that count, on one key. A write whose outcome is unknown may take effect at any time, or never."""
    if len(operations) > MOST_OPERATIONS:
        return Explanation(verdict="unknown", reason=f"{len(operations)} operations, and {MOST_OPERATIONS} are the most")
    head = _listed(operations)
    value, done = initial, 0
    taken: list[tuple[_Entry, str]] = []
    seen: set[tuple[int, str]] = set()
    longest: tuple[Operation, ...] = ()
    stuck: tuple[Operation, ...] = ()
    entry = head.after
    for _ in range(most_steps):
        if entry is None:  # every return is behind us
            return Explanation(verdict="linearizable", prefix=_prefix(taken))
        operation = entry.operation
        if entry.returns is None or operation is None:
            if len(taken) > len(longest) or not stuck:
                longest, stuck = _prefix(taken), _candidates(head)
            if not taken:
                return Explanation(verdict="not linearizable", prefix=longest, stuck=stuck)
            entry, value = taken.pop()
            done &= ~(1 << entry.number)
            entry.put_back()
            entry = entry.after
            continue
        after = operation.value if operation.kind == "write" else value
        fits = operation.kind == "write" or operation.value == value
        state = (done | 1 << entry.number, after)
        if fits and state not in seen:
            seen.add(state)
            taken.append((entry, value))
            value, done = after, state[0]
            entry.lift()
            entry = head.after
        else:
            entry = entry.after
    return Explanation(verdict="unknown", reason=f"no answer within {most_steps} steps")


def _listed(operations: Sequence[Operation]) -> _Entry:
    """At one instant an invocation comes before a return: the two overlap, which allows more."""
    entries: list[tuple[float, int, int, _Entry]] = []
    for number, operation in enumerate(operations):
        returns = _Entry(operation, number, None)
        entries.append((operation.invoked, 0, number, _Entry(operation, number, returns)))
        entries.append((operation.returned, 1, number, returns))
    head = last = _Entry(None, -1, None)
    for *_, entry in sorted(entries, key=lambda one: one[:3]):
        entry.before, last.after = last, entry
        last = entry
    return head


def _prefix(taken: Sequence[tuple[_Entry, str]]) -> tuple[Operation, ...]:
    return tuple(entry.operation for entry, _ in taken if entry.operation is not None)


def _candidates(head: _Entry) -> tuple[Operation, ...]:
    """Invoked before the first return that is left, and known to have happened."""
    found: list[Operation] = []
    entry = head.after
    while entry is not None and entry.returns is not None:
        if entry.operation is not None and entry.operation.returned < math.inf:
            found.append(entry.operation)
        entry = entry.after
    return tuple(found)
