"""The picture as plain data: lanes over one time axis, fault bands across them, the story underneath.

A scene is what there is to see at one instant of a recording; drawing it decides nothing but glyphs and colours. Times
are seconds since the curtain went up, columns are equal slices of the time in which load is offered, and a request belongs
to the column of its intended start.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum

from chaoscli.messages import Result

# Calls per request from which a hop is worth watching for its traffic.
MULTIPLIED = 1.2
# A queue as long as this is worth a row; shorter ones come and go with every random arrival. The longest few are told.
LONG_QUEUE = 10
MOST_QUEUES = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """The requests of one column that ended in the same way."""

    result: Result
    count: int
    median_s: float
    worst_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """What became of the requests meant to start in one slice of time; ``hanging`` have not ended yet."""

    marks: tuple[Mark, ...] = ()
    hanging: int = 0
    oldest_s: float = 0.0  # how long the first of the hanging ones has been waiting

    @property
    def empty(self) -> bool:
        return not self.marks and not self.hanging

    @property
    def ended(self) -> int:
        return sum(mark.count for mark in self.marks)

    @property
    def succeeded(self) -> int:
        return sum(mark.count for mark in self.marks if mark.result.succeeded)


@dataclass(frozen=True, slots=True, kw_only=True)
class HopColumn:
    """Calls that started in one slice of time: how many of them failed or have not ended yet, and how long those that went
    well took in the median."""

    calls: int = 0
    failed: int = 0
    hanging: int = 0
    median_s: float | None = None

    @property
    def empty(self) -> bool:
        return not self.calls


@dataclass(frozen=True, slots=True, kw_only=True)
class Hop:
    """One link behind the first: its traffic over time, and its count and latency in all. ``passed`` is what the proxy counted
    of a caller that tells of no calls itself: a program of the user's."""

    link: str
    columns: tuple[HopColumn, ...]
    calls: int
    failed: int
    timeouts: int
    median_s: float | None
    passed: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Harm:
    """What should not have come to pass in the shop itself, by its words (``paid twice``): how often in each slice of time,
    and in all."""

    name: str
    columns: tuple[int, ...]
    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class BreakerRow:
    """One link's breaker: its state in each slice of time (``closed``, ``open``, ``half-open``; empty for what is to come), and
    how often it opened."""

    link: str
    columns: tuple[str, ...]
    opened: int


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueRow:
    """The longest queue that a request found at one node, in each slice of time and in all."""

    node: str
    columns: tuple[int, ...]
    longest: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """The counts beside a lane. Shares and latencies are None while there is nothing to count."""

    requests: int = 0
    ended: int = 0
    success: float | None = None
    p50_s: float | None = None
    p99_s: float | None = None
    timeouts: int = 0
    fallbacks: int = 0
    skipped: int = 0
    in_flight: int = 0
    calls_per_request: float | None = None  # of the hop that is called most


@dataclass(frozen=True, slots=True, kw_only=True)
class Band:
    """A fault's time on stage. ``end_s`` is when it healed or is due to; None when nobody knows yet. Bands that overlap in
    time have different ``row`` numbers, from 0."""

    fault: str
    text: str
    start_s: float
    end_s: float | None
    row: int = 0
    healed: bool = False

    @property
    def is_instant(self) -> bool:
        return self.end_s is not None and self.end_s <= self.start_s

    def covers(self, at_s: float) -> bool:
        return self.start_s <= at_s and (self.end_s is None or at_s < self.end_s)

    def healed_at(self, at_s: float) -> Band:
        return replace(self, end_s=at_s, healed=True)


class Stage(StrEnum):
    """Where a lane's play stands."""

    WAITING = "waiting"
    STARTING = "starting"
    PLAYING = "playing"
    DRAINING = "draining"
    OVER = "over"
    INTERRUPTED = "interrupted"


@dataclass(frozen=True, slots=True, kw_only=True)
class Lane:
    """One variant. ``nodes`` pairs each node with the last thing known of its life; ``summary`` says what the variant does."""

    name: str
    stage: Stage
    columns: tuple[Column, ...]
    tally: Tally
    hops: tuple[Hop, ...] = ()
    harms: tuple[Harm, ...] = ()
    breakers: tuple[BreakerRow, ...] = ()
    queues: tuple[QueueRow, ...] = ()
    bands: tuple[Band, ...] = ()
    nodes: tuple[tuple[str, str], ...] = ()
    summary: str = ""

    @property
    def multiplies(self) -> bool:
        """Some link carries clearly more calls than there were requests."""
        return any(hop.calls >= MULTIPLIED * max(self.tally.requests, 1) for hop in self.hops)


class Tone(StrEnum):
    """What kind of turn a beat of the story is."""

    HARM = "harm"  # a fault, as asked
    HEAL = "heal"  # its end
    TROUBLE = "trouble"  # what it led to
    RELIEF = "relief"  # what helped, what came back
    NOTE = "note"


@dataclass(frozen=True, slots=True, kw_only=True)
class Beat:
    """One turn of the story in words; ``lanes`` is empty when it is everyone's."""

    at_s: float
    tone: Tone
    text: str
    lanes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """All there is to see at ``now_s``. ``lasts_s`` is 0 until the first curtain has risen; ``mark_s`` is the moment that all
    of it is about, if there is one, and ``mark`` says what it is."""

    title: str
    subtitle: str
    now_s: float
    lasts_s: float
    lanes: tuple[Lane, ...]
    bands: tuple[Band, ...] = ()
    story: tuple[Beat, ...] = ()
    mark_s: float | None = None
    mark: str = ""

    @property
    def over(self) -> bool:
        return all(lane.stage in (Stage.OVER, Stage.INTERRUPTED) for lane in self.lanes)

    @property
    def harms(self) -> tuple[str, ...]:
        """What harm came to any lane. Each lane has a row for it: that nothing came to the others is the point."""
        return tuple(dict.fromkeys(harm.name for lane in self.lanes for harm in lane.harms))

    @property
    def queues(self) -> tuple[str, ...]:
        """The nodes whose queue grew long in any lane, the longest few. Each lane has a row for it, to be compared."""
        longest: dict[str, int] = {}
        for row in (row for lane in self.lanes for row in lane.queues):
            longest[row.node] = max(longest.get(row.node, 0), row.longest)
        told = sorted((node for node in longest if longest[node] >= LONG_QUEUE), key=lambda node: -longest[node])[:MOST_QUEUES]
        return tuple(node for node in longest if node in told)

    def links(self, most: int) -> tuple[str, ...]:
        """The links of all lanes, in their order; of more than ``most``, those with the most trouble, or else the busiest.

        The same for every lane, so that rows can be compared.
        """
        trouble: dict[str, tuple[int, int]] = {}
        for hop in (hop for lane in self.lanes for hop in lane.hops):
            failed, calls = trouble.get(hop.link, (0, 0))
            trouble[hop.link] = (failed + hop.failed, calls + hop.calls)
        if len(trouble) <= most:
            return tuple(trouble)
        worst = sorted(trouble, key=lambda link: trouble[link], reverse=True)[:most]
        troubled = {link for link in worst if trouble[link][0]}
        return tuple(link for link in trouble if link in (troubled or worst))

    @property
    def inside(self) -> int:
        """The most rows that any lane has of breakers and queues."""
        return max((len(lane.breakers) for lane in self.lanes), default=0) + len(self.queues)

    @property
    def hops_tell_latency(self) -> bool:
        """A chain of calls is about their times; where calls multiply, or there is but one, it is about their number."""
        return any(len(lane.hops) > 1 and not lane.multiplies for lane in self.lanes)


def stacked(bands: list[Band]) -> tuple[Band, ...]:
    """The bands in time order, each on the lowest row where it overlaps nobody."""
    free_at: list[float] = []
    placed: list[Band] = []
    for band in sorted(bands, key=lambda one: (one.start_s, one.fault)):
        end = float("inf") if band.end_s is None else band.end_s
        row = next((index for index, free in enumerate(free_at) if free <= band.start_s), len(free_at))
        if row == len(free_at):
            free_at.append(end)
        else:
            free_at[row] = end
        placed.append(replace(band, row=row))
    return tuple(placed)
