"""One effect per key: what carries an idempotency key happens once, however often it was asked for or delivered."""

from __future__ import annotations

from collections import Counter

from chaoscli.checks.committed import committed
from chaoscli.checks.laws import Finding, Invariant, Watch
from chaoscli.events import Happened
from chaoscli.measures.base import NoData
from chaoscli.measures.facts import EFFECTS
from chaoscli.recording import Recording


def _judge(recording: Recording) -> Finding:
    """The guilty are the requests whose effect was had already. One key may stand for a reservation and a charge at once."""
    seen: Counter[tuple[str, str]] = Counter()
    guilty: dict[str, None] = {}
    for one in committed(recording):
        key = one.data.get("key")
        if one.what not in EFFECTS or not key:
            continue
        seen[one.what, str(key)] += 1
        if seen[one.what, str(key)] > 1:
            guilty[one.request] = None
    if not seen:
        raise NoData("nothing that happened had a key")
    return Finding(shown=f"{seen.total()} effects of {len(seen)} keys", guilty=tuple(guilty))


def _watch() -> Watch:
    seen: set[tuple[str, str]] = set()

    def breaks(fact: Happened) -> bool:
        key = fact.data.get("key")
        if fact.what not in EFFECTS or not key:
            return False
        effect = fact.what, str(key)
        is_repeated = effect in seen
        seen.add(effect)
        return is_repeated

    return breaks


ONE_EFFECT_PER_KEY = Invariant(
    name="one effect per key",
    doc="what carries an idempotency key has one effect, however often it comes",
    judge=_judge,
    watch=_watch,
)
