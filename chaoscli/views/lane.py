"""One variant's part of the picture, kept up to date event by event, so that a frame costs only what has changed."""

from __future__ import annotations

from bisect import insort
from collections import deque
from collections.abc import Sequence

from chaoscli.events import (
    Arrived,
    BreakerChanged,
    CallEnded,
    CallStarted,
    CurtainFell,
    CurtainRose,
    Event,
    FaultHealed,
    FaultInjected,
    Happened,
    LinkCounted,
    NodeChanged,
    RequestEnded,
    RequestSkipped,
    RequestStarted,
)
from chaoscli.measures.latency import quantile
from chaoscli.messages import Result
from chaoscli.topology import Link
from chaoscli.views.harm import HarmWatch
from chaoscli.views.inside import BreakerWatch, QueueWatch
from chaoscli.views.scene import Band, Column, Hop, HopColumn, Lane, Mark, Stage, Tally, stacked

# Heartbeats and watches are no part of any request; rows of them would hide those that are.
REGISTRY = "registry"


class LaneWatch:
    """Takes the events of one variant in order; ``lane(now)`` is what there is to see of them."""

    def __init__(self, name: str, columns: int) -> None:
        self._name = name
        self._width = columns
        self._stage = Stage.WAITING
        self.lasts_s = 0.0
        self._nodes: dict[str, str] = {}
        self._requests = _Requests(columns)
        self._hops: dict[str, _HopWatch] = {}
        self._harms = HarmWatch(columns)
        self._breakers = BreakerWatch(columns)
        self._queues = QueueWatch(columns)
        self._loads: set[str] = set()
        self._bands: list[Band] = []

    @property
    def requests(self) -> int:
        return self._requests.requests

    def feed(self, event: Event) -> None:
        match event:
            case RequestStarted():
                self._loads.add(event.load)
                self._requests.started(event, self._column(event.intended_at))
            case RequestEnded():
                self._requests.ended(event, self._column(event.intended_at))
            case CallStarted():
                self._hop(event).started(event, self._column_of_call(event.at))
            case CallEnded():
                self._hop(event).ended(event, self._column_of_call(event.at - event.seconds))
            case LinkCounted(link=link) if link in self._hops:
                self._hops[link].counted = event
            case Arrived():
                self._queues.feed(event, self._column_of_call(event.at))
            case Happened():
                self._harms.feed(event, self._column_of_call(event.at))
            case BreakerChanged():
                self._breakers.feed(event, self._column(event.at))
            case RequestSkipped():
                self._requests.skipped += 1
            case NodeChanged():
                self._nodes[event.node] = event.state
                if self._stage is Stage.WAITING:
                    self._stage = Stage.STARTING
            case CurtainRose():
                self._rise(event)
            case CurtainFell():
                self._stage = Stage.OVER if event.complete else Stage.INTERRUPTED
            case FaultInjected():
                self._bands.append(Band(fault=event.fault, text=event.text, start_s=event.asked_at, end_s=event.asked_until))
            case FaultHealed():
                self._heal(event)

    def lane(self, now: float) -> Lane:
        stage = self._stage
        if stage is Stage.PLAYING and now > self.lasts_s:
            stage = Stage.DRAINING
        # A load's own link is the picture itself, unless the load tries again: then there are more calls than requests.
        shown = (hop for hop in self._hops.values() if hop.link.caller not in self._loads or hop.tried_again)
        hops = tuple(hop.hop() for hop in shown if hop.link.callee != REGISTRY)
        return Lane(
            name=self._name,
            stage=stage,
            columns=self._requests.columns(now),
            tally=self._tally(hops),
            hops=hops,
            harms=self._harms.harms(),
            breakers=self._breakers.rows(self._column(max(now, 0.0))),
            queues=self._queues.rows(),
            bands=stacked(self._bands),
            nodes=tuple(self._nodes.items()),
        )

    def _column(self, at: float) -> int:
        share = at / self.lasts_s if self.lasts_s else 0.0
        return min(max(int(share * self._width), 0), self._width - 1)

    def _column_of_call(self, at: float) -> int | None:
        """None for what the drain brings: it has no time on the axis, and a last column of them all would dwarf the others."""
        return self._column(at) if at < self.lasts_s else None

    def _hop(self, event: CallStarted | CallEnded) -> _HopWatch:
        link = f"{event.caller} -> {event.callee}"
        if link not in self._hops:
            self._hops[link] = _HopWatch(Link(event.caller, event.callee), self._width)
        return self._hops[link]

    def _rise(self, event: CurtainRose) -> None:
        self._stage = Stage.PLAYING
        self.lasts_s = event.lasts_s
        # Sub-rows keep the order in which the playbook names the links, whoever calls first.
        for text in event.links:
            self._hops.setdefault(text, _HopWatch(Link.parse(text), self._width))

    def _heal(self, event: FaultHealed) -> None:
        for index in reversed(range(len(self._bands))):
            band = self._bands[index]
            if band.fault == event.fault and not band.healed:
                self._bands[index] = band.healed_at(event.asked_at)
                return

    def _tally(self, hops: Sequence[Hop]) -> Tally:
        seen = self._requests
        ended = sum(seen.counts.values())
        good = sum(count for result, count in seen.counts.items() if result.succeeded)
        calls = max((hop.calls for hop in hops), default=0)
        return Tally(
            requests=seen.requests,
            ended=ended,
            success=good / ended if ended else None,
            p50_s=_quantile(seen.good_latencies, 0.50),
            p99_s=_quantile(seen.good_latencies, 0.99),
            timeouts=seen.counts[Result.TIMEOUT] + sum(hop.timeouts for hop in hops),
            fallbacks=seen.counts[Result.FALLBACK],
            skipped=seen.skipped,
            in_flight=seen.in_flight,
            calls_per_request=calls / seen.requests if calls and seen.requests else None,
        )


class _Requests:
    """The load's requests by column, and in all."""

    def __init__(self, width: int) -> None:
        self.requests = self.skipped = self.in_flight = 0
        self.counts = dict.fromkeys(Result, 0)
        self.good_latencies: list[float] = []
        self._latencies: list[dict[Result, list[float]]] = [{} for _ in range(width)]
        self._open: list[dict[tuple[str, str], float]] = [{} for _ in range(width)]
        self._built = [Column()] * width
        self._stale: set[int] = set()

    def started(self, event: RequestStarted, column: int) -> None:
        self.requests += 1
        self.in_flight += 1
        self._open[column][event.load, event.request] = event.intended_at
        self._stale.add(column)

    def ended(self, event: RequestEnded, column: int) -> None:
        if self._open[column].pop((event.load, event.request), None) is not None:
            self.in_flight -= 1
        self.counts[event.result] += 1
        insort(self._latencies[column].setdefault(event.result, []), event.latency_s)
        if event.result.succeeded:
            insort(self.good_latencies, event.latency_s)
        self._stale.add(column)

    def columns(self, now: float) -> tuple[Column, ...]:
        for column in sorted(self._stale):
            self._built[column] = self._build(column, now)
        # A waiting request grows older with every frame, so its column is never done.
        self._stale = {column for column in self._stale if self._open[column]}
        return tuple(self._built)

    def _build(self, column: int, now: float) -> Column:
        latencies, waiting = self._latencies[column], self._open[column]
        return Column(
            marks=tuple(
                Mark(result=result, count=len(seen), median_s=quantile(seen, 0.5), worst_s=seen[-1])
                for result in Result
                if (seen := latencies.get(result))
            ),
            hanging=len(waiting),
            oldest_s=max(now - min(waiting.values()), 0.0) if waiting else 0.0,
        )


class _HopWatch:
    """The calls over one link by column, and in all."""

    def __init__(self, link: Link, width: int) -> None:
        self.link = link
        self.timeouts = 0
        self.tried_again = False
        self.counted: LinkCounted | None = None
        self._failures = 0
        self._calls = 0
        self._latencies: list[float] = []
        self._open: dict[tuple[str, int], deque[int | None]] = {}
        self._counts = [[0, 0, 0] for _ in range(width)]  # started, failed, hanging
        self._of_column: list[list[float]] = [[] for _ in range(width)]
        self._built = [HopColumn()] * width
        self._stale: set[int] = set()

    def started(self, event: CallStarted, column: int | None) -> None:
        self._calls += 1
        self.tried_again = self.tried_again or event.attempt > 1
        self._open.setdefault((event.request, event.attempt), deque()).append(column)
        self._add(column, 1, 0, 1)

    def ended(self, event: CallEnded, began: int | None) -> None:
        # One request may call the same neighbour more than once; the first to start is taken for the first to end.
        waiting = self._open.get((event.request, event.attempt))
        column = waiting.popleft() if waiting else began
        if waiting is not None and not waiting:
            del self._open[event.request, event.attempt]
        if event.result.succeeded:
            insort(self._latencies, event.seconds)
            if column is not None:
                insort(self._of_column[column], event.seconds)
        failed = not event.result.succeeded and event.result is not Result.CANCELLED
        self._failures += failed
        self.timeouts += event.result is Result.TIMEOUT
        self._add(column, 0, 1 if failed else 0, -1 if waiting is not None else 0)

    def hop(self) -> Hop:
        for column in self._stale:
            calls, failed, hanging = self._counts[column]
            self._built[column] = HopColumn(
                calls=calls, failed=failed, hanging=hanging, median_s=_quantile(self._of_column[column], 0.5)
            )
        self._stale.clear()
        return Hop(
            link=str(self.link),
            columns=tuple(self._built),
            calls=self._calls,
            failed=self._failures,
            timeouts=self.timeouts,
            median_s=_quantile(self._latencies, 0.5),
            passed=_passed(self.counted) if not self._calls and self.counted is not None else "",
        )

    def _add(self, column: int | None, *amounts: int) -> None:
        if column is None:
            return
        counts = self._counts[column]
        for place, amount in enumerate(amounts):
            counts[place] += amount
        self._stale.add(column)


def _quantile(ordered: Sequence[float], share: float) -> float | None:
    return quantile(ordered, share) if ordered else None


def _passed(counted: LinkCounted) -> str:
    """What went over a link, in the words of its kind; nothing when nothing did."""
    if counted.requests:
        return f"{counted.requests} requests"
    return f"{counted.connections} connections" if counted.connections else ""
