"""Latency: the asked figures come out, in every distribution."""

from __future__ import annotations

import math
from random import Random
from statistics import correlation, fmean, pstdev, quantiles

import pytest

from chaoscli.faults.base import BadSetting, Finish, Send
from chaoscli.faults.latency import Latency
from tests.faults.streams import chain_of, flow_of

DRAWS = 20_000


def delays(fault: Latency) -> list[float]:
    flow = fault.flow(Random(7))
    return [flow.delay() for _ in range(DRAWS)]


def test_every_chunk_and_the_end_are_late_by_the_delay() -> None:
    chain = chain_of(Latency(delay=0.1))
    assert chain.received(b"a", 1.0) == [Send(1.1, b"a")]
    assert chain.received(b"b", 2.0) == [Send(2.1, b"b")]
    assert chain.ended(3.0) == [Finish(3.1)]


def test_a_burst_shares_one_delay_so_that_bandwidth_is_not_limited() -> None:
    chain = chain_of(Latency(delay=0.1))
    assert [chain.received(b"x" * 1000, 1.0)[0].at for _ in range(100)] == [1.1] * 100


def test_two_latencies_add_up() -> None:
    assert chain_of(Latency(delay=0.5), Latency(delay=0.5)).received(b"a", 0.0) == [Send(1.0, b"a")]


def test_what_waits_has_the_new_delay_less_the_time_it_has_waited() -> None:
    earlier, longer, shorter = (flow_of(Latency(delay=delay)) for delay in (1.0, 3.0, 0.2))
    waiting = [*earlier.received(b"a", 0.0), *earlier.ended(0.0)]
    assert list(longer.takes_over(earlier, waiting, 0.5)) == [Send(3.0, b"a"), Finish(3.0)]
    assert list(shorter.takes_over(earlier, waiting, 0.5)) == [Send(0.5, b"a"), Finish(0.5)]


def test_a_new_connection_is_late_once_more_where_its_handshake_counts() -> None:
    new, old, careless = (flow_of(Latency(delay=0.25, handshake=counts)) for counts in (True, True, False))
    new.begins()
    careless.begins()
    sent = [[next(iter(flow.received(b"a", at))).at for at in (1.0, 2.0)] for flow in (new, old, careless)]
    assert sent == [[1.5, 2.25], [1.25, 2.25], [1.25, 2.25]]


def test_uniform_jitter_fills_the_whole_range_evenly() -> None:
    drawn = delays(Latency(delay=0.1, jitter=0.05))
    assert 0.05 <= min(drawn) < 0.0505
    assert 0.1495 < max(drawn) <= 0.15
    # Evenly: each quarter of the draws lies in a quarter of the range; the quartiles' own error is 0.0003.
    assert quantiles(drawn, n=4) == pytest.approx([0.075, 0.1, 0.125], abs=0.0015)


@pytest.mark.parametrize("distribution", ["normal", "lognormal", "pareto"])
def test_delay_is_the_mean_and_jitter_the_deviation(distribution: str) -> None:
    drawn = delays(Latency(delay=0.2, jitter=0.02, distribution=distribution))  # type: ignore[arg-type]
    # The mean of 20,000 draws strays by 0.02 / 141 = 0.00014. A Pareto's deviation is dominated by its few largest draws.
    assert fmean(drawn) == pytest.approx(0.2, abs=0.0006)
    assert pstdev(drawn) == pytest.approx(0.02, rel=0.3 if distribution == "pareto" else 0.03)


def test_normal_jitter_has_the_normal_quantiles() -> None:
    drawn = delays(Latency(delay=0.2, jitter=0.02, distribution="normal"))
    # 84.13% of a normal distribution lie below one deviation above the mean, 97.72% below two.
    assert sum(one < 0.22 for one in drawn) / DRAWS == pytest.approx(0.8413, abs=0.01)
    assert sum(one < 0.24 for one in drawn) / DRAWS == pytest.approx(0.9772, abs=0.005)


def test_pareto_jitter_has_a_floor_and_a_heavy_tail() -> None:
    drawn = delays(Latency(delay=0.2, jitter=0.02, distribution="pareto"))
    # The least draw of the Pareto is 1: 0.2 + 0.02 * (1 - 1.5) / 0.866 = 0.18845.
    assert 0.18845 <= min(drawn) < 0.1885
    # P(X > x) = x ** -3; 10 deviations above the mean is x = 1.5 + 8.66 = 10.16, so 0.095% of draws lie beyond: 19 of 20,000.
    assert 5 <= sum(one > 0.4 for one in drawn) <= 40


def test_lognormal_jitter_is_skewed_and_never_negative() -> None:
    drawn = sorted(delays(Latency(delay=0.05, jitter=0.1, distribution="lognormal")))
    # The median of a lognormal is mean / sqrt(1 + (deviation / mean) ** 2): 0.05 / sqrt(5) = 0.02236.
    assert drawn[DRAWS // 2] == pytest.approx(0.05 / math.sqrt(5.0), rel=0.05)
    assert drawn[0] > 0.0


def test_a_delay_that_would_be_negative_is_none() -> None:
    assert min(delays(Latency(delay=0.01, jitter=0.1, distribution="normal"))) == 0.0
    assert set(delays(Latency(delay=0.0, jitter=0.1, distribution="lognormal"))) == {0.0}


def test_a_lognormal_delay_far_below_its_jitter_is_still_a_number() -> None:
    assert all(0.0 <= one < math.inf for one in delays(Latency(delay=1e-300, jitter=1.0, distribution="lognormal")))


@pytest.mark.parametrize("asked", [0.0, 0.5, 0.9])
def test_each_delay_resembles_the_one_before_as_much_as_asked(asked: float) -> None:
    drawn = delays(Latency(delay=0.2, jitter=0.02, distribution="normal", correlation=asked))
    assert correlation(drawn[:-1], drawn[1:]) == pytest.approx(asked, abs=0.03)
    assert pstdev(drawn) == pytest.approx(0.02, rel=0.08)


def test_wholly_correlated_delays_are_all_the_same() -> None:
    assert len(set(delays(Latency(delay=0.2, jitter=0.02, correlation=1.0)))) == 1


def test_connections_roll_dice_of_their_own() -> None:
    fault = Latency(delay=0.2, jitter=0.02)
    assert fault.flow(Random(1)).delay() != fault.flow(Random(2)).delay()


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        (Latency(delay=0.1), "latency 100ms"),
        (Latency(delay=0.1, jitter=0.05), "latency 100ms ± 50ms"),
        (Latency(delay=0.1, jitter=0.05, distribution="normal"), "latency 100ms ± 50ms normal"),
        (Latency(delay=0.1, jitter=0.05, correlation=0.25), "latency 100ms ± 50ms, 25% correlated"),
    ],
)
def test_it_says_itself_in_words(fault: Latency, words: str) -> None:
    assert fault.words() == words


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({"delay": -0.1}, "delay cannot be negative"),
        ({"delay": math.inf}, "delay cannot be negative"),
        ({"delay": math.nan}, "delay cannot be negative"),
        ({"delay": 0.1, "jitter": -1.0}, "jitter cannot be negative"),
        ({"delay": 0.1, "correlation": 1.5}, "correlation is a share from 0 to 1"),
    ],
)
def test_impossible_settings_are_refused(settings: dict[str, float], told: str) -> None:
    with pytest.raises(BadSetting) as caught:
        Latency(**settings)  # type: ignore[arg-type]
    assert str(caught.value) == told
