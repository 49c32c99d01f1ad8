"""How many replicas there should be: a rule with its settings, and the decider that follows it.

The proportion is that of the Horizontal Pod Autoscaler of Kubernetes: as many replicas as bring the measured utilisation to
its target, ceil(now * measured / target), nothing for a deviation of a tenth, growing at once and shrinking only when nothing
has changed for a while. Kubernetes looks every 15 s and shrinks after 5 min; the defaults here are scaled to a play of seconds.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from chaoscli.faults.base import BadSetting
from chaoscli.settings import setting
from chaoscli.units import Seconds, Share

TOLERANCE = 0.1
# Looking more often than a few requests arrive would follow the noise.
SHORTEST_LOOK_S = 0.1


@dataclass(frozen=True, slots=True, kw_only=True)
class Autoscale:
    """A rule. Utilisation is how many requests there are to each worker, those that wait counted in: above 100 % they queue."""

    min: int = setting("never fewer replicas than these", 1, minimum=1)
    max: int = setting("never more than these", minimum=1)
    target: Share = setting("the utilisation to steer for: the share of workers busy, requests that wait counted in", 0.6)
    every: Seconds = setting("how often to look, each time at what has been since", 0.5)
    cooldown: Seconds = setting("after a change, do not shrink for this long", 3.0)

    def __post_init__(self) -> None:
        if self.max < self.min:
            raise BadSetting("max", f"is {self.max}, fewer than `min`, {self.min}")
        if self.target <= 0.0:
            raise BadSetting("target", "is 0; then no number of replicas would do")
        if self.every < SHORTEST_LOOK_S:
            raise BadSetting("every", f"is shorter than {SHORTEST_LOOK_S:g}s, in which too little happens to judge by")


class Autoscaler:
    """Follows one rule. ``replicas`` counts those that start as well: they are on their way."""

    def __init__(self, rule: Autoscale) -> None:
        self._rule = rule
        self._changed_at = -math.inf

    def decide(self, now: float, replicas: int, utilisation: float | None) -> int:
        """How many there should be. ``utilisation`` None: nothing arrived, which is none at all."""
        rule = self._rule
        ratio = (utilisation or 0.0) / rule.target
        wanted = replicas if abs(ratio - 1.0) <= TOLERANCE else math.ceil(replicas * ratio)
        wanted = min(max(wanted, rule.min), rule.max)
        if wanted < replicas and now - self._changed_at < rule.cooldown:
            return replicas
        if wanted != replicas:
            self._changed_at = now
        return wanted
