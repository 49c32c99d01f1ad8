"""Plays whole playbooks through the command and reads what it says of them.

As shipped they are played on real processes, once; with a cure taken out, in the simulated world, where the rest of the
machine cannot make an expectation fail that the cure has nothing to do with.

``play("partition", folder)`` is the playbook as it is shipped; ``changed=["timeout:order.calls.inventory.timeout=none"]``
takes a cure out of one variant. A real run takes as long as it lasts, so tests share one, by a fixture of their module.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from chaoscli.errors import ExitCode
from tests.support.command import chaos

# A machine too busy to send requests when they are due gives no verdict on the playbook: exit 3, or one that is worth no
# more. Then once again, for what keeps a machine busy may pass.
TRIES = 2
WORST_LATENESS_S = 0.1


@dataclass(frozen=True, slots=True)
class Played:
    """How it went: the exit code, and the document that ``--json`` printed."""

    code: int
    document: dict[str, Any]

    def measure(self, variant: str, name: str, link: str = "") -> float:
        """One number of the document's table; of a link, by its words ("order -> inventory"). Seconds, shares, counts."""
        of = self.document["variants"][variant]
        value = (of["links"][link] if link else of["measures"])[name]
        assert value is not None, f"{variant}: no {name} {link}"
        return float(value)

    def claimed(self, variant: str, measure: str) -> float:
        """One number as an expectation reads it, window and all: ``claimed("wall", "one_way(a -> b) during behind")``."""
        read = [one for check in self.document["expectations"] for one in check["measured"]]
        return float(next(one["value"] for one in read if (one["variant"], one["measure"]) == (variant, measure)))

    def never(self, variant: str) -> list[str]:
        """The measures of what did not come to pass: ``["recovery"]``."""
        return list(self.document["variants"][variant]["never"])

    def failed(self) -> list[str]:
        """The claims that did not hold, each with the variant it is about: ``timeout: slowest < 1.5s``."""
        return [_claim(check) for check in self.document["expectations"] if not check["held"]]

    def lateness_s(self) -> float:
        """How late the load sent a request, at worst of all variants."""
        return max(self.measure(variant, "lateness_max") for variant in self.document["variants"])

    def told(self) -> str:
        """The claims with what was measured, for the message of a test that fails."""
        lines = [
            f"{'held  ' if one['held'] else 'FAILED'}  {_claim(one)}   {one['shown']}" for one in self.document["expectations"]
        ]
        return "\n".join(["", *lines, *(f"problem: {one['text']}" for one in self.document["problems"])])


def play(
    playbook: str | Path,
    folder: Path,
    *,
    changed: Sequence[str] = (),
    variants: Sequence[str] = (),
    seed: int = 1,
    world: str = "real",
) -> Played:
    """``chaos run PLAYBOOK --json``; anything but a verdict (a mistake, a run that could not be made twice) fails the test."""
    words = [word for change in changed for word in ("--set", change)]
    words += [word for variant in variants for word in ("--variant", variant)]
    for _ in range(TRIES):
        ended = chaos("run", str(playbook), "--json", "--quiet", "--seed", str(seed), "--world", world, *words, folder=folder)
        if ended.code == ExitCode.NOT_MADE:
            continue
        assert ended.code in (ExitCode.HELD, ExitCode.VIOLATED), f"exit {ended.code}\n{ended.err}"
        played = Played(ended.code, json.loads(ended.out))
        if played.code == ExitCode.HELD or played.lateness_s() < WORST_LATENESS_S:
            break
    assert ended.code != ExitCode.NOT_MADE, ended.err
    return played


def _claim(check: dict[str, Any]) -> str:
    return f"{check['variant']}: {check['claim']}" if check["variant"] else str(check["claim"])
