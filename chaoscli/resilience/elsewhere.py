"""Where each policy comes from, and what the libraries people know take for it when nothing is said: to be set beside our own.

Figures are those of the libraries' documentation: resilience4j 2, Polly 8 (with the standard pipeline for HTTP where that says
more), Envoy 1.3x, gRPC's service config (gRFC A6). "stated": there is no default, whoever wants it says how much; "-": no such
thing. Ours differ where a play lasts seconds and a service has tens of workers.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

LIBRARIES = ("resilience4j", "Polly", "Envoy", "gRPC")


@dataclass(frozen=True, slots=True)
class Beside:
    """One setting, and what each of LIBRARIES takes for it."""

    setting: str
    resilience4j: str
    polly: str
    envoy: str
    grpc: str

    @property
    def theirs(self) -> tuple[str, ...]:
        return (self.resilience4j, self.polly, self.envoy, self.grpc)


@dataclass(frozen=True, slots=True, kw_only=True)
class Elsewhere:
    source: str
    beside: tuple[Beside, ...] = ()


# By the heading on the pages of reference: what holds for every call, each policy by its key, what a service does by itself.
ELSEWHERE: Mapping[str, Elsewhere] = {
    "a call": Elsewhere(
        source="Deadlines that are passed on: Site Reliability Engineering (2016), chapter 22; gRPC's grpc-timeout. The key: the"
        " IETF's draft of The Idempotency-Key HTTP Header Field.",
        beside=(
            Beside("timeout", "1s", "10s", "as in all", "-"),
            Beside("deadline", "-", "30s", "15s", "none"),
            Beside("pass_deadline", "-", "-", "a header", "yes"),
            Beside("fallback", "own code", "own code", "-", "-"),
        ),
    ),
    "retry": Elsewhere(
        source='Marc Brooker, "Exponential Backoff And Jitter", AWS Architecture Blog, 2015. Budgets: Finagle, gRFC A6, and Site'
        " Reliability Engineering (2016), chapter 21. Retry-After: RFC 9110, section 10.2.3.",
        beside=(
            Beside("attempts", "3", "4", "2", "stated, to 5"),
            Beside("backoff", "constant", "exponential", "exponential", "exponential"),
            Beside("base", "500ms", "2s", "25ms", "stated"),
            Beside("factor", "1.5x", "2x", "2x", "stated"),
            Beside("cap", "none", "none", "250ms", "stated"),
            Beside("jitter", "none", "decorrelated", "full", "yes"),
            Beside("budget", "-", "-", "20%, if on", "stated"),
            Beside("retry_after", "-", "true", "if told to", "push-back"),
        ),
    ),
    "hedge": Elsewhere(
        source='Dean and Barroso, "The Tail at Scale", CACM 56(2), 2013; gRFC A6.',
        beside=(
            Beside("after", "if on", "2s", "a timeout", "stated"),
            Beside("copies", "if on", "1", "1", "stated, to 4"),
        ),
    ),
    "throttle": Elsewhere(
        source="Site Reliability Engineering (2016), chapter 21; Envoy's admission control.",
        beside=(
            Beside("ratio", "-", "-", "1.05x", "-"),
            Beside("within", "-", "-", "30s", "-"),
        ),
    ),
    "rate_limit": Elsewhere(
        source="The generic cell rate algorithm, ITU-T I.371 (1993), which is a token bucket seen from the other side.",
        beside=(
            Beside("rate", "50 in 500ns", "-", "stated", "-"),
            Beside("wait", "5s", "-", "0ms", "-"),
        ),
    ),
    "breaker": Elsewhere(
        source="Michael Nygard, Release It! (2007). Windows and trials as in resilience4j; Envoy has outlier detection.",
        beside=(
            Beside("failures", "50%", "10%", "5 in a row", "-"),
            Beside("calls", "100", "-", "-", "-"),
            Beside("within", "none", "30s", "-", "-"),
            Beside("at_least", "100", "100", "5", "-"),
            Beside("slow", "60s", "-", "-", "-"),
            Beside("open_for", "60s", "5s", "30s", "-"),
            Beside("trials", "10", "1", "-", "-"),
        ),
    ),
    "bulkhead": Elsewhere(
        source="Michael Nygard, Release It! (2007); Envoy calls it a circuit breaker.",
        beside=(
            Beside("slots", "25", "1000", "1024", "-"),
            Beside("queue", "0", "0", "1024", "-"),
        ),
    ),
    "cache": Elsewhere(
        source="RFC 9111 says what may be kept, RFC 5861 what may be given when it is stale. One refresher: Go's singleflight,"
        ' leases in "Scaling Memcache at Facebook", NSDI 2013.',
        beside=(Beside("ttl", "stated", "-", "by headers", "-"),),
    ),
    "fallback_reply": Elsewhere(
        source="Netflix, Hystrix (2012). Only safe methods may be answered so: RFC 9110, section 9.2.1.",
    ),
    "every service": Elsewhere(
        source='Ben Maurer, "Fail at Scale", ACM Queue 13(8), 2015: LIFO, and dropping what has waited too long. Site Reliability'
        " Engineering (2016), chapter 21.",
        beside=(
            Beside("queue", "-", "0", "1024", "-"),
            Beside("drop_expired", "-", "-", "-", "true"),
            Beside("heed_hangups", "-", "-", "true", "true"),
        ),
    ),
    "concurrency": Elsewhere(
        source='Netflix, concurrency-limits (2018), and its article "Performance Under Load"; AIMD is TCP\'s (RFC 5681).',
        beside=(
            Beside("limit", "-", "fixed", "gradient", "-"),
            Beside("most", "-", "1000", "1000", "-"),
        ),
    ),
}
