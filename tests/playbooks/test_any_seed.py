"""No lesson hangs on one seed: in the simulated world, where nothing else is left to chance, every expectation holds."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from chaoscli.playbook.load import shipped
from tests.support.command import chaos


@pytest.mark.parametrize("seed", [2, 3])
def test_every_shipped_playbook_holds_under_any_seed(seed: int, tmp_path: Path) -> None:
    names = [one.name for one in shipped()]
    ended = chaos("run", *names, "--world", "sim", "--seed", str(seed), "--json", "--quiet", folder=tmp_path)
    played = json.loads(ended.out)["playbooks"]
    assert [one["playbook"] for one in played] == names
    broken = {
        one["playbook"]: [(check["claim"], check["shown"]) for check in one["expectations"] if not check["held"]]
        for one in played
        if not one["ok"]
    }
    assert broken == {}
    assert ended.code == 0, ended.err
