"""A simulated service queues as queueing theory has it: request by request, by Lindley's recursion."""

from __future__ import annotations

from itertools import pairwise

import pytest

from chaoscli.events import Answered, Arrived
from tests.bench.simulation import QUEUE, SERVICE_S, read
from tests.support.simulations import simulated


@pytest.mark.parametrize("utilisation", [0.5, 0.8])
def test_each_request_waits_as_long_as_the_work_before_it_lasts(utilisation: float) -> None:
    """Lindley 1952: what the n-th waits is what the one before waited and worked, less the time between the two, or nothing.

    S / (1 - rho) is the mean of this recursion over Poisson arrivals and exponential work; the mean over a run of seconds
    strays from it by tens of per cent, so the recursion itself is what is held here. ``tests.bench.simulation`` has the mean.
    """
    run = simulated(read(QUEUE.format(rate=utilisation / SERVICE_S, lasts=30))).variants["one"]
    arrived, answered = run.of(Arrived), run.of(Answered)
    assert len(arrived) == len(answered) > 1000
    assert [one.request for one in arrived] == [one.request for one in answered]  # first come, first served
    waited_s = 0.0
    for place, one in enumerate(answered):
        if place:
            before = answered[place - 1]
            waited_s = max(0.0, waited_s + before.worked_s - (arrived[place].at - arrived[place - 1].at))
        assert one.queued_s == pytest.approx(waited_s, abs=1e-9)
    mean_s = sum(one.worked_s for one in answered) / len(answered)
    assert mean_s == pytest.approx(SERVICE_S, rel=0.1)
    gaps = [later.at - earlier.at for earlier, later in pairwise(arrived)]
    assert sum(gaps) / len(gaps) == pytest.approx(SERVICE_S / utilisation, rel=0.1)
