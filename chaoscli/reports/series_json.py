"""Everything a command played as one JSON document: of one run its own, of several a list with what they have in common."""

from __future__ import annotations

import math
from typing import Any

from chaoscli.checks.baseline import Compared
from chaoscli.checks.spread import Spread, spread_of
from chaoscli.errors import ExitCode
from chaoscli.reports.json import document, rounded
from chaoscli.reports.series import Attempt, Entry, Series, Take
from chaoscli.settings import to_plain


def series_document(series: Series) -> dict[str, Any]:
    """What ``--json`` prints, for ``json.dumps``."""
    documents = [_entry(entry) for entry in series.entries]
    if len(documents) == 1:
        return documents[0]
    return {"ok": series.exit_code is ExitCode.HELD, "exit_code": int(series.exit_code), "playbooks": documents}


def _entry(entry: Entry) -> dict[str, Any]:
    compared = {"baseline": _compared(entry.compared)} if entry.compared is not None else {}
    verdict = {"ok": entry.exit_code is ExitCode.HELD, "exit_code": int(entry.exit_code)}
    if entry.wrong is not None:
        return {"playbook": entry.name, **verdict, "error": entry.wrong.render()}
    if not entry.played:
        return {"playbook": entry.name, "ok": None, "exit_code": None, "error": "not played"}
    if len(entry.takes) == 1:
        return {**_take(entry.takes[0]), **verdict, **compared}
    spread = spread_of([take.last.outcome for take in entry.takes if take.last.judged])
    return {
        "playbook": entry.name,
        **verdict,
        "flaky": entry.flaky,
        "runs": [_take(take) for take in entry.takes],
        "spread": [_spread(one) for one in spread],
        **compared,
    }


def _take(take: Take) -> dict[str, Any]:
    """The last attempt's document; the ones before it only by their exit codes."""
    tried = {"flaky": take.flaky, "attempts": [int(one.exit_code) for one in take.attempts]} if len(take.attempts) > 1 else {}
    return {**_attempt(take.last), **tried}


def _attempt(attempt: Attempt) -> dict[str, Any]:
    return {
        **document(attempt.outcome),
        **({"error": attempt.error.render()} if attempt.error else {}),
        "ok": attempt.exit_code is ExitCode.HELD,
        "exit_code": int(attempt.exit_code),
        "repeat": attempt.repeat,
        "digest": attempt.digest,
    }


def _spread(one: Spread) -> dict[str, Any]:
    """``null`` where there is no number; ``never`` names which of the three are a "never"."""
    values = {"least": one.least, "median": one.median, "most": one.most}
    return {
        "variant": one.variant,
        "link": one.link or None,
        "measure": one.measure,
        **{name: rounded(value) for name, value in values.items()},
        "never": [name for name, value in values.items() if value is not None and math.isinf(value)],
        "missing": one.missing,
    }


def _compared(compared: Compared) -> dict[str, Any]:
    plain = to_plain(compared)
    return {"ok": not compared.worse, "measures": plain["count"], "worse": plain["worse"], "note": compared.note or None}
