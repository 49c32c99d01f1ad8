"""What ``chaos check`` says of each playbook: problems and warnings where they are written, or that it is right."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import replace

from chaoscli.cli.streams import say
from chaoscli.errors import ChaosError, ExitCode
from chaoscli.playbook.checking import Checked, check_playbook
from chaoscli.playbook.meaning import Playbook


def check_all(names: Sequence[str], *, overrides: Sequence[str], strict: bool) -> int:
    """Exit code: that of the worst playbook."""
    code = ExitCode.HELD
    for name in names:
        try:
            checked = check_playbook(name, overrides=overrides)
        except ChaosError as error:
            print(error.render(), file=sys.stderr)
            code = error.exit_code
            continue
        _warn(checked)
        if strict and checked.warnings:
            code = max(code, ExitCode.VIOLATED)
        say(f"{name}: right ({_counts(checked.playbook, len(checked.warnings))})")
    return code


def _warn(checked: Checked) -> None:
    for one in checked.warnings:
        print(replace(one, message=f"warning: {one.message}").render(), file=sys.stderr)


def _counts(playbook: Playbook, warnings: int) -> str:
    counts = {
        "variant": len(playbook.variants),
        "fault": len({fault.name for variant in playbook.variants for fault in variant.faults}),
        "cue": len({cue.name for variant in playbook.variants for cue in variant.cues}),
        "expectation": len(playbook.expectations),
        "warning": warnings,
    }
    return ", ".join(_counted(count, noun) for noun, count in counts.items() if count or noun not in ("cue", "warning"))


def _counted(count: int, noun: str) -> str:
    return f"{count} {noun}{'' if count == 1 else 's'}"
