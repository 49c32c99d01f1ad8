"""What a plan predicts of the shipped playbooks is never exceeded when they are played, in the simulated world."""

from __future__ import annotations

import pytest

from chaoscli.playbook.load import load_playbook, shipped
from chaoscli.playbook.plan import plan
from chaoscli.views.predicted import calls_for_one
from tests.support.simulations import judged

# A budget lets a little more out at the start than in the long run, and a fault may send requests twice by itself.
ROOM = 1.1


@pytest.mark.parametrize("name", [one.name for one in shipped()])
def test_no_request_becomes_more_calls_than_predicted(name: str) -> None:
    playbook = load_playbook(name)
    chains = plan(playbook).chains
    variants = {variant.name: variant for variant in judged(name).variants}
    over = [
        (chain.variant, chain.path, chain.most, calls)
        for chain in chains
        if (calls := calls_for_one(variants[chain.variant], chain, chains)) is not None and calls > chain.most * ROOM
    ]
    assert over == []
