"""Baselines in files: the usual value of each measure of each playbook, as text that reads well in a diff."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import chaoscli
from chaoscli.checks.baseline import Compared, Key, compare, figures_of
from chaoscli.checks.spread import spread_of
from chaoscli.errors import NotMadeError, UsageError
from chaoscli.reports.json import rounded
from chaoscli.reports.series import Entry, Series

FORMAT = 1
# JSON has no number for a recovery that never came.
NEVER = "never"
# A file of every measure of a hundred playbooks is a tenth of this.
LARGEST = 10_000_000

Baseline = Mapping[str, Any]


def read_baseline(file: Path) -> Baseline:
    """The playbooks of the baseline by name. UsageError for what is none."""
    try:
        with file.open(encoding="utf-8") as opened:
            whole = json.loads(opened.read(LARGEST))
    except OSError as error:
        hint = f"`chaos run ... --save-baseline {file}` makes one"
        raise UsageError(f"the baseline '{file}' cannot be read: {(error.strerror or str(error)).lower()}", hint=hint) from None
    except (ValueError, RecursionError):
        raise UsageError(f"'{file}' is not a baseline: it is not JSON") from None
    if not isinstance(whole, dict) or whole.get("baseline") != FORMAT or not isinstance(whole.get("playbooks"), dict):
        raise UsageError(f"'{file}' is not a baseline that this version can read")
    try:
        for playbook in whole["playbooks"].values():
            _figures(playbook)
    except (KeyError, TypeError, AttributeError):
        raise UsageError(f"'{file}' is not a baseline: its figures are not in their places") from None
    return dict(whole["playbooks"])


def compared(series: Series, baseline: Baseline, *, worse_by: float) -> Series:
    """Each playbook with what the baseline says of it. Runs without a verdict are not compared."""
    return Series(tuple(_compared(entry, baseline, worse_by) for entry in series.entries))


def _compared(entry: Entry, baseline: Baseline, worse_by: float) -> Entry:
    if not entry.played:
        return entry
    before = baseline.get(entry.name)
    now = _now(entry)
    world = entry.takes[0].last.outcome.world
    if before is None:
        return replace(entry, compared=Compared(note="not in the baseline"))
    if before["world"] != world:
        note = f"not compared: the baseline is of the {before['world']} world, and this is the {world} one"
        return replace(entry, compared=Compared(note=note))
    return replace(entry, compared=compare(_figures(before), now, worse_by=worse_by))


def save_baseline(file: Path, series: Series) -> None:
    """NotMadeError when it cannot be written."""
    playbooks = {entry.name: _plain(entry) for entry in series.entries}
    whole = {"baseline": FORMAT, "version": chaoscli.__version__, "playbooks": playbooks}
    try:
        file.write_text(json.dumps(whole, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    except OSError as error:
        raise NotMadeError(f"the baseline could not be written to '{file}': {(error.strerror or str(error)).lower()}") from None


def _now(entry: Entry) -> dict[Key, float | None]:
    return figures_of(spread_of([take.last.outcome for take in entry.takes if take.last.judged]))


def _plain(entry: Entry) -> dict[str, Any]:
    variants: dict[str, dict[str, Any]] = {}
    for (variant, link, measure), value in _now(entry).items():
        own = variants.setdefault(variant, {"measures": {}, "links": {}})
        of = own["links"].setdefault(link, {}) if link else own["measures"]
        of[measure] = NEVER if value is not None and math.isinf(value) else rounded(value)
    seeds = [take.last.outcome.seed for take in entry.takes]
    return {"world": entry.takes[0].last.outcome.world, "seeds": seeds, "variants": variants}


def _figures(plain: Mapping[str, Any]) -> dict[Key, float | None]:
    """KeyError, TypeError or AttributeError for what is no playbook's figures."""
    str.strip(plain["world"])
    return {
        (variant, link, measure): _value(value)
        for variant, own in plain["variants"].items()
        for link, of in _places(own)
        for measure, value in of.items()
    }


def _places(own: Mapping[str, Any]) -> Iterable[tuple[str, Mapping[str, Any]]]:
    return [("", own["measures"]), *own["links"].items()]


def _value(value: Any) -> float | None:
    if value == NEVER:
        return math.inf
    if value is not None and (isinstance(value, bool) or not isinstance(value, int | float)):
        raise TypeError(value)
    return value
