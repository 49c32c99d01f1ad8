"""What a run leaves on stdout when it was told to be quiet."""

from __future__ import annotations

import pytest

from chaoscli.checks.judge import judge
from chaoscli.cli.screens import show_outcome
from chaoscli.playbook.load import load_playbook
from chaoscli.views.final import Ending
from tests.support.recordings import recording, run_of


def test_a_quiet_run_that_could_not_be_made_as_asked_says_why(capsys: pytest.CaptureFixture[str]) -> None:
    play = recording("timeout").curtain(4).requests(since=0, until=4, rate=10, took=0.05).fault("cut", at=1, late=0.75).fell(5)
    run = run_of(play)
    outcome = judge(run, [])
    ending = Ending(notice="", next_playbook="", repeat="", error="", exit_code=outcome.exit_code)
    show_outcome(load_playbook("partition"), run, outcome, ending, show="quiet")
    doubt, verdict = capsys.readouterr().out.splitlines()
    assert doubt.endswith("1.75s timeout: fault 'cut' came 750ms late: something stood still")
    assert verdict.endswith("the run could not be made as asked  (exit 3)")
