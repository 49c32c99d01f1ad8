"""No write lost: what a store has acknowledged is in the log of every primary that comes later, and is taken back by nobody."""

from __future__ import annotations

from chaoscli.checks.acknowledged import Write, acknowledged
from chaoscli.checks.laws import Finding, Invariant
from chaoscli.events import Happened
from chaoscli.recording import Recording


def _judge(recording: Recording) -> Finding:
    """The guilty are the writes whose clients were told that they count, and which do not any more."""
    writes = acknowledged(recording)
    facts = recording.of(Happened)
    # What was taken back in one term may have been asked for again, and counts, in the next.
    rolled_back = {(str(one.data["operation"]), one.data["term"]) for one in facts if one.what == "write rolled back"}
    begun = [one for one in facts if one.what == "became primary"]

    def lost(write: Write) -> bool:
        assert write.acknowledged is not None
        # A later primary's log is shorter than where the write was: whatever it puts there is another one.
        passed_over = any(
            one.at > write.acknowledged and one.data["term"] > write.term and one.data["last"] < write.number for one in begun
        )
        return passed_over or (write.operation, write.term) in rolled_back

    gone = [one for one in writes if lost(one)]
    shown = f"{len(gone)} of {len(writes)} acknowledged writes lost"
    return Finding(shown=shown, guilty=tuple(dict.fromkeys(one.request or one.operation for one in gone)))


NO_WRITE_LOST = Invariant(name="no write lost", doc="a write that a store has acknowledged is never taken back", judge=_judge)
