"""Replica member: one replica's part in its group: who is the primary, who takes over, and how its log reaches the others.

A primary sends its entries to every peer, and nothing when there are none, so that silence means trouble. A follower that has
heard nothing for its patience stands for primary: by a majority's votes, or, told so, alone. Every message bears its sender's
term; who has promised a newer one refuses it, and tells, and a primary that is told so is one no longer. Raft, without
snapshots and without changes of the group.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

import trio

from chaoscli.faults.base import BadSetting
from chaoscli.messages import REQUEST_ID, CallError, Request
from chaoscli.services.node import Node
from chaoscli.services.replica_log import Entry, ReplicaLog
from chaoscli.services.replies import json_value
from chaoscli.services.terms import Standing, grants, held_by_majority, majority
from chaoscli.services.work import Capacity
from chaoscli.settings import setting
from chaoscli.units import Seconds

# In one message: at a hundred writes a second a peer that was away for ten seconds is up to date in as many exchanges.
MOST_ENTRIES = 100
# Its writes are all kept: enough for a play of minutes, and a bound.
LONGEST_LOG = 100_000


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplicaSettings(Capacity):
    """Who is the primary, who takes over, when a write counts, and who answers a read."""

    service_time: Seconds = setting("how long a read or a write takes, on average", 0.002)
    primary: bool = setting("begin as the primary of its group", False)
    failover: Literal["none", "alone", "majority"] = setting(
        "who takes over from a primary that is not heard of: none; alone, whoever misses it; majority, who is voted for",
        "majority",
    )
    acknowledge: Literal["primary", "majority"] = setting(
        "when a write counts and is acknowledged: once the primary has it, or once a majority of the group has", "majority"
    )
    reads: Literal["local", "sticky", "primary", "quorum"] = setting(
        "who answers a read: local, whoever is asked; sticky, the same, once it has what this client wrote through it; primary,"
        " whom it holds for that; quorum, the primary once a majority has said that it still is",
        "quorum",
    )
    heartbeat: Seconds = setting("how often a primary is heard of, at least", 0.2)
    patience: Seconds = setting(
        "silence after which a follower stands for primary; each waits up to twice that, by its dice", 0.8
    )
    gives_up: Seconds = setting("how long a write waits to count, and a read to be confirmed, until its outcome is unknown", 1.0)

    def __post_init__(self) -> None:
        if self.heartbeat <= 0.0:
            raise BadSetting("heartbeat", "is 0; a primary that says it is there all the time does nothing else")
        if self.patience <= self.heartbeat:
            raise BadSetting("patience", "is no longer than the heartbeat; every primary would be given up at once")


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """What came of a write: "ok", "failed" (it had no effect for certain) or "unknown"."""

    outcome: Literal["ok", "failed", "unknown"]
    number: int = 0
    why: str = ""


class Member:
    """``primary`` is whom it holds for the primary, itself perhaps; empty while it knows of none."""

    def __init__(self, node: Node, settings: ReplicaSettings, log: ReplicaLog) -> None:
        self.primary = ""
        self._node = node
        self._settings = settings
        self._log = log
        self._peers = node.callees
        self._committed = 0
        self._heard_at = node.now()
        self._next: dict[str, int] = {}
        self._held: dict[str, int] = {}
        self._confirmed: dict[str, float] = {}
        self._asked_at = -math.inf
        self._begun = 0
        self._stood = 0
        self._said = 0
        self._changed = trio.lowlevel.ParkingLot()
        self._more = trio.lowlevel.ParkingLot()
        is_new = log.term == 0
        if is_new:
            log.promise(1, node.name if settings.primary else "")
        if settings.primary and (is_new or settings.failover == "none"):
            self._take_office()

    @property
    def is_primary(self) -> bool:
        return self.primary == self._node.name

    @property
    def visible(self) -> int:
        """The last entry whose write counts as far as this replica knows."""
        return self._log.last if self._settings.acknowledge == "primary" else self._committed

    async def run(self) -> None:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self._watch)
            for peer in self._peers:
                nursery.start_soon(self._feed, peer)

    # -- what is asked of it -----------------------------------------------------------------------------------------------

    async def write(self, entry: Entry) -> Taken:
        """Of a primary. The same operation once more is the same write."""
        if not self.is_primary:
            return Taken(outcome="failed", why="not the primary")
        term, number = self._log.term, self._log.find(entry.operation)
        if number is None:
            if self._log.last >= LONGEST_LOG:
                return Taken(outcome="failed", why=f"the log is full: {LONGEST_LOG} entries")
            number = self._append(entry)
        if not await self._until(lambda: self.visible >= number or not self._rules(term)):
            return Taken(outcome="unknown", number=number, why="no majority has it yet")
        if not self._rules(term):
            return Taken(outcome="unknown", number=number, why="not the primary any more")
        self._node.happened("write acknowledged", entry.cause, operation=entry.operation, term=term, number=number)
        return Taken(outcome="ok", number=number)

    async def confirm(self) -> int | None:
        """The last entry that every reader must be able to see; None when no majority says that this is still the primary."""
        if not self.is_primary:
            return None
        term, last, asked_at = self._log.term, self._log.last, self._node.now()
        self._asked_at = asked_at
        self._more.unpark_all()

        def confirmed() -> bool:
            still = 1 + sum(at >= asked_at for at in self._confirmed.values())
            return still >= majority(len(self._peers) + 1) and self._committed >= min(last, self._begun)

        if not await self._until(lambda: confirmed() or not self._rules(term)) or not self._rules(term):
            return None
        return self.visible

    async def wait_for(self, number: int) -> bool:
        """Whether this replica sees the entry in time."""
        return await self._until(lambda: self.visible >= number)

    def appended(self, said: Mapping[str, Any], cause: Request) -> dict[str, Any]:
        """The answer to a primary's entries: ``{"term", "ok", "last"}``."""
        term, sender = said["term"], said["primary"]
        if term < self._log.term or (term == self._log.term and self.is_primary and sender < self._node.name):
            self._node.happened("fenced off", cause, sender=sender, term=term, promised=self._log.term)
            return {"term": self._log.term, "ok": False, "last": self._log.last}
        self._follow(term, sender)
        before, last = said["before"], self._log.last
        if before > last or self._log.term_at(before) != said["before_term"]:
            return {"term": term, "ok": False, "last": min(last, before - 1)}
        entries = [Entry(**one) for one in said["entries"]]
        new = self._without_known(entries, before)
        if new:
            self._log.append(new)
        self._committed = max(self._committed, min(said["committed"], before + len(entries)))
        self._changed.unpark_all()
        return {"term": term, "ok": True, "last": self._log.last}

    def asked_to_vote(self, said: Mapping[str, Any]) -> dict[str, Any]:
        """The answer to a candidate: ``{"term", "granted"}``. On trial it says what it would say, and promises nothing."""
        granted = grants(
            self._standing, candidate=said["candidate"], term=said["term"], last=said["last"], last_term=said["last_term"]
        )
        if said["trial"]:
            hears = self.is_primary or self._node.now() - self._heard_at < self._settings.patience
            return {"term": self._log.term, "granted": granted and not hears}
        if said["term"] > self._log.term:
            self._step_down(said["term"])
        if granted:
            self._log.promise(said["term"], said["candidate"])
            self._heard_at = self._node.now()
        return {"term": self._log.term, "granted": granted}

    # -- being the primary -------------------------------------------------------------------------------------------------

    def _take_office(self) -> None:
        """An entry of its own begins the term: only by one of these does a primary know what of former terms counts."""
        log = self._log
        self.primary = self._node.name
        self._next = dict.fromkeys(self._peers, log.last + 1)
        self._held = dict.fromkeys(self._peers, 0)
        self._confirmed = {}
        self._node.happened("became primary", term=log.term, last=log.last)
        self._begun = log.append([Entry(term=log.term)])
        self._advance()
        self._changed.unpark_all()
        self._more.unpark_all()

    def _append(self, entry: Entry) -> int:
        number = self._log.append([replace(entry, term=self._log.term)])
        self._node.happened("write accepted", entry.cause, operation=entry.operation, term=self._log.term, number=number)
        self._advance()
        self._more.unpark_all()
        return number

    def _advance(self) -> None:
        """What a majority holds counts, and all before it, once an entry of this very term is among it (section 5.4.2)."""
        held = held_by_majority(self._log.last, list(self._held.values()))
        if held > self._committed and self._log.term_at(held) == self._log.term:
            self._committed = held
            self._changed.unpark_all()

    async def _feed(self, peer: str) -> None:
        """Keep one peer's log like ours, as long as this is the primary."""
        while True:
            if not self.is_primary:
                await self._more.park()
            elif not await self._send(peer):
                await self._node.sleep(self._settings.heartbeat)
            elif not self._has_more(peer):
                with self._node.move_on_after(self._settings.heartbeat):
                    await self._more.park()

    def _has_more(self, peer: str) -> bool:
        return self.is_primary and (self._next[peer] <= self._log.last or self._confirmed.get(peer, -math.inf) < self._asked_at)

    async def _send(self, peer: str) -> bool:
        """Whether the peer answered."""
        log, began_at = self._log, self._node.now()
        before, term = self._next[peer] - 1, self._log.term
        entries = log.after(before, MOST_ENTRIES)
        said = {
            "term": term, "primary": self._node.name, "before": before, "before_term": log.term_at(before),
            "entries": [_plain(one) for one in entries], "committed": self._committed,
        }  # fmt: skip
        answer = await self._say(peer, "append", said)
        if answer is None or self._gives_way(answer["term"]) or not self._rules(term):
            return answer is not None
        self._confirmed[peer] = began_at
        if answer["ok"]:
            self._held[peer] = max(self._held[peer], before + len(entries))
            self._next[peer] = self._held[peer] + 1
            self._advance()
            self._changed.unpark_all()
        else:
            self._next[peer] = max(1, min(before, answer["last"] + 1))
        return True

    def _rules(self, term: int) -> bool:
        return self.is_primary and self._log.term == term

    # -- following ---------------------------------------------------------------------------------------------------------

    async def _watch(self) -> None:
        """Stand for primary when none has been heard of for long enough."""
        while True:
            # By dice, so that two that miss the same primary do not stand at the same moment, again and again.
            dice = self._node.random("patience", self._log.term, self._stood)
            patience_s = self._settings.patience * (1.0 + dice.random())
            while (left_s := self._heard_at + patience_s - self._node.now()) > 0.0 or self.is_primary:
                await self._node.sleep(max(left_s, self._settings.heartbeat))
            self._stood += 1
            self._heard_at = self._node.now()
            if self._settings.failover != "none":
                await self._stand()

    async def _stand(self) -> None:
        """By votes: first on trial, so that one who was cut off alone does not come back with a new term and depose a primary
        that everybody else hears (Ongaro's thesis, 2014, section 9.6)."""
        term, votes = self._log.term + 1, self._settings.failover == "majority"
        if votes and not await self._is_elected(term, trial=True):
            return
        self._log.promise(term, self._node.name)
        self.primary = ""
        if votes and not (await self._is_elected(term, trial=False) and self._log.term == term and not self.primary):
            return
        self._take_office()

    async def _is_elected(self, term: int, *, trial: bool) -> bool:
        own = self._standing
        said = {
            "term": term, "candidate": self._node.name, "last": own.last, "last_term": own.last_term, "trial": trial,
        }  # fmt: skip
        granted: list[str] = []

        async def ask(peer: str) -> None:
            answer = await self._say(peer, "vote", said)
            if answer is not None and not self._gives_way(answer["term"]) and answer["granted"]:
                granted.append(peer)
                if len(granted) + 1 >= majority(len(self._peers) + 1):
                    nursery.cancel_scope.cancel()

        async with trio.open_nursery() as nursery:
            for peer in self._peers:
                nursery.start_soon(ask, peer)
        return len(granted) + 1 >= majority(len(self._peers) + 1)

    def _follow(self, term: int, primary: str) -> None:
        self._heard_at = self._node.now()
        if self.is_primary or term > self._log.term:
            self._step_down(term)
        self.primary = primary

    def _gives_way(self, term: int) -> bool:
        """Whether somebody has promised a newer term than ours."""
        if term <= self._log.term:
            return False
        self._step_down(term)
        return True

    def _step_down(self, term: int) -> None:
        if self.is_primary:
            self._node.happened("stepped down", term=self._log.term, for_term=term)
        if term > self._log.term:
            self._log.promise(term)
        self.primary = ""
        self._changed.unpark_all()

    def _without_known(self, entries: list[Entry], before: int) -> list[Entry]:
        """Those it does not hold. What it holds instead of them was never agreed on, and is taken back."""
        for place, entry in enumerate(entries, before + 1):
            held = self._log.term_at(place)
            if held == entry.term:
                continue
            if held:
                self._committed = min(self._committed, place - 1)
                for gone in self._log.cut(place):
                    facts = {"operation": gone.operation, "term": gone.term, "number": gone.number, "key": gone.key}
                    self._node.happened("write rolled back", gone.request, **facts)
            return entries[place - before - 1 :]
        return []

    # -- talking -----------------------------------------------------------------------------------------------------------

    @property
    def _standing(self) -> Standing:
        last = self._log.last
        return Standing(term=self._log.term, voted_for=self._log.voted_for, last=last, last_term=self._log.term_at(last))

    async def _say(self, peer: str, what: str, said: dict[str, Any]) -> dict[str, Any] | None:
        """The peer's answer; None when there was none within our patience."""
        self._said += 1
        cause = Request(method="POST", target="/", headers=((REQUEST_ID, f"{self._node.name}-{what}-{self._said}"),))
        with self._node.move_on_after(self._settings.patience):
            try:
                answer = await self._node.call(peer, "POST", f"/replica/{what}", json=said, cause=cause)
            except CallError:
                return None
            body = json_value(answer.body)
            return dict(body) if answer.status == 200 and isinstance(body, dict) else None
        return None

    async def _until(self, done: Callable[[], bool]) -> bool:
        """Whether it is ``done`` before we give up."""
        until = self._node.now() + self._settings.gives_up
        while not done():
            left_s = until - self._node.now()
            if left_s <= 0.0:
                return False
            with self._node.move_on_after(left_s):
                await self._changed.park()
        return True


def _plain(entry: Entry) -> dict[str, Any]:
    return {
        "term": entry.term, "operation": entry.operation, "key": entry.key, "value": entry.value, "request": entry.request,
        "trace": entry.trace,
    }  # fmt: skip
