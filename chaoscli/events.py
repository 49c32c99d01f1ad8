"""Everything that happens in a run, one small frozen class for each kind.

Services, the proxy and the load tell events; the recording keeps them; measures, checks and views read nothing else.
``at`` is seconds since the curtain went up once an event is in a recording (a process on its way there stamps it with the
host's monotonic clock, which the world converts).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from chaoscli.messages import Result


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """``at`` in seconds."""

    at: float


# -- the run -------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class CurtainRose(Event):
    """All nodes are ready and the play begins; ``lasts_s`` is how long load is offered. Those that are ``foreign`` are programs
    of the user's own, and tell nothing of what reaches them or of what they send."""

    lasts_s: float
    nodes: tuple[str, ...] = ()
    links: tuple[str, ...] = ()
    foreign: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class CurtainFell(Event):
    """The drain is over; nothing that happens later counts. ``complete`` is false for an interrupted run."""

    complete: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeChanged(Event):
    """A node's life: ``state`` is starting, ready, killed (by a cue), crashed (by itself, and to start again), died (by itself,
    which ends the run), paused, resumed or stopped."""

    node: str
    state: str
    detail: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Noted(Event):
    """A line a process had to say: ``level`` is info, warning or error."""

    source: str
    text: str
    level: str = "info"


@dataclass(frozen=True, slots=True, kw_only=True)
class EventsLost(Event):
    """``source`` had more to tell than its reader took; ``count`` events are missing from the recording."""

    source: str
    count: int


# -- faults --------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class FaultInjected(Event):
    """A fault came, or a cue was performed: both are done to the play on purpose. ``text`` says it in words; ``targets`` are
    links ("order -> inventory"), nodes or loads; ``asked_at`` is when it was due, and ``asked_until`` when its end is: the same
    for what is over in the moment it is done. ``settings`` are the fault's own in their plain form, with ``share``: what was
    asked, to be set beside what was achieved."""

    fault: str
    kind: str
    text: str
    targets: tuple[str, ...]
    asked_at: float
    asked_until: float | None = None
    settings: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class FaultHealed(Event):
    fault: str
    asked_at: float


@dataclass(frozen=True, slots=True, kw_only=True)
class FaultTouched(Event):
    """A message fault met a request and did ``action`` ("drop request", ...). Requests it let pass are only counted."""

    fault: str
    link: str
    request: str
    action: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FaultMeasured(Event):
    """What the proxy saw one fault do on one link, told when it heals: the delay asked for beside the delay achieved.

    ``met`` counts what the fault was asked about (chunks of bytes, or requests), ``touched`` those it harmed. Errors are
    achieved less asked, of each chunk; quantiles are 0 where nothing was delayed. The shares are those of datagrams that a
    loss, duplication or reordering was to harm and did; 0 for all else.
    """

    fault: str
    link: str
    direction: str
    met: int
    touched: int
    asked_mean_s: float = 0.0
    achieved_mean_s: float = 0.0
    error_p50_s: float = 0.0
    error_p99_s: float = 0.0
    error_max_s: float = 0.0
    held_bytes: int = 0
    asked_share: float = 0.0
    achieved_share: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Overheard(Event):
    """An eavesdropper on ``link`` caught something that passed in ``direction``: ``what`` is "card number", "text", or "first
    bytes" for the beginning of what it heard. ``text`` is the bytes around it, with long numbers masked."""

    fault: str
    link: str
    direction: str
    what: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkCounted(Event):
    """Running totals of one link, told about once a second: bytes, connections and (where it carries http) requests since the
    start. The callers of a program that is not ours are heard of nowhere else."""

    link: str
    connections: int
    open: int
    bytes_request: int
    bytes_reply: int
    requests: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Aborted(Event):
    """A rule of the playbook ended the play of this variant: ``rule`` as written, ``shown`` with the values it was met by."""

    rule: str
    shown: str


# -- load ----------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestStarted(Event):
    """One request of the load; ``intended_at`` is its place in the schedule, ``at`` when it really went out."""

    load: str
    request: str
    intended_at: float


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestEnded(Event):
    """``latency_s`` counts from ``intended_at``, so that a stall of the generator is not hidden."""

    load: str
    request: str
    intended_at: float
    result: Result
    latency_s: float
    status: int = 0
    detail: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestSkipped(Event):
    """The cap on requests in flight was reached when this one was due; it was never sent."""

    load: str
    request: str
    intended_at: float
    in_flight: int


# -- calls: one service (or the load) to another, through its link ---------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class CallStarted(Event):
    """Attempt number ``attempt`` (from 1) of ``caller`` to reach ``callee`` for ``request``."""

    caller: str
    callee: str
    request: str
    attempt: int
    target: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class CallEnded(Event):
    caller: str
    callee: str
    request: str
    attempt: int
    result: Result
    seconds: float
    status: int = 0
    detail: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class RetryPlanned(Event):
    """The caller will try again after ``delay_s``; ``attempt`` is the one to come."""

    caller: str
    callee: str
    request: str
    attempt: int
    delay_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class RetryDenied(Event):
    """The caller would have tried again, but must not: ``reason`` is "budget spent", "deadline too close" or "told to wait
    longer". ``attempt`` is the one withheld."""

    caller: str
    callee: str
    request: str
    attempt: int
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CallRejected(Event):
    """The caller's own policy did not let the attempt out: nothing was sent to ``callee``. ``reason`` is "bulkhead full",
    "breaker open", "throttled", "rate limit" or "deadline passed"."""

    caller: str
    callee: str
    request: str
    attempt: int
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FallbackServed(Event):
    """The caller gave up on ``callee`` after ``result`` and answered from what it knew, ``age_s`` old. ``source`` is "last
    good", or "fixed" for a reply that was written beforehand and has no age."""

    caller: str
    callee: str
    request: str
    result: Result
    age_s: float
    source: str = "last good"


@dataclass(frozen=True, slots=True, kw_only=True)
class CallHedged(Event):
    """No answer after ``after_s``: the caller sends a copy, attempt number ``attempt``, and takes whichever answers first."""

    caller: str
    callee: str
    request: str
    attempt: int
    after_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class CacheServed(Event):
    """The caller did not ask ``callee``. ``source`` is "fresh", "stale" (while another call renews it), both ``age_s`` old, or
    "shared": the answer that another call was waiting for already."""

    caller: str
    callee: str
    request: str
    age_s: float
    source: str = "fresh"


@dataclass(frozen=True, slots=True, kw_only=True)
class BreakerChanged(Event):
    """The caller's breaker for ``callee`` is now ``state``: "open", "half-open" or "closed" (as it was before it was first
    told of). It went by ``calls`` calls, of which the share ``failed`` had failed; no calls where time alone decided."""

    caller: str
    callee: str
    state: str
    calls: int = 0
    failed: float = 0.0


# -- nodes at work ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrived(Event):
    """A request reached ``node``. Wall clocks are seconds since 1970: the sender's from its header (0 when it sent none),
    and this node's own, which may be skewed. ``queue`` and ``busy`` are as the request found them."""

    node: str
    caller: str
    request: str
    attempt: int
    queue: int
    busy: int
    sent_wall_s: float = 0.0
    received_wall_s: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered(Event):
    """``node`` answered after ``queued_s`` of waiting for a worker and ``worked_s`` of holding one, ``own_s`` of that for its
    own work: the rest it waited for others."""

    node: str
    caller: str
    request: str
    attempt: int
    status: int
    queued_s: float
    worked_s: float
    own_s: float = 0.0


HUNG_UP = "caller hung up"


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused(Event):
    """``node`` turned a request away: ``reason`` is "queue full", "limit reached" or, for one whose caller has stopped waiting
    by its own word, "expired", or by closing its connection, ``HUNG_UP``. It had waited ``queued_s`` by then."""

    node: str
    caller: str
    request: str
    attempt: int
    reason: str
    queued_s: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class LimitChanged(Event):
    """``node`` lets ``limit`` requests in at once from now on, where it was ``before``. Steps under a tenth are not told."""

    node: str
    limit: int
    before: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Happened(Event):
    """A fact of the shop's own world (``stock reserved``, ``published``, ``acknowledged``): what invariants are judged by."""

    node: str
    what: str
    request: str = ""
    data: Mapping[str, Any] = field(default_factory=dict)
