"""A plan that was found in the simulation is played on real processes, and counted."""

from __future__ import annotations

from pathlib import Path

from chaoscli.exploration import Failure, Plan, PlannedFault
from chaoscli.explore.reproduction import to_text
from chaoscli.explore.trial import run
from tests.explore.subjects import CHARGE
from tests.support.command import chaos

# Every reply of payment is lost for a second, and order asks three times without a key.
PLAN = Plan(
    seed=5, heals_s=1.2, lasts_s=1.5,
    faults=(
        PlannedFault(
            kind="lost reply", target="order -> payment", at_s=0.0, for_s=1.0, settings={"what": "reply", "probability": 1.0}
        ),
        PlannedFault(kind="crash", target="payment", at_s=1.05, for_s=0.05),
    ),
)  # fmt: skip


def test_what_is_logic_fails_on_processes_too(tmp_path: Path) -> None:
    made = run(CHARGE, PLAN)
    violation = made.broken("no double charge")
    assert violation is not None
    failure = Failure(
        subject=CHARGE, violation=violation, plan=PLAN, digest=made.digest, seeds=(5,), planned_faults=2, runs=0, again=20,
        tried=20,
    )  # fmt: skip
    file = tmp_path / "repro.json"
    file.write_text(to_text(failure))
    ended = chaos("replay", str(file), "--world", "real", "--times", "1", folder=tmp_path)
    assert "reproduced 1 of 1" in ended.out, ended.out + ended.err
    assert ended.code == 1
