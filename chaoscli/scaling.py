"""How many replicas of each group there are: as cues ask, and as its rule decides from what was measured just now."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from statistics import fmean
from typing import TypeVar

import trio

from chaoscli.events import Answered, Arrived, Event, Happened
from chaoscli.nodes import Nodes
from chaoscli.playbook.autoscale import Autoscale, Autoscaler
from chaoscli.recording import Recording
from chaoscli.settings import from_plain
from chaoscli.topology import Group, Topology
from chaoscli.worlds.base import World

# What processes tell of one instant is heard within this time, and in no one order.
HEARD_WITHIN_S = 0.25

E = TypeVar("E", bound=Event)


class Scaling:
    """``heard`` is the recording as it grows."""

    def __init__(self, world: World, topology: Topology, nodes: Nodes, heard: Recording, tell: Callable[[Event], None]) -> None:
        self._world = world
        self._nodes = nodes
        self._heard = heard
        self._tell = tell
        self._groups = {group.name: group for group in topology.groups}
        self._present = {group.name: list(group.members[: group.replicas]) for group in topology.groups}
        self._workers = {node.name: int(node.settings.get("workers", 1)) for node in topology.services}

    def follow_rules(self, background: trio.Nursery) -> None:
        for group in self._groups.values():
            if group.rule is not None:
                background.start_soon(self._follow, group, from_plain(Autoscale, group.rule))

    def replicas(self, group: str) -> int:
        """Those that start counted in."""
        return len(self._present[group])

    async def scale(self, group: str, to: int) -> None:
        """The first ones that are missing come, the last ones that are too many go."""
        present = self._present[group]
        missing = [name for name in self._groups[group].members if name not in present]
        for name in missing[: max(0, to - len(present))]:
            present.append(name)
            self._nodes.enlist(name)
        while len(present) > max(to, 1):
            await self._nodes.dismiss(present.pop())

    async def _follow(self, group: Group, rule: Autoscale) -> None:
        scaler, looks = Autoscaler(rule), 0
        while True:
            looks += 1
            await self._world.sleep_until(looks * rule.every)
            now, before = self._world.now(), self.replicas(group.name)
            utilisation = self.utilisation(group.name, since=now - rule.every, now=now)
            if utilisation is not None:  # those on their way will take their part
                utilisation *= sum(map(self._nodes.is_up, self._present[group.name])) / before
            wanted = scaler.decide(now, before, utilisation)
            if wanted != before:
                data = {"before": before, "replicas": wanted, "utilisation": round(utilisation or 0.0, 3)}
                self._tell(Happened(at=now, node=group.name, what="scaled", data=data))
                await self.scale(group.name, wanted)

    def utilisation(self, group: str, *, since: float, now: float) -> float | None:
        """Requests inside each replica that is up, waiting or worked on, to each of its workers. None when there were none.

        Seen from both ends, and the higher counts: what arriving requests found, which evenly spaced ones do just after another
        has gone; and what those answered took together (Little's law), which says nothing of those who still wait.
        """
        members = [name for name in self._groups[group].members if self._nodes.is_up(name)]
        if not members:
            return None
        found = [(one.busy + one.queue) / self._workers[one.node] for one in self._since(Arrived, since) if one.node in members]
        took_s = [one.queued_s + one.worked_s for one in self._since(Answered, since) if one.node in members]
        if not found and not took_s:
            return None
        workers = sum(self._workers[name] for name in members)
        return max(fmean(found) if found else 0.0, sum(took_s) / ((now - since) * workers))

    def _since(self, kind: type[E], since: float) -> Iterator[E]:
        """From the latest back."""
        for one in reversed(self._heard.of(kind)):
            if one.at < since - HEARD_WITHIN_S:
                return
            if one.at >= since:
                yield one
