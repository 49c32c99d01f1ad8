"""Faults of a UDP link, where a datagram really can be lost, doubled or overtaken: settings that make a flow for each direction.

A datagram passes whole or not at all, and owes nothing to those before it: there is no order to keep, so there is no chain.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from random import Random
from typing import ClassVar, Protocol, runtime_checkable

from chaoscli.faults.base import Action, Send


class DatagramFlow(Protocol):
    """One fault in one direction of one link (or of one pair of addresses, as its driver likes)."""

    def received(self, data: bytes, now: float) -> Iterable[Action]:
        """None, one or several Sends of whole datagrams, in the order they are to leave at the same instant."""


@runtime_checkable
class DatagramFault(Protocol):
    kind: ClassVar[str]

    def flow(self, rng: Random) -> DatagramFlow: ...

    def words(self) -> str: ...


def passed(flows: Sequence[DatagramFlow], data: bytes, now: float) -> list[Send]:
    """What leaves, and when, for one datagram that came ``now``, earliest first; the instant out of a flow is ``now`` into the
    next."""
    leaving = [Send(now, data)]
    for flow in flows:
        leaving = [action for send in leaving for action in flow.received(send.data, send.at) if isinstance(action, Send)]
    return sorted(leaving, key=lambda send: send.at)
