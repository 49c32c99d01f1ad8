"""Which verdict a link's message faults give on each request: the first of them that does not let it pass."""

from __future__ import annotations

from collections.abc import Callable

from chaoscli import dice
from chaoscli.events import Event, FaultTouched
from chaoscli.faults.base import Direction, MessageFault, Pass, Verdict
from chaoscli.messages import ATTEMPT, REQUEST_ID, Request
from chaoscli.proxy.exchange import Decide
from chaoscli.proxy.tally import Tally

_PASS = Pass()


class Judge:
    """The message faults of one link, in the order in which they were injected, and what they did."""

    def __init__(self, link: str, *, seed: int, tell: Callable[[Event], None], now: Callable[[], float]) -> None:
        self._link = link
        self._seed = seed
        self._tell = tell
        self._now = now
        self._faults: dict[str, tuple[MessageFault, Tally]] = {}

    @property
    def faults(self) -> frozenset[str]:
        return frozenset(self._faults)

    @property
    def decide_or_none(self) -> Decide | None:
        """What an exchange asks; None while there is nothing to decide."""
        return self.decide if self._faults else None

    def inject(self, name: str, direction: Direction, fault: MessageFault) -> None:
        self._faults[name] = (fault, Tally(name, self._link, direction))

    def update(self, name: str, fault: MessageFault) -> None:
        self._faults[name] = (fault, self._faults[name][1])

    def heal(self, name: str) -> Tally:
        return self._faults.pop(name)[1]

    def tallies(self) -> list[Tally]:
        return [tally for _, tally in self._faults.values()]

    def decide(self, request: Request) -> Verdict:
        """A request's dice depend on its id and attempt alone, so that the same request meets the same fate anywhere."""
        for name, (fault, tally) in self._faults.items():
            if not fault.matches(request):
                continue
            tally.met += 1
            request_id = request.header(REQUEST_ID)
            # A foreign client names no request; its number must do, or all of them would roll the same dice.
            rng = dice.stream(self._seed, name, self._link, request_id or tally.met, request.header(ATTEMPT))
            verdict = fault.decide(request, tally.met, rng)
            if not isinstance(verdict, Pass):
                tally.touched += 1
                self._tell(FaultTouched(at=self._now(), fault=name, link=self._link, request=request_id, action=verdict.action))
                return verdict
        return _PASS
