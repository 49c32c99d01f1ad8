from __future__ import annotations

from random import Random

import pytest

from chaoscli.proxy.lead import LONGEST_LEAD_S, POLLING_SHARE, Lead


@pytest.mark.parametrize("usual_s", [0.00002, 0.0001, 0.0002])
def test_the_lead_settles_where_nine_wakes_of_ten_are_early_enough(usual_s: float) -> None:
    lead, rng = Lead(), Random(7)
    for _ in range(2000):
        lead.woke(rng.uniform(0.5 * usual_s, 1.5 * usual_s))
    # Nine tenths of uniform(0.5, 1.5) lie below 1.4.
    assert lead.lag_s == pytest.approx(1.4 * usual_s, abs=0.1 * usual_s + 0.000005)


def test_a_stall_does_not_move_the_lead_far() -> None:
    lead = Lead()
    for _ in range(500):
        lead.woke(0.00003)
    before = lead.lag_s
    lead.woke(0.5)
    assert lead.lag_s - before <= 0.000005


def test_the_lead_stays_within_its_bounds() -> None:
    lead = Lead()
    for _ in range(1000):
        lead.woke(1.0)
    assert lead.lag_s == LONGEST_LEAD_S
    for _ in range(10_000):
        lead.woke(-1.0)
    assert lead.lag_s == 0.0


def test_polling_towards_timers_takes_a_bounded_share_of_the_time() -> None:
    lead, now, polled_s = Lead(), 0.0, 0.0
    for _ in range(10_000):  # a timer is due all the time
        due = now + 0.9 * lead.lag_s
        if lead.covers(due, now):
            polled_s += due - now
            now = due
            lead.polled(now)
        else:
            assert lead.before(now) == 0.0
            now += 0.00001
    assert 0.0 < polled_s <= POLLING_SHARE * now


def test_it_covers_what_is_due_within_the_lag_and_nothing_later() -> None:
    lead = Lead()
    assert lead.covers(10.0 + lead.lag_s * 0.99, 10.0)
    assert lead.covers(9.0, 10.0)
    assert not lead.covers(10.0 + lead.lag_s * 1.01, 10.0)
