"""Coordinator: has several participants take something together, all of them or none, as a two-phase commit or as a saga.

Two phases (Gray, "Notes on Data Base Operating Systems", 1978): first each participant votes, and one that votes yes keeps what
it would take locked until it is told the outcome; then the decision, written down before anybody is told. What was not decided
when a coordinator died is aborted by its next life. A saga (Garcia-Molina and Salem, 1987) takes at once, one after the other,
holds no locks, and gives back what it took when a later one fails.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import count
from typing import Any, Literal

import trio

from chaoscli.messages import ATTEMPT, REQUEST_ID, TRACE_PARENT, CallError, Request, Response
from chaoscli.services.base import Service
from chaoscli.services.fields import BadInputError
from chaoscli.services.node import Node
from chaoscli.services.replies import json_object, json_value, reply, segments, unknown
from chaoscli.services.transaction_log import State, Transaction, TransactionLog
from chaoscli.services.work import Capacity, Workers
from chaoscli.settings import setting

PLACES = ("POST /transactions",)
# Between two rounds of telling those who have not answered.
PAUSE_AFTER_FAILURE_S = 0.1


@dataclass(frozen=True, slots=True, kw_only=True)
class CoordinatorSettings(Capacity):
    """How it makes several into one."""

    protocol: Literal["two_phase", "saga"] = setting(
        "two_phase: all vote and keep locked what they voted for, until they are told; saga: each takes at once, and gives back"
        " when a later one fails",
        "two_phase",
    )
    recovers: bool = setting("at its start bring to an end what its former life left open", True)


class Coordinator(Service):
    """Its participants are all it calls."""

    parameters = ()

    def __init__(self, node: Node, settings: CoordinatorSettings) -> None:
        self._node = node
        self._settings = settings
        self._log = TransactionLog(node.database("transactions"))
        self._to_end: list[Transaction] = []
        self._more_to_end = trio.Event()
        self._asked_again = count(1)
        if settings.recovers:
            self._take_up()

    async def handle(self, request: Request) -> Response:
        match request.method, segments(request):
            case "POST", ["transactions"]:
                try:
                    return await self._carry_out(self._read(request))
                except BadInputError as error:
                    return error.reply()
        return unknown(request, PLACES)

    async def run(self, workers: Workers) -> None:
        """Tell the outcome to those who have not heard it, until they have."""
        while True:
            if not self._to_end:
                self._more_to_end = trio.Event()
                await self._more_to_end.wait()
            again = [one for one in self._to_end if not await self._tell_outcome(one)]
            self._to_end = [one for one in self._to_end if one in again]
            if again:
                await self._node.sleep(PAUSE_AFTER_FAILURE_S)

    # -- one transaction -----------------------------------------------------------------------------------------------------

    def _read(self, request: Request) -> Transaction:
        body = json_object(request)
        callees = self._node.callees
        if not body or any(name not in callees or not isinstance(takes, dict) for name, takes in body.items()):
            raise BadInputError(f"The body must be a JSON object of what to take from some of {', '.join(callees)}")
        names = [request.header(name) for name in (REQUEST_ID, ATTEMPT, TRACE_PARENT)]
        return Transaction(id=self._node.uuid("transaction", *names), takes=body, request=names[0], trace=names[2])

    async def _carry_out(self, one: Transaction) -> Response:
        self._log.begin(one)
        self._node.happened("transaction begun", one.request, transaction=one.id, participants=list(one.takes))
        agreed = await (self._all_vote(one) if self._settings.protocol == "two_phase" else self._each_takes(one))
        self._decide(one, "commit" if agreed else "abort")
        return reply(200 if agreed else 409, {"transaction": one.id, "outcome": "committed" if agreed else "aborted"})

    async def _all_vote(self, one: Transaction) -> bool:
        """Whether everybody said yes; whoever said nothing said no."""
        votes: dict[str, bool] = {}

        async def ask(participant: str) -> None:
            votes[participant] = await self._say(one, participant, "prepare", one.takes[participant])

        async with trio.open_nursery() as nursery:
            for participant in one.takes:
                nursery.start_soon(ask, participant)
        return all(votes.values())

    async def _each_takes(self, one: Transaction) -> bool:
        for participant, takes in one.takes.items():
            if not await self._say(one, participant, "take", takes):
                return False
        return True

    def _decide(self, one: Transaction, outcome: State) -> None:
        """From here on it is so, whoever dies; and what is left is to tell."""
        self._log.decide(one, outcome)
        self._node.happened(f"transaction {_PAST[outcome]}", one.request, transaction=one.id)
        if outcome == "commit" and self._settings.protocol == "saga":
            self._log.end(one)  # everything was taken when it was asked for
            return
        self._end_later(Transaction(id=one.id, takes=one.takes, request=one.request, trace=one.trace, state=outcome))

    # -- its end -------------------------------------------------------------------------------------------------------------

    def _take_up(self) -> None:
        for one in self._log.open():
            if one.state == "begun":
                self._decide(one, "abort")
            else:
                self._end_later(one)

    def _end_later(self, one: Transaction) -> None:
        self._to_end.append(one)
        self._more_to_end.set()

    async def _tell_outcome(self, one: Transaction) -> bool:
        """Whether everybody knows. Told twice it is the same as once."""
        told = [await self._say(one, participant, one.state, {}) for participant in one.takes]
        if not all(told):
            return False
        self._log.end(one)
        return True

    async def _say(self, one: Transaction, participant: str, what: str, said: Any) -> bool:
        """Whether the participant said yes."""
        number = next(self._asked_again)
        target = f"/transactions/{one.id}/{what}"
        try:
            answer = await self._node.call(participant, "POST", target, json=said, cause=one.cause, number=number)
        except CallError:
            return False
        body = json_value(answer.body)
        return answer.status == 200 and isinstance(body, dict) and body.get("yes") is True


_PAST = {"commit": "committed", "abort": "aborted"}
