"""From a seed to a plan: which faults, on whom, when. Pure, so that a plan can be made anywhere from its number.

Swarm testing (Groce et al., "Swarm Testing", ISSTA 2012): a run that may do everything seldom does one thing often enough,
so most runs leave kinds of fault out. Faults are few in most plans and many in some, and half of them come close to something
that the workload does, or right behind a message that is counted.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from itertools import islice
from random import Random

from chaoscli import dice
from chaoscli.exploration import Moment, Plan, PlannedFault, Subject
from chaoscli.explore.vocabulary import HARMS, Harm
from chaoscli.faults.catalogue import FAULTS
from chaoscli.load.course import pacer_of
from chaoscli.load.pacer import starts
from chaoscli.load.settings import Load
from chaoscli.settings import from_plain

MOST_FAULTS = 12
# One to twelve faults, a third fewer of each number than of the one before: three in the mean.
GOES_ON = 0.67
ALL_KINDS, SOME_KINDS = 0.4, 0.7  # the rest leaves kinds and nodes out
SNAPPED = 0.5
COUNTED = 0.5  # of the snapped ones, those that wait for a message
# After a request has begun, its first steps follow each other within milliseconds, its last within some hundred of them.
SHORTEST_STEP_S, LONGEST_STEP_S = 0.001, 0.3
# Behind a message: at once, or while its consequences are on their way.
AFTER_MESSAGE_S = (0.0, 0.0, 0.001, 0.005, 0.02)
MOST_COUNTED = 40
# Moments of a workload that faults are snapped to; more would not be told apart.
MOST_ARRIVALS = 2000
# How much of its time for faults a run takes: short runs are many, and some need long ones.
TIMES = (0.2, 0.4, 1.0)


def plan_of(subject: Subject, seed: int) -> Plan:
    """The plan that belongs to this seed; the same wherever it is made."""
    roll = dice.stream(seed, "plan", subject.playbook)
    harms, nodes = _allowed(subject, roll)
    choices = [(harm, targets) for harm in harms if (targets := _targets(subject, harm, nodes))]
    heals_s = round(subject.heals_s * roll.choice(TIMES), 3)
    arrivals = _arrivals(subject, seed, heals_s)
    count = 1
    while count < MOST_FAULTS and roll.random() < GOES_ON:
        count += 1
    faults = [_fault(subject, roll, choices, arrivals, heals_s) for _ in range(count)] if choices else []
    return Plan(
        seed=seed,
        heals_s=heals_s,
        lasts_s=heals_s + subject.lasts_s - subject.heals_s,
        faults=tuple(sorted(faults, key=lambda fault: fault.at_s)),
    )


def _allowed(subject: Subject, roll: Random) -> tuple[Sequence[Harm], Sequence[str]]:
    """Which kinds of harm this run may do, and to whom."""
    nodes = [node.name for node in subject.topology.services]
    swarm = roll.random()
    if swarm < ALL_KINDS:
        return HARMS, nodes
    harms = roll.sample(HARMS, roll.randint(1, max(1, len(HARMS) // 2)))
    if swarm < SOME_KINDS:
        return harms, nodes
    return harms, roll.sample(nodes, roll.randint(1, len(nodes)))


def _targets(subject: Subject, harm: Harm, nodes: Sequence[str]) -> Sequence[str]:
    if harm.aim == "node":
        return nodes
    unreadable = subject.topology.speaking_tls if FAULTS[harm.fault].harms == "messages" else frozenset[str]()
    return [str(link) for link in subject.topology.links if link.callee in nodes and link.callee not in unreadable]


def _arrivals(subject: Subject, seed: int, until_s: float) -> list[float]:
    """When the requests of all loads begin, while faults may come."""
    found: list[float] = []
    for load in subject.topology.loads:
        pacer = pacer_of(load.name, from_plain(Load, load.settings), lasts_s=until_s, seed=seed)
        found += islice(starts(pacer), MOST_ARRIVALS)
    return sorted(found)


def _fault(
    subject: Subject, roll: Random, choices: Sequence[tuple[Harm, Sequence[str]]], arrivals: Sequence[float], heals_s: float
) -> PlannedFault:
    """The kind first, so that what is done to nodes is not drowned by the number of links."""
    harm, targets = roll.choices(choices, [harm.weight for harm, _ in choices])[0]
    target = roll.choice(targets)
    shortest, longest = harm.lasts_s
    lasts_s = round(shortest * (longest / shortest) ** roll.random(), 3)
    at_s, after = roll.uniform(0.0, 0.9 * heals_s), None
    if roll.random() < SNAPPED:
        if roll.random() < COUNTED:
            after = _moment(subject, roll, target)
            at_s = roll.choice(AFTER_MESSAGE_S)
        elif arrivals:
            place = min(bisect_left(arrivals, at_s), len(arrivals) - 1)
            at_s = arrivals[place] + SHORTEST_STEP_S * (LONGEST_STEP_S / SHORTEST_STEP_S) ** roll.random()
    settings = dict(harm.draw(roll))
    return PlannedFault(kind=harm.kind, target=target, at_s=round(at_s, 3), for_s=lasts_s, settings=settings, after=after)


def _moment(subject: Subject, roll: Random, target: str) -> Moment:
    """A message that the target has to do with, if there is one; early ones more often than late ones."""
    links = [str(link) for link in subject.topology.links]
    near = [link for link in links if target in (link, *link.split(" -> "))] or links
    number = int(MOST_COUNTED ** roll.random())
    return Moment(link=roll.choice(near), reply=roll.random() < 0.5, number=number)
