"""``chaos run --dry``: the plan of each playbook, and nothing played."""

from __future__ import annotations

import json
import math
from typing import Any

from chaoscli.cli.naming import load_named
from chaoscli.cli.options import Options
from chaoscli.cli.output import Output
from chaoscli.cli.streams import say
from chaoscli.errors import ExitCode
from chaoscli.playbook.plan import Plan, plan
from chaoscli.settings import to_plain
from chaoscli.views.plan import PlanPage


def print_plans(options: Options) -> int:
    """Exit code 0 for plans that could be made; every problem of every playbook is raised together."""
    named = load_named(options, to_play=False)
    wrong = [one.wrong for one in named if one.wrong is not None]
    if wrong:
        raise wrong[0] if len(wrong) == 1 else ExceptionGroup("playbooks are wrong", wrong)
    plans = [plan(one.playbook) for one in named if one.playbook is not None]
    if options.json:
        documents = [_document(one) for one in plans]
        say(json.dumps(documents[0] if len(documents) == 1 else {"playbooks": documents}, indent=2, ensure_ascii=False))
        return ExitCode.HELD
    console = Output()
    for number, one in enumerate(plans):
        if number:
            console.print()
        console.print(PlanPage(one))
    return ExitCode.HELD


def _document(made: Plan) -> dict[str, Any]:
    """``null`` is a wait without an end."""
    document: dict[str, Any] = to_plain(made)
    for chain in document["chains"]:
        chain["waits_s"] = chain["waits_s"] if math.isfinite(chain["waits_s"]) else None
    return document
