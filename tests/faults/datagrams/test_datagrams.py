"""Datagrams are lost, doubled, overtaken and flipped as often as asked, and pass whole or not at all."""

from __future__ import annotations

import itertools
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chaoscli.faults.base import BadSetting, Send
from chaoscli.faults.corrupt import Corrupt
from chaoscli.faults.datagrams.base import DatagramFault, DatagramFlow, passed
from chaoscli.faults.datagrams.catalogue import DATAGRAM_FAULTS
from chaoscli.faults.datagrams.duplication import Duplication
from chaoscli.faults.datagrams.loss import DatagramLoss
from chaoscli.faults.datagrams.reordering import Reordering
from chaoscli.faults.latency import Latency

MANY = 20_000
EXAMPLES: dict[str, Any] = {
    "latency": Latency(delay=0.1),
    "loss": DatagramLoss(rate=0.1),
    "duplication": Duplication(rate=0.1),
    "reordering": Reordering(rate=0.1),
    "corrupt": Corrupt(rate=0.1),
}


def arrivals(fault: Any, count: int, pause_s: float = 0.0) -> list[list[Send]]:
    """What leaves for each of ``count`` datagrams, the numbers from 0 as text, ``pause_s`` apart."""
    flow = fault.flow(Random(7))
    return [passed([flow], str(number).encode(), number * pause_s) for number in range(count)]


def test_the_table_holds_faults_by_their_kind() -> None:
    assert set(DATAGRAM_FAULTS) == set(EXAMPLES)
    for kind, row in DATAGRAM_FAULTS.items():
        assert row.kind == row.settings.kind == kind
        assert (type(EXAMPLES[kind]), row.harms) == (row.settings, "datagrams")
        assert isinstance(EXAMPLES[kind], DatagramFault)
        assert EXAMPLES[kind].words()


def test_the_asked_share_is_lost() -> None:
    lost = sum(not leaving for leaving in arrivals(DatagramLoss(rate=0.1), MANY))
    assert lost == pytest.approx(2_000, abs=215)  # five deviations of sqrt(20,000 * 0.1 * 0.9) = 42


def test_correlated_losses_come_in_bursts_of_the_promised_length() -> None:
    fates = [not leaving for leaving in arrivals(DatagramLoss(rate=0.1, correlation=0.5), 100_000)]
    bursts = sum(fate and not before for before, fate in zip([False, *fates], fates, strict=False))
    # 1 / ((1 - 0.1) * (1 - 0.5)) = 2.22 datagrams.
    assert sum(fates) / bursts == pytest.approx(2.22, abs=0.1)


def test_the_asked_share_arrives_twice_and_the_copy_is_late() -> None:
    leaving = arrivals(Duplication(rate=0.25, apart=0.5), MANY)
    doubled = [sends for sends in leaving if len(sends) == 2]
    assert len(doubled) == pytest.approx(5_000, abs=310)
    assert {(second.at - first.at, second.data == first.data) for first, second in doubled} == {(0.5, True)}
    assert all(len(sends) in (1, 2) for sends in leaving)


def test_a_datagram_held_back_is_overtaken_by_those_close_behind_it() -> None:
    leaving = [sends[0] for sends in arrivals(Reordering(rate=0.1, by=0.01), MANY, pause_s=0.004)]
    arrived = [int(send.data) for send in sorted(leaving, key=lambda send: send.at)]
    overtaken = sum(later < earlier for earlier, later in itertools.pairwise(arrived))
    assert overtaken == pytest.approx(2_000 * 0.92, rel=0.15)
    assert sorted(arrived) == list(range(MANY))


def test_jitter_reorders_datagrams_as_it_cannot_reorder_a_stream() -> None:
    leaving = [sends[0] for sends in arrivals(Latency(delay=0.1, jitter=0.1), 100, pause_s=0.01)]
    arrived = [int(send.data) for send in sorted(leaving, key=lambda send: send.at)]
    assert arrived != sorted(arrived)
    assert sorted(arrived) == list(range(100))


def test_the_instant_out_of_one_fault_is_now_for_the_next() -> None:
    flows: list[DatagramFlow] = [Duplication(rate=1.0, apart=1.0).flow(Random(7)), Latency(delay=0.5).flow(Random(7))]
    assert passed(flows, b"a", 2.0) == [Send(2.5, b"a"), Send(3.5, b"a")]


FAULTS = st.one_of(
    st.builds(DatagramLoss, rate=st.floats(0, 1), correlation=st.floats(0, 1)),
    st.builds(Duplication, rate=st.floats(0, 1), apart=st.floats(0, 5)),
    st.builds(Reordering, rate=st.floats(0, 1), by=st.floats(0.001, 5)),
    st.builds(Latency, delay=st.floats(0, 5), jitter=st.floats(0, 5)),
)


@given(faults=st.lists(FAULTS, max_size=4), datagrams=st.lists(st.binary(max_size=100), max_size=20))
def test_what_arrives_was_sent_and_not_before_it_was(faults: list[Any], datagrams: list[bytes]) -> None:
    flows = [fault.flow(Random(7)) for fault in faults]
    again = [fault.flow(Random(7)) for fault in faults]
    for number, data in enumerate(datagrams):
        leaving = passed(flows, data, float(number))
        assert all(send.data == data and send.at >= number for send in leaving)
        assert leaving == sorted(leaving, key=lambda send: send.at)
        assert leaving == passed(again, data, float(number))


@pytest.mark.parametrize(
    ("make", "told"),
    [
        (lambda: DatagramLoss(rate=1.5), "rate is a share from 0 to 1"),
        (lambda: DatagramLoss(rate=0.5, correlation=-1.0), "correlation is a share from 0 to 1"),
        (lambda: Duplication(rate=-1.0), "rate is a share from 0 to 1"),
        (lambda: Duplication(rate=0.1, apart=-1.0), "apart cannot be negative"),
        (lambda: Reordering(rate=2.0), "rate is a share from 0 to 1"),
        (lambda: Reordering(rate=0.1, by=0.0), "by must be more than 0"),
    ],
)
def test_impossible_settings_are_refused(make: Any, told: str) -> None:
    with pytest.raises(BadSetting) as caught:
        make()
    assert str(caught.value) == told
