"""The flows of one direction of one connection, in order: a fold in which the instant out of one is ``now`` into the next."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

from chaoscli.faults.base import Action, Cut, Finish, Flow, Send


class Chain:
    """Several flows as one. It keeps what TCP keeps, whatever a flow answers: bytes and the end stay in order.

    - Instants never go back from one flow to the next, nor in what comes out: jitter cannot reorder a stream.
    - The end, and a polite Cut, come no earlier than the last bytes. A reset overtakes them.
    - What a flow holds (an infinite Send or Finish) is not shown to the flows behind it: once healed it goes out at once.
    - Of the Cuts that several flows have pending, the earliest is the one that counts; each one told replaces the one before.
    """

    __slots__ = ("_cuts", "_floor", "_floors", "_flows", "_told")

    def __init__(self, flows: Sequence[Flow]) -> None:
        self._flows = tuple(flows)
        self._forget()

    @property
    def flows(self) -> tuple[Flow, ...]:
        return self._flows

    @property
    def piece_bytes(self) -> float:
        """About how small it cuts what it is given."""
        return min((flow.piece_bytes for flow in self._flows), default=math.inf)

    def opened(self, now: float) -> list[Action]:
        out: list[Action] = []
        for stage, flow in enumerate(self._flows):
            self._pass(flow.opened(now), stage, out)
        return out

    def received(self, data: bytes, now: float) -> list[Action]:
        out: list[Action] = []
        if self._flows:
            self._pass(self._flows[0].received(data, now), 0, out)
        else:
            out.append(Send(now, data))
        return out

    def ended(self, now: float) -> list[Action]:
        out: list[Action] = []
        if self._flows:
            self._pass(self._flows[0].ended(now), 0, out)
        else:
            out.append(Finish(now))
        return out

    def cut(self, cut: Cut) -> list[Action]:
        """Someone before the chain closes the connection: politely behind what is under way, or by a reset at once."""
        out: list[Action] = []
        self._cut(cut, -1, out)
        return out

    def changed(self, flows: Sequence[Flow], now: float) -> list[Action]:
        """Other flows from now on: those no longer among them let go, the new ones take hold, the rest keep their state.

        Call it when everything pending of this chain has been sent on and its pending Cut forgotten; a Cut that a
        remaining flow still wants is among the answers.
        """
        before, self._flows = self._flows, tuple(flows)
        *cuts_before, outer = self._cuts
        cuts = {id(flow): cut for flow, cut in zip(before, cuts_before, strict=True)}
        self._forget()
        out: list[Action] = []
        for flow in before:
            if not any(flow is other for other in self._flows):
                for action in flow.healed(now):
                    if isinstance(action, Cut):
                        outer = min((one for one in (outer, action) if one), key=_urgency)
                    else:
                        out.append(action)
        for stage, flow in enumerate(self._flows):
            if id(flow) not in cuts:
                self._pass(flow.opened(now), stage, out)
            elif (cut := cuts[id(flow)]) is not None:
                self._cut(cut, stage, out)
        if outer is not None:
            self._cut(outer, -1, out)
        return out

    def _forget(self) -> None:
        self._floors = [-math.inf] * len(self._flows)
        self._floor = -math.inf  # the last instant told
        self._cuts: list[Cut | None] = [None] * (len(self._flows) + 1)  # the last one is from before the chain
        self._told: Cut | None = None

    def _pass(self, actions: Iterable[Action], stage: int, out: list[Action]) -> None:
        """Take what came out of the flow at ``stage`` through those behind it."""
        floors = self._floors
        last = stage == len(floors) - 1
        for action in actions:
            if type(action) is Cut:
                self._cut(action, stage, out)
                continue
            at = action.at
            if at < floors[stage]:
                at = floors[stage]
                action = Send(at, action.data) if type(action) is Send else Finish(at)
            floors[stage] = at
            if last or at == math.inf:
                if at > self._floor:
                    self._floor = at
                out.append(action)
            elif type(action) is Send:
                self._pass(self._flows[stage + 1].received(action.data, at), stage + 1, out)
            else:
                self._pass(self._flows[stage + 1].ended(at), stage + 1, out)

    def _cut(self, cut: Cut, stage: int, out: list[Action]) -> None:
        self._cuts[stage] = cut
        pending = [one for one in self._cuts if one is not None]
        due = min((self._polite(one) for one in pending), key=_urgency)
        if due != self._told and (due.at < math.inf or self._told is not None):
            self._told = due
            out.append(due)

    def _polite(self, cut: Cut) -> Cut:
        return cut if cut.reset else Cut(max(cut.at, self._floor))


def _urgency(cut: Cut) -> tuple[float, bool]:
    return cut.at, not cut.reset
