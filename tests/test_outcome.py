"""What a verdict comes to: the exit code a user can rely on."""

from __future__ import annotations

import pytest

from chaoscli.errors import ExitCode
from chaoscli.outcome import Check, Outcome, RunProblem

BROKEN = Check(text="success > 99%", variant="naive", held=False)
HELD = Check(text="p99 < 1s", variant="naive", held=True)
DIED = RunProblem(variant="naive", text="inventory died by itself")


@pytest.mark.parametrize(
    ("complete", "problems", "checks", "exit_code"),
    [
        (True, (), (), ExitCode.HELD),
        (True, (), (HELD,), ExitCode.HELD),
        (True, (), (HELD, BROKEN), ExitCode.VIOLATED),
        # Who doubts the run does not trust its verdict, either way.
        (True, (DIED,), (HELD,), ExitCode.NOT_MADE),
        (True, (DIED,), (BROKEN,), ExitCode.NOT_MADE),
        (False, (), (HELD,), ExitCode.INTERRUPTED),
        (False, (DIED,), (BROKEN,), ExitCode.INTERRUPTED),
    ],
)
def test_the_exit_code_says_how_far_the_verdict_can_be_trusted(
    complete: bool, problems: tuple[RunProblem, ...], checks: tuple[Check, ...], exit_code: ExitCode
) -> None:
    outcome = Outcome(playbook="p", title="P", seed=1, world="real", complete=complete, problems=problems, checks=checks)
    assert outcome.exit_code is exit_code
    assert outcome.ok is (exit_code is ExitCode.HELD)
    assert outcome.broken == tuple(check for check in checks if check is BROKEN)
