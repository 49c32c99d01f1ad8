"""All measures there are, by name: what an expectation may speak of, and what the tables show."""

from __future__ import annotations

from collections.abc import Iterable

from chaoscli.measures.base import COUNT, EVERY_WINDOW, PER_SECOND, Compute, Measure, Taking, Teller, When
from chaoscli.measures.calls import amplification, attempts, calls, peak, retries
from chaoscli.measures.facts import (
    completion,
    count,
    duplicates,
    from_future,
    lost_writes,
    mischarged,
    one_way,
    overheard,
)
from chaoscli.measures.flow import goodput, lateness_max, lateness_median, most_in_flight, throughput
from chaoscli.measures.latency import latency_at, longest, mean, slowest
from chaoscli.measures.nodes import abandoned, longest_queue, mean_queued, mean_worked, most_busy, turned_away, uptime
from chaoscli.measures.policies import breaker_open, cached, expired, hedges, rejected
from chaoscli.measures.recovery import recovery
from chaoscli.measures.results import ended_as, errors, fallbacks, requests, skipped, success
from chaoscli.measures.silent import heard
from chaoscli.measures.tracing import traced
from chaoscli.measures.transport import carried, connections, cost
from chaoscli.messages import Result
from chaoscli.units import DURATION, FACTOR, MONEY, SHARE, SIZE, Unit

_ROWS: tuple[Taking, ...] = ("load", "link", "node")
_TIMED: tuple[Taking, ...] = ("load", "link", "node", "result")
_CALLEE: tuple[Teller, ...] = ("callee",)
_BOTH: tuple[Teller, ...] = ("caller", "callee")
_PROXY: tuple[Teller, ...] = ("proxy",)
_STAGE: tuple[Teller, ...] = ("stage",)
_LOAD: tuple[Teller, ...] = ("load",)


def _measure(
    name: str,
    unit: Unit,
    compute: Compute,
    takes: Iterable[Taking],
    doc: str,
    *,
    needs: Taking | None = None,
    windows: Iterable[When] = EVERY_WINDOW,
    told_by: Iterable[Teller] = ("caller",),
) -> Measure:
    return Measure(
        name=name,
        doc=doc,
        unit=unit,
        compute=heard(compute, frozenset(told_by)),
        takes=frozenset(takes),
        needs=needs,
        windows=frozenset(windows),
        told_by=frozenset(told_by),
    )


_ALL = (
    # how requests ended; of a link: how its calls ended, each attempt by itself; of a node: what it answered
    _measure("requests", COUNT, requests, _ROWS, "requests that were sent"),
    _measure("success", SHARE, success, _ROWS, "share of ended requests that were answered well, a fallback included"),
    _measure("errors", SHARE, errors, _ROWS, "share of ended requests that were not"),
    _measure("ok", COUNT, ended_as(Result.OK), _ROWS, "requests answered well by the callee itself"),
    _measure("fallbacks", COUNT, fallbacks, ("load", "link"), "requests answered from what was known before"),
    _measure("failed", COUNT, ended_as(Result.FAILED), _ROWS, "requests answered with an error"),
    _measure("timeouts", COUNT, ended_as(Result.TIMEOUT), ("load", "link"), "requests whose caller gave up waiting"),
    _measure("refused", COUNT, ended_as(Result.REFUSED), ("load", "link"), "requests nobody listened to"),
    _measure("resets", COUNT, ended_as(Result.RESET), ("load", "link"), "requests whose connection broke"),
    _measure("unanswered", COUNT, ended_as(Result.UNANSWERED), ("load", "link"), "requests still waiting when the run ended"),
    _measure("skipped", COUNT, skipped, ("load",), "requests never sent, because too many were in flight"),
    # how long they took
    _measure("p50", DURATION, latency_at(0.5), _TIMED, "latency that half of the successes stayed within"),
    _measure("p90", DURATION, latency_at(0.9), _TIMED, "latency that 90 % of the successes stayed within"),
    _measure("p95", DURATION, latency_at(0.95), _TIMED, "latency that 95 % of the successes stayed within"),
    _measure("p99", DURATION, latency_at(0.99), _TIMED, "latency that 99 % of the successes stayed within"),
    _measure("p99.9", DURATION, latency_at(0.999), _TIMED, "latency that 99.9 % of the successes stayed within"),
    _measure("max", DURATION, longest, _TIMED, "longest latency of a success"),
    _measure("mean", DURATION, mean, _TIMED, "mean latency of the successes"),
    _measure("slowest", DURATION, slowest, _ROWS, "longest anyone waited, whatever came of it"),
    # how much
    _measure("throughput", PER_SECOND, throughput, _ROWS, "answers a second, good or bad"),
    _measure("goodput", PER_SECOND, goodput, _ROWS, "good answers a second"),
    _measure("in_flight_max", COUNT, most_in_flight, _ROWS, "most requests under way at once"),
    _measure("lateness_p50", DURATION, lateness_median, ("load",), "how late the load sent its requests, in the median"),
    _measure("lateness_max", DURATION, lateness_max, ("load",), "how late the load sent its requests, at worst"),
    # what a callee is sent
    _measure("attempts", COUNT, attempts, ("link",), "calls started, retries included"),
    _measure("retries", COUNT, retries, ("link",), "calls tried again"),
    _measure("calls", COUNT, calls, ("link", "node"), "calls that reached the callee", told_by=_CALLEE),
    _measure("peak", PER_SECOND, peak, ("link", "node"), "most calls that reached the callee within one second", told_by=_CALLEE),
    _measure(
        "amplification",
        FACTOR,
        amplification,
        ("link",),
        "calls that reached the callee per request of the caller",
        told_by=_BOTH,
    ),
    # what a link carried; counted by the proxy, over the whole play
    _measure("connections", COUNT, connections, ("link",), "connections that callers made", windows=(), told_by=_PROXY),
    _measure("bytes", SIZE, carried, ("link",), "bytes carried, both ways together", windows=(), told_by=_PROXY),
    _measure(
        "cost",
        MONEY,
        cost,
        ("link",),
        "what connections and bytes would cost between two zones of a cloud, for a million requests",
        windows=(),
        told_by=_PROXY,
    ),
    # what the caller's policy did about it
    _measure("hedges", COUNT, hedges, ("link",), "copies sent because an answer was late"),
    _measure("rejected", COUNT, rejected, ("link",), "calls that the caller's own policy did not let out"),
    _measure("cached", COUNT, cached, ("link",), "questions answered without a call of their own"),
    _measure("breaker_open", SHARE, breaker_open, ("link",), "share of the time that the breaker was open"),
    # inside a node
    _measure("queue", COUNT, longest_queue, ("node",), "longest queue that a request found"),
    _measure("busy", COUNT, most_busy, ("node",), "most workers that a request found busy"),
    _measure("queued", DURATION, mean_queued, ("node",), "mean time waiting for a worker"),
    _measure("worked", DURATION, mean_worked, ("node",), "mean time holding a worker"),
    _measure("turned_away", COUNT, turned_away, ("node",), "requests refused at the door of a full node"),
    _measure("abandoned", COUNT, abandoned, ("node",), "requests no longer worked on because their callers hung up"),
    _measure(
        "uptime",
        DURATION,
        uptime,
        ("node",),
        "time a service was up, that of its replicas added up",
        needs="node",
        told_by=_STAGE,
    ),
    _measure("expired", COUNT, expired, ("node",), "requests dropped because nobody waited for them any more"),
    # what became of it
    _measure(
        "recovery",
        DURATION,
        recovery,
        ("load", "link"),
        "from the last heal until success and latency are back and stay",
        windows=("after",),
    ),
    _measure("duplicates", COUNT, duplicates, ("what",), "effects that one request had more than once"),
    _measure(
        "traced",
        SHARE,
        traced,
        ("load", "node"),
        "share of failed requests that lead, by their ids, to the service that failed",
        told_by=_LOAD,
    ),
    _measure("mischarged", COUNT, mischarged, ("load",), "orders that were charged another sum than they came to"),
    _measure("overheard", COUNT, overheard, ("link",), "what eavesdroppers caught of what they listened for", told_by=_PROXY),
    _measure("lost_writes", COUNT, lost_writes, ("node",), "newest writes that a register held for older ones, by their stamps"),
    _measure(
        "from_future",
        COUNT,
        from_future,
        ("link", "node"),
        "messages sent later than they came, by the clocks of the two",
        told_by=_CALLEE,
    ),
    _measure(
        "one_way",
        DURATION,
        one_way,
        ("link", "node"),
        "median time from sent to received, by the clocks of the two: may be negative",
        told_by=_CALLEE,
    ),
    _measure("count", COUNT, count, ("what",), "how often something happened in the shop, by its name", needs="what"),
    _measure(
        "completion",
        DURATION,
        completion,
        ("what",),
        "median time from a request's start until the last thing of that name that came of it",
        needs="what",
    ),
)

MEASURES: dict[str, Measure] = {measure.name: measure for measure in _ALL}

# What the table at the end and the JSON document say of every variant, and of every link between services.
STANDARD = (
    "requests", "success", "ok", "fallbacks", "failed", "timeouts", "refused", "resets", "unanswered", "skipped",
    "p50", "p90", "p95", "p99", "p99.9", "max", "slowest", "throughput", "goodput", "in_flight_max",
    "recovery", "duplicates", "lost_writes", "from_future", "lateness_p50", "lateness_max",
)  # fmt: skip
STANDARD_OF_LINKS = ("attempts", "calls", "peak", "amplification", "success", "timeouts", "retries", "fallbacks", "p50", "p99")
