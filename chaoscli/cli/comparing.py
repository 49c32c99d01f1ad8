"""What ``chaos diff`` does: both recordings judged by what they carry, and their outcomes compared."""

from __future__ import annotations

import json
from pathlib import Path

from chaoscli.checks.difference import differences
from chaoscli.cli.output import Output
from chaoscli.cli.recordings import attempt_of, read_file
from chaoscli.cli.streams import say
from chaoscli.errors import ExitCode
from chaoscli.settings import to_plain
from chaoscli.views.differences import Differences


def compare_recordings(before: Path, after: Path, *, all_rows: bool, json_wanted: bool) -> int:
    runs = [read_file(before), read_file(after)]
    first, second = (attempt_of(file, run) for file, run in zip((before, after), runs, strict=True))
    told = differences(first.outcome, second.outcome)
    same = first.digest == second.digest
    if json_wanted:
        rows = [to_plain(one) for one in told if all_rows or not one.same]
        say(json.dumps({"same": same, "compared": len(told), "differences": rows}, indent=2, ensure_ascii=False))
    else:
        headers = runs[0].header, runs[1].header
        Output().print(Differences(told, headers, same_events=same, all_rows=all_rows))
    return ExitCode.HELD
