"""A small language for recordings: ``recording("naive").curtain(12).request(at=1.0, took=0.2, result="ok")``.

Every word appends its events and returns the stage, so that a test reads as the play it judges. A word that covers a
stretch of time (a request, a call) appends its end right behind its beginning, which is why nothing may rely on events of
different processes being in the order of their times.
"""

from __future__ import annotations

from typing import Any

from chaoscli.events import (
    Answered,
    Arrived,
    CallEnded,
    CallStarted,
    CurtainFell,
    CurtainRose,
    Event,
    EventsLost,
    FallbackServed,
    FaultHealed,
    FaultInjected,
    FaultMeasured,
    FaultTouched,
    Happened,
    NodeChanged,
    Noted,
    Refused,
    RequestEnded,
    RequestSkipped,
    RequestStarted,
    RetryPlanned,
)
from chaoscli.messages import Result
from chaoscli.recording import Header, Recording, RunRecording


class Play(Recording):
    """A recording that is written by hand. Times are seconds since curtain-up."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self._requests = 0

    def tell(self, *events: Event) -> Play:
        for event in events:
            self.add(event)
        return self

    # -- the run

    def curtain(
        self,
        lasts: float,
        *,
        nodes: tuple[str, ...] = ("order", "inventory"),
        links: tuple[str, ...] = ("shoppers -> order", "order -> inventory"),
        foreign: tuple[str, ...] = (),
    ) -> Play:
        return self.tell(CurtainRose(at=0.0, lasts_s=lasts, nodes=nodes, links=links, foreign=foreign))

    def fell(self, at: float, *, complete: bool = True) -> Play:
        return self.tell(CurtainFell(at=at, complete=complete))

    def node(self, name: str, state: str, *, at: float, detail: str = "") -> Play:
        return self.tell(NodeChanged(at=at, node=name, state=state, detail=detail))

    def noted(self, source: str, text: str, *, at: float, level: str = "info") -> Play:
        return self.tell(Noted(at=at, source=source, text=text, level=level))

    def lost(self, source: str, count: int, *, at: float) -> Play:
        return self.tell(EventsLost(at=at, source=source, count=count))

    # -- faults

    def fault(
        self,
        name: str,
        *,
        at: float,
        until: float | None = None,
        kind: str = "latency",
        text: str = "",
        targets: tuple[str, ...] = ("order -> inventory",),
        late: float = 0.0,
        settings: dict[str, Any] | None = None,
    ) -> Play:
        """Injected at ``at`` and, if ``until`` says when, healed; both ``late`` seconds after they were due."""
        self.tell(
            FaultInjected(
                at=at + late,
                fault=name,
                kind=kind,
                text=text or name,
                targets=targets,
                asked_at=at,
                asked_until=until,
                settings=settings or {},
            )
        )
        if until is not None:
            self.tell(FaultHealed(at=until + late, fault=name, asked_at=until))
        return self

    def touched(
        self, fault: str, request: str, *, at: float, link: str = "order -> inventory", action: str = "drop request"
    ) -> Play:
        return self.tell(FaultTouched(at=at, fault=fault, link=link, request=request, action=action))

    def measured(
        self, fault: str, *, at: float, link: str = "order -> inventory", direction: str = "request", **figures: Any
    ) -> Play:
        return self.tell(FaultMeasured(at=at, fault=fault, link=link, direction=direction, **figures))

    # -- load

    def request(
        self,
        *,
        at: float,
        took: float | None = None,
        result: str = "ok",
        name: str = "",
        load: str = "shoppers",
        late: float = 0.0,
        status: int = 0,
        detail: str = "",
    ) -> Play:
        """One request meant for ``at`` and sent ``late`` seconds after; without ``took`` it never ended."""
        self._requests += 1
        name = name or f"{load}-{self._requests}"
        self.tell(RequestStarted(at=at + late, load=load, request=name, intended_at=at))
        if took is not None:
            self.tell(
                RequestEnded(
                    at=at + took,
                    load=load,
                    request=name,
                    intended_at=at,
                    result=Result(result),
                    latency_s=took,
                    status=status or (200 if Result(result).succeeded else 0),
                    detail=detail,
                )
            )
        return self

    def requests(
        self,
        *,
        since: float,
        until: float,
        rate: float,
        took: float | None = None,
        result: str = "ok",
        load: str = "shoppers",
        detail: str = "",
    ) -> Play:
        """Evenly spaced requests, the first at ``since``, none at or after ``until``."""
        for number in range(round((until - since) * rate)):
            self.request(at=since + number / rate, took=took, result=result, load=load, detail=detail)
        return self

    def skipped(self, *, at: float, load: str = "shoppers", in_flight: int = 100) -> Play:
        self._requests += 1
        return self.tell(
            RequestSkipped(at=at, load=load, request=f"{load}-{self._requests}", intended_at=at, in_flight=in_flight)
        )

    # -- calls and nodes

    def call(
        self,
        link: str,
        request: str,
        *,
        at: float,
        took: float | None = None,
        result: str = "ok",
        attempt: int = 1,
        arrives: float | None = 0.0,
        skew: float = 0.0,
        queue: int = 0,
        busy: int = 0,
    ) -> Play:
        """One attempt. It reaches the callee ``arrives`` seconds after it started (None: never); ``skew`` is how far the
        callee's clock is ahead of the caller's."""
        caller, _, callee = link.partition(" -> ")
        self.tell(CallStarted(at=at, caller=caller, callee=callee, request=request, attempt=attempt))
        if arrives is not None:
            sent = 1_700_000_000.0 + at
            self.tell(
                Arrived(
                    at=at + arrives,
                    node=callee,
                    caller=caller,
                    request=request,
                    attempt=attempt,
                    queue=queue,
                    busy=busy,
                    sent_wall_s=sent,
                    received_wall_s=sent + arrives + skew,
                )
            )
        if took is not None:
            self.tell(
                CallEnded(
                    at=at + took,
                    caller=caller,
                    callee=callee,
                    request=request,
                    attempt=attempt,
                    result=Result(result),
                    seconds=took,
                )
            )
        return self

    def retry(self, link: str, request: str, *, at: float, attempt: int, delay: float = 0.0) -> Play:
        caller, _, callee = link.partition(" -> ")
        return self.tell(RetryPlanned(at=at, caller=caller, callee=callee, request=request, attempt=attempt, delay_s=delay))

    def fallback(self, link: str, request: str, *, at: float, after: str = "timeout", age: float = 1.0) -> Play:
        caller, _, callee = link.partition(" -> ")
        return self.tell(FallbackServed(at=at, caller=caller, callee=callee, request=request, result=Result(after), age_s=age))

    def answered(
        self,
        node: str,
        request: str,
        *,
        at: float,
        caller: str = "order",
        attempt: int = 1,
        status: int = 200,
        queued: float = 0.0,
        worked: float = 0.0,
        own: float | None = None,
    ) -> Play:
        """Without ``own`` the node did all the work itself."""
        return self.tell(
            Answered(
                at=at,
                node=node,
                caller=caller,
                request=request,
                attempt=attempt,
                status=status,
                queued_s=queued,
                worked_s=worked,
                own_s=worked if own is None else own,
            )
        )

    def refused(
        self, node: str, request: str, *, at: float, caller: str = "order", attempt: int = 1, reason: str = "queue full"
    ) -> Play:
        return self.tell(Refused(at=at, node=node, caller=caller, request=request, attempt=attempt, reason=reason))

    def happened(self, node: str, what: str, request: str = "", *, at: float, **data: Any) -> Play:
        return self.tell(Happened(at=at, node=node, what=what, request=request, data=data))


def recording(name: str = "default") -> Play:
    return Play(name)


def run_of(*plays: Recording, playbook: str = "play", seed: int = 7, **header: Any) -> RunRecording:
    """One run of these variants, in this order."""
    names = tuple(play.name for play in plays)
    made = Header(playbook=playbook, title=header.pop("title", "A play"), seed=seed, variants=names, version="0.0.0", **header)
    return RunRecording(header=made, variants={play.name: play for play in plays})
