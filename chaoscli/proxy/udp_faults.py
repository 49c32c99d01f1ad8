"""The faults on one UDP link, and what the datagrams of each client meet of them."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from chaoscli import dice
from chaoscli.events import FaultMeasured
from chaoscli.faults.base import Action, Direction, Send
from chaoscli.faults.datagrams.base import DatagramFault, DatagramFlow
from chaoscli.faults.datagrams.duplication import Duplication
from chaoscli.faults.datagrams.loss import DatagramLoss
from chaoscli.faults.datagrams.reordering import Reordering
from chaoscli.proxy.tally import Tally


class DatagramTally(Tally):
    """Counts datagrams, and the share of them that the fault was asked to harm."""

    def __init__(self, fault: str, link: str, direction: Direction) -> None:
        super().__init__(fault, link, direction)
        self.asked = 0.0  # how many of those met were to be harmed, on average

    def measured(self, at: float) -> FaultMeasured:
        told = super().measured(at)
        if not self.asked:
            return told
        return dataclasses.replace(told, asked_share=self.asked / self.met, achieved_share=self.touched / self.met)


@dataclass(eq=False, slots=True, kw_only=True)
class InjectedFault:
    """One fault in the directions of its tallies; it takes hold of each client with probability ``share``."""

    name: str
    fault: DatagramFault
    share: float
    tallies: dict[Direction, DatagramTally]
    updates: int = 0

    @property
    def asked_share(self) -> float:
        """The share of datagrams that is to be harmed, where the fault's settings say so."""
        return self.fault.rate if isinstance(self.fault, DatagramLoss | Duplication | Reordering) else 0.0


class CountedFlow:
    """A flow that is counted; it answers what the flow answers. ``delayed``: the last datagram was made late by it."""

    __slots__ = ("_asked_share", "_flow", "delayed", "injected", "tally")

    def __init__(self, flow: DatagramFlow, injected: InjectedFault, direction: Direction) -> None:
        self.injected = injected
        self.tally = injected.tallies[direction]
        self.delayed = False
        self._flow = flow
        self._asked_share = injected.asked_share

    def received(self, data: bytes, now: float) -> Iterable[Action]:
        actions = list(self._flow.received(data, now))
        self.tally.met += 1
        self.tally.asked += self._asked_share
        self.delayed = False
        if len(actions) != 1 or type(action := actions[0]) is not Send or action.at > now or action.data is not data:
            self.tally.touched += 1
            for action in actions:
                if action.at > now:
                    self.delayed = True
                    self.tally.delayed(action.at - now)
        return actions


class UdpFaults:
    """What is injected on one link, in order. ``version`` grows with every change, from 0: nothing yet."""

    def __init__(self, link: str, seed: int) -> None:
        self.version = 0
        self._link = link
        self._seed = seed
        self._injected: dict[str, InjectedFault] = {}

    @property
    def names(self) -> frozenset[str]:
        return frozenset(self._injected)

    def tallies(self) -> list[DatagramTally]:
        return [tally for injected in self._injected.values() for tally in injected.tallies.values()]

    def inject(self, name: str, directions: Sequence[Direction], fault: DatagramFault, share: float) -> None:
        tallies = {direction: DatagramTally(name, self._link, direction) for direction in directions}
        self._injected[name] = InjectedFault(name=name, fault=fault, share=share, tallies=tallies)
        self.version += 1

    def update(self, name: str, fault: DatagramFault, share: float) -> None:
        """Other settings; it keeps its place among the others and its counts, and the dice roll again."""
        old = self._injected[name]
        self._injected[name] = dataclasses.replace(old, fault=fault, share=share, updates=old.updates + 1)
        self.version += 1

    def heal(self, name: str) -> list[DatagramTally]:
        self.version += 1
        return list(self._injected.pop(name).tallies.values())

    def flows(self, direction: Direction, client: int, old: Iterable[CountedFlow]) -> tuple[CountedFlow, ...]:
        """What the datagrams of a client meet in one direction; ``old`` flows whose fault has not changed live on."""
        living = {flow.injected: flow for flow in old}
        flows = []
        for injected in self._injected.values():
            if injected in living:
                flows.append(living[injected])
            elif direction in injected.tallies and self._strikes(injected, client):
                rng = dice.stream(self._seed, injected.name, self._link, direction.value, client, *_rolled_again(injected))
                flows.append(CountedFlow(injected.fault.flow(rng), injected, direction))
        return tuple(flows)

    def _strikes(self, injected: InjectedFault, client: int) -> bool:
        if injected.share >= 1.0:
            return True
        rng = dice.stream(self._seed, injected.name, self._link, "share", client, *_rolled_again(injected))
        return rng.random() < injected.share


def _rolled_again(injected: InjectedFault) -> tuple[int, ...]:
    """What tells the dice after an update from those before, as on a link of connections."""
    return (injected.updates,) if injected.updates else ()
