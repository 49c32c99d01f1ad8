"""Histories of a store: what its clients asked and were answered, out of the facts that were told of them.

Whoever speaks for a client (the service that its request reaches first) tells two facts of each operation::

    "read invoked"    operation, client, key
    "read returned"   operation, outcome, value        (and version, if the store has them)
    "write invoked"   operation, client, key, value
    "write returned"  operation, outcome               (and version)

``operation`` is unique in the run; ``client`` is the session whose order of operations means something to somebody; ``value``
is any JSON, null for a key that was never written. An ``outcome`` is "ok", "failed" (it certainly had no effect) or "unknown"
(a timeout: it may have had one, or may still have it). An operation whose return was never told is unknown too.
"""

from __future__ import annotations

import json
import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

from chaoscli.events import Happened
from chaoscli.measures.base import NoData
from chaoscli.recording import Recording

INVOKED = ("read invoked", "write invoked")
RETURNED = ("read returned", "write returned")
NOTHING = "null"  # the value of a key before anybody wrote it


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """One read or write. Times in seconds; ``returned`` is infinite where no answer is known. ``value`` is canonical JSON."""

    id: str
    kind: Literal["read", "write"]
    client: str
    key: str
    value: str
    invoked: float
    returned: float = math.inf
    outcome: str = "unknown"
    version: float | None = None
    request: str = ""

    def __str__(self) -> str:
        return f"{self.client} {'reads' if self.kind == 'read' else 'writes'} {self.value}"


def histories(recording: Recording) -> Mapping[str, Sequence[Operation]]:
    """By key, in the order in which they were invoked; NoData when nothing was read or written."""
    found = recording.derived(_histories)
    if not found:
        raise NoData("no client's reads and writes were told")
    return found


def _histories(recording: Recording) -> dict[str, list[Operation]]:
    operations: dict[str, Operation] = {}
    for fact in recording.of(Happened):
        if fact.what in INVOKED:
            operation = _invoked(fact)
            operations[operation.id] = operation
        elif fact.what in RETURNED and str(fact.data.get("operation")) in operations:
            name = str(fact.data["operation"])
            operations[name] = _returned(operations[name], fact)
    keys: defaultdict[str, list[Operation]] = defaultdict(list)
    for operation in sorted(operations.values(), key=lambda one: one.invoked):
        keys[operation.key].append(operation)
    return dict(sorted(keys.items()))


def _invoked(fact: Happened) -> Operation:
    data = fact.data
    return Operation(
        id=str(data["operation"]), kind="read" if fact.what == "read invoked" else "write", client=str(data["client"]),
        key=str(data["key"]), value=canonical(data.get("value")), invoked=fact.at, request=fact.request,
    )  # fmt: skip


def _returned(operation: Operation, fact: Happened) -> Operation:
    outcome = str(fact.data.get("outcome", "ok"))
    if outcome == "unknown":
        return operation
    value = canonical(fact.data.get("value")) if operation.kind == "read" else operation.value
    return replace(operation, returned=fact.at, outcome=outcome, value=value, version=fact.data.get("version"))


def canonical(value: Any) -> str:
    """Two values are the same when these are."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def counted(operations: Sequence[Operation]) -> list[Operation]:
    """Those that mean something: a read without an answer says nothing, and what failed had no effect."""
    return [one for one in operations if one.outcome == "ok" or (one.kind == "write" and one.outcome == "unknown")]
