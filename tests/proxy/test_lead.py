from __future__ import annotations

from random import Random

import pytest

from chaoscli.proxy.lead import LONGEST_LEAD_S, POLLING_SHARE, Lead


@pytest.mark.parametrize("usual_s", [0.00002, 0.0001, 0.0002])
def test_the_lead_settles_above_nearly_all_lags_and_not_far_above(usual_s: float) -> None:
    lead, rng = Lead(), Random(7)
    late = 0
    for number in range(2000):
        lag_s = rng.uniform(0.5 * usual_s, 1.5 * usual_s)
        late += number >= 1000 and lag_s > lead.lag_s
        lead.woke(lag_s)
    assert late < 250  # of a thousand, once it had settled
    assert lead.lag_s < 1.5 * usual_s


def test_the_lead_follows_a_machine_that_has_gone_cold_within_a_dozen_wakes() -> None:
    lead = Lead()
    for _ in range(12):
        lead.woke(0.0003)
    assert lead.lag_s == pytest.approx(0.0003, rel=0.05)


def test_a_stall_counts_for_no_more_than_the_longest_lead() -> None:
    lead, other = Lead(), Lead()
    lead.woke(0.5)
    other.woke(LONGEST_LEAD_S)
    assert lead.lag_s == other.lag_s


def test_the_lead_stays_within_its_bounds() -> None:
    lead = Lead()
    for _ in range(1000):
        lead.woke(1.0)
    assert lead.lag_s == pytest.approx(LONGEST_LEAD_S)
    for _ in range(10_000):
        lead.woke(-1.0)
    assert lead.lag_s == pytest.approx(0.0)


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
