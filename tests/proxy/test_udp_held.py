"""What a UDP link keeps: datagrams until their instant and within a bound, and count of what it lost."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chaoscli.events import Event, Noted
from chaoscli.faults.base import Direction
from chaoscli.faults.corrupt import Corrupt
from chaoscli.faults.datagrams.duplication import Duplication
from chaoscli.faults.datagrams.loss import DatagramLoss
from chaoscli.proxy import udp_held
from chaoscli.proxy.udp_client import UdpClient
from chaoscli.proxy.udp_faults import UdpFaults
from chaoscli.proxy.udp_held import Datagram, Held
from chaoscli.proxy.udp_losses import REFUSED, Losses
from tests.proxy.stage import REPLY, REQUEST

INSTANTS = st.one_of(st.integers(0, 5).map(float), st.just(math.inf))
ENTRIES = st.lists(st.tuples(INSTANTS, st.sampled_from(Direction)), max_size=30)


def held(entries: list[tuple[float, Direction]]) -> tuple[Held, UdpClient]:
    """Entries under their places in the list."""
    client, one = UdpClient(("127.0.0.1", 1), 1), Held()
    for place, (at, direction) in enumerate(entries):
        assert one.put(at, Datagram(client, direction, str(place).encode()))
    return one, client


def places(datagrams: list[Datagram]) -> list[int]:
    return [int(datagram.data) for datagram in datagrams]


@given(ENTRIES, st.integers(0, 5))
def test_what_is_due_leaves_in_the_order_of_instants_and_of_coming(entries: list[tuple[float, Direction]], now: int) -> None:
    one, client = held(entries)
    left = places([datagram for _, datagram in one.due(now)])
    due = [place for place, (at, _) in enumerate(entries) if at <= now]
    assert left == sorted(due, key=lambda place: entries[place][0])
    later = [at for at, _ in entries if at > now]
    assert (client.held, one.next_at) == (len(later), min(later, default=math.inf))


@given(ENTRIES, st.sets(st.sampled_from(Direction)), st.booleans())
def test_what_is_taken_is_held_no_longer_and_the_rest_is(
    entries: list[tuple[float, Direction]], directions: set[Direction], only_waiting: bool
) -> None:
    one, client = held(entries)
    taken = places(one.take(directions, only_waiting=only_waiting))
    wanted = [
        place for place, (at, direction) in enumerate(entries) if direction in directions and (at == math.inf or not only_waiting)
    ]
    assert taken == sorted(wanted, key=lambda place: entries[place][0])
    assert client.held == len(entries) - len(taken)
    rest = places([datagram for _, datagram in one.due(math.inf)])
    assert sorted(taken + rest) == list(range(len(entries)))
    assert (one.bytes, client.held) == (0, 0)


def test_there_is_room_up_to_the_bound_and_again_when_something_has_left(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(udp_held, "MOST_HELD_BYTES", 2 * (10 + udp_held.OVERHEAD_BYTES))
    client, one = UdpClient(("127.0.0.1", 1), 1), Held()
    taken = [one.put(1.0, Datagram(client, REQUEST, b"x" * 10)) for _ in range(3)]
    assert (taken, client.held) == ([True, True, False], 2)
    next(one.due(1.0))
    assert one.put(1.0, Datagram(client, REQUEST, b"x" * 10))


def test_losses_are_told_once_with_their_reasons() -> None:
    told: list[Event] = []
    losses = Losses("dns", told.append)
    losses.tell(1.0)
    losses.add("no room", 2)
    losses.add(REFUSED)
    losses.evicted += 3
    losses.tell(2.0)
    losses.tell(3.0)
    losses.add("no room")
    losses.tell(4.0)
    assert told == [
        Noted(at=2.0, source="dns", text="2 datagrams lost: no room", level="warning"),
        Noted(at=2.0, source="dns", text="1 datagram lost: nobody listens upstream", level="warning"),
        Noted(
            at=2.0, source="dns", text="3 clients had to make room for new ones: late answers to them are lost", level="warning"
        ),
        Noted(at=4.0, source="dns", text="1 datagram lost: no room", level="warning"),
    ]
    assert (losses.dropped, losses.refused) == (3, 1)


def test_flows_live_as_long_as_their_fault_keeps_its_settings() -> None:
    faults = UdpFaults("dns", seed=7)
    faults.inject("loss", [REQUEST], DatagramLoss(rate=0.5), 1.0)
    faults.inject("twice", [REQUEST, REPLY], Duplication(rate=0.5), 1.0)
    loss, twice = faults.flows(REQUEST, 1, ())
    faults.inject("noise", [REQUEST], Corrupt(rate=0.0), 1.0)
    faults.update("loss", DatagramLoss(rate=0.1), 1.0)
    new_loss, same_twice, noise = faults.flows(REQUEST, 1, (loss, twice))
    assert [flow.tally.fault for flow in (new_loss, same_twice, noise)] == ["loss", "twice", "noise"]
    assert (new_loss is loss, new_loss.tally is loss.tally, same_twice is twice) == (False, True, True)
    faults.heal("twice")
    assert faults.flows(REQUEST, 1, (new_loss, same_twice, noise)) == (new_loss, noise)
    assert faults.version == 5
    assert sorted(faults.names) == ["loss", "noise"]


def test_both_directions_of_a_client_are_struck_or_neither() -> None:
    faults = UdpFaults("dns", seed=7)
    faults.inject("loss", [REQUEST, REPLY], DatagramLoss(rate=1.0), 0.5)
    struck = [(bool(faults.flows(REQUEST, client, ())), bool(faults.flows(REPLY, client, ()))) for client in range(200)]
    assert set(struck) == {(True, True), (False, False)}
    assert struck.count((True, True)) == pytest.approx(100, abs=36)  # five deviations of sqrt(200 * 0.25) = 7.1
