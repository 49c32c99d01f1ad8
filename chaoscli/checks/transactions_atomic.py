"""Transactions atomic: at rest every participant of a transaction has taken its part, or none has."""

from __future__ import annotations

from chaoscli.checks.laws import Finding, Invariant
from chaoscli.events import Happened
from chaoscli.measures.base import NoData
from chaoscli.recording import Recording


def _judge(recording: Recording) -> Finding:
    """The guilty are the requests of transactions that some have taken part in and some have not, and will not: a participant
    in doubt may still be told to."""
    begun = {str(one.data["transaction"]): one for one in recording.of(Happened) if one.what == "transaction begun"}
    if not begun:
        raise NoData("no transaction was begun")
    stand: dict[tuple[str, str], str] = {}
    for one in recording.of(Happened):
        if one.what in ("prepared", "taken", "given back", "let go"):
            stand[str(one.data["transaction"]), one.node] = one.what
    whole, half, doubtful = 0, list[Happened](), 0
    for name, one in begun.items():
        parts = [stand.get((name, participant), "let go") for participant in one.data["participants"]]
        if "prepared" in parts:
            doubtful += 1
        elif "taken" in parts and set(parts) != {"taken"}:
            half.append(one)
        else:
            whole += "taken" in parts
    shown = f"{whole} of {len(begun)} transactions whole, {len(half)} half-done, {doubtful} in doubt"
    return Finding(shown=shown, guilty=tuple(dict.fromkeys(one.request for one in half)))


TRANSACTIONS_ATOMIC = Invariant(
    name="transactions atomic", doc="at rest every participant of a transaction has taken its part, or none has", judge=_judge
)
