"""Recordings with the look of real ones, worked out by arithmetic and a seed: a partition, a retry storm, a chain."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterator
from random import Random

from chaoscli.events import (
    Arrived,
    CallEnded,
    CallStarted,
    CurtainFell,
    CurtainRose,
    Event,
    FallbackServed,
    FaultHealed,
    FaultInjected,
    NodeChanged,
    Refused,
    RequestEnded,
    RequestStarted,
)
from chaoscli.messages import Result
from chaoscli.recording import Recording, RunRecording
from tests.support.recordings import run_of


def partition() -> RunRecording:
    """order cannot reach inventory from 3 s to 7 s; 25 requests a second."""
    return run_of(
        *(_partitioned(name, timeout) for name, timeout in (("no-timeout", None), ("timeout", 1.0), ("fallback", 1.0))),
        playbook="partition",
        title="Order cannot reach inventory",
        summaries=("waits for as long as it takes", "gives up after 1s and says no", "gives up after 1s and answers from memory"),
    )


def _partitioned(name: str, timeout: float | None) -> Recording:
    rng = Random("partition")
    events: list[Event] = _start(12.0, ("shoppers -> order", "order -> inventory"))
    events += _fault("partition", "partition", "order cannot reach inventory: silence", 3.0, 7.0)
    for number, at in enumerate(_poisson(rng, 25.0, 12.0)):
        work = rng.lognormvariate(-4.1, 0.25)
        request = f"shoppers-{number}"
        took, result = work, Result.OK
        if 3.0 <= at < 7.0:
            until_heal = 7.0 - at + work
            took, result = (timeout, Result.TIMEOUT) if timeout and timeout < until_heal else (until_heal, Result.OK)
        silent = result is Result.TIMEOUT
        events += _call("order", "inventory", request, 1, at + 0.002, took, result, arrives=not silent)
        end = result
        if result is Result.TIMEOUT:
            end = Result.FALLBACK if name == "fallback" else Result.FAILED
        if end is Result.FALLBACK:
            events.append(
                FallbackServed(
                    at=at + took + 0.002, caller="order", callee="inventory", request=request, result=result, age_s=at - 3.0
                )
            )
        events += _request(request, at, took + 0.005, end)
    return _recorded(name, events, 12.1)


def retries() -> RunRecording:
    """inventory is four times as slow from 2 s to 5 s; four ways of trying again; 60 requests a second."""

    def exponential(attempt: int, rng: Random) -> float:
        return 0.1 * 2.0 ** (attempt - 1)

    def jitter(attempt: int, rng: Random) -> float:
        return rng.uniform(0.0, exponential(attempt, rng))

    return run_of(
        _retried("naive", lambda attempt, rng: 0.0),
        _retried("backoff", exponential),
        _retried("jitter", jitter),
        _retried("budget", jitter, budget=0.1),
        playbook="retries",
        title="Naive retries make a slow service a dead one",
    )


def _retried(name: str, pause: Callable[[int, Random], float], budget: float | None = None) -> Recording:
    """inventory: four workers of 20 ms and a queue of 64. order: 300 ms to wait, four tries."""
    rng, dice = Random("retries"), Random(name)
    events: list[Event] = _start(12.0, ("shoppers -> order", "order -> inventory"))
    events += _fault("slow", "slow", "4x as long", 2.0, 5.0, "inventory")
    due: list[tuple[float, int, int, float]] = []
    for number, at in enumerate(_poisson(rng, 60.0, 12.0)):
        heapq.heappush(due, (at, number, 1, at))
    free_at = [0.0] * 4
    waiting: list[float] = []
    tokens = 10.0
    while due:
        at, number, attempt, began = heapq.heappop(due)
        request = f"shoppers-{number}"
        waiting = [start for start in waiting if start > at]
        if len(waiting) >= 64:
            events.append(Refused(at=at, node="inventory", caller="order", request=request, attempt=attempt, reason="queue full"))
            took, result = 0.003, Result.FAILED
        else:
            worker = min(range(4), key=free_at.__getitem__)
            start = max(at, free_at[worker])
            work = 0.02 * (4.0 if 2.0 <= start < 5.0 else 1.0) * dice.uniform(0.8, 1.2)
            free_at[worker] = start + work
            waiting.append(start)
            took, result = (start + work - at, Result.OK) if start + work - at < 0.3 else (0.3, Result.TIMEOUT)
        events += _call("order", "inventory", request, attempt, at, took, result)
        if result is Result.OK:
            tokens = min(tokens + (budget or 0.0), 10.0)
        elif attempt < 4 and (budget is None or tokens >= 1.0):
            tokens -= 1.0
            heapq.heappush(due, (at + took + pause(attempt, dice), number, attempt + 1, began))
            continue
        end = Result.OK if result is Result.OK else Result.FAILED
        events += _request(request, began, at + took - began + 0.004, end)
    return _recorded(name, events, 12.6)


def sync_chain() -> RunRecording:
    """A calls B calls C calls D calls E; D is slow from 4 s to 7 s; against a queue."""
    return run_of(
        _chained("chain", queue=False),
        _chained("queue", queue=True),
        playbook="sync-chain",
        title="The slowest link is everyone's speed",
    )


def _chained(name: str, *, queue: bool) -> Recording:
    rng = Random("sync-chain")
    links = ("shoppers -> a", "a -> b", "b -> c", "c -> d", "d -> e")
    events: list[Event] = _start(10.0, links)
    events += _fault("slow d", "slow", "5x as long", 4.0, 7.0, "d")
    for number, at in enumerate(_poisson(rng, 20.0, 10.0)):
        request = f"shoppers-{number}"
        work = [0.015 * rng.uniform(0.8, 1.2) * (5.0 if place == 3 and 4.0 <= at < 7.0 else 1.0) for place in range(5)]
        for place in range(1, 5):
            behind = work[place] if queue else sum(work[place:])
            began = at + sum(work[:place]) + (0.05 * place if queue else 0.0)
            events += _call("abcde"[place - 1], "abcde"[place], request, 1, began, behind, Result.OK)
        events += _request(request, at, work[0] if queue else sum(work), Result.OK)
    return _recorded(name, events, 10.2)


def _poisson(rng: Random, rate: float, lasts: float) -> Iterator[float]:
    at = rng.expovariate(rate)
    while at < lasts:
        yield at
        at += rng.expovariate(rate)


def _start(lasts: float, links: tuple[str, ...]) -> list[Event]:
    nodes = tuple(dict.fromkeys(link.partition(" -> ")[2] for link in links))
    changes: list[Event] = [
        NodeChanged(at=at, node=node, state=state) for node in nodes for at, state in ((-0.6, "starting"), (-0.2, "ready"))
    ]
    return [*changes, CurtainRose(at=0.0, lasts_s=lasts, nodes=nodes, links=links)]


def _fault(name: str, kind: str, text: str, start: float, end: float, target: str = "order -> inventory") -> list[Event]:
    targets = (target,)
    return [
        FaultInjected(at=start + 0.001, fault=name, kind=kind, text=text, targets=targets, asked_at=start, asked_until=end),
        FaultHealed(at=end + 0.001, fault=name, asked_at=end),
    ]


def _request(request: str, at: float, took: float, result: Result) -> list[Event]:
    return [
        RequestStarted(at=at + 0.0005, load="shoppers", request=request, intended_at=at),
        RequestEnded(
            at=at + took,
            load="shoppers",
            request=request,
            intended_at=at,
            result=result,
            latency_s=took,
            status=200 if result.succeeded else 400,
        ),
    ]


def _call(
    caller: str, callee: str, request: str, attempt: int, at: float, took: float, result: Result, *, arrives: bool = True
) -> list[Event]:
    begun: list[Event] = [CallStarted(at=at, caller=caller, callee=callee, request=request, attempt=attempt)]
    if arrives:
        begun.append(Arrived(at=at + 0.001, node=callee, caller=caller, request=request, attempt=attempt, queue=0, busy=0))
    return [
        *begun,
        CallEnded(at=at + took, caller=caller, callee=callee, request=request, attempt=attempt, result=result, seconds=took),
    ]


def _recorded(name: str, events: list[Event], fell_at: float) -> Recording:
    rising = next(index for index, event in enumerate(events) if isinstance(event, CurtainRose))
    fell_at = max(fell_at, *(event.at for event in events))
    ordered = sorted(events[rising + 1 :], key=lambda event: event.at)
    return Recording(name, [*events[: rising + 1], *ordered, CurtainFell(at=fell_at)])


def until(run: RunRecording, now: float) -> RunRecording:
    """The same run as it stood at ``now``."""
    return RunRecording(
        header=run.header,
        variants={
            name: Recording(name, [event for event in recording.events if event.at <= now])
            for name, recording in run.variants.items()
        },
    )
