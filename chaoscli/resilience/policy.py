"""How a caller calls: the settings of everything that happens between wanting an answer and giving up.

Each policy is a layer around the next, from the outside in as ``LAYERS`` says unless the settings say otherwise: which of two
is outside is a decision, and getting it wrong is a lesson. ``call.py`` puts them around each other, the deciders beside this
file hold the arithmetic. Defaults are beside those of the libraries people know, so that a lesson learned here is true there;
where they differ, it is because a play lasts seconds and a service has tens of workers.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, get_args

from chaoscli.faults.base import BadSetting
from chaoscli.settings import setting
from chaoscli.units import Factor, PerSecond, Seconds, Share

# A call that was tried this often has failed; more would be a loop that outlives the play.
MOST_ATTEMPTS = 100
# Each waiting call holds a task and its caller's worker; the largest default anywhere is Envoy's 1024.
LONGEST_QUEUE = 10_000
# gRPC sends five copies at most, the first included (gRFC A6); more would be an attack on the callee.
MOST_COPIES = 4
# As many as one callee may have open of one caller at all.
MOST_KEPT = 2048
# What a breaker looks back on is kept in memory for each link.
LONGEST_COUNT = 10_000

Layer = Literal["fallback", "cache", "deadline", "retry", "hedge", "throttle", "rate_limit", "breaker", "bulkhead", "timeout"]
# From the outside in. resilience4j: retry, breaker, rate limiter, time limiter, bulkhead. Polly's standard pipeline: rate
# limiter, total timeout, retry, breaker, attempt timeout. Both have the breaker see every single try, as here.
LAYERS: tuple[Layer, ...] = get_args(Layer)

FailureKind = Literal["timeout", "refused", "reset", "failed", "rejected"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Retry:
    """Try again after a failure. ``attempts`` counts tries, the first one included.

    Tries in all: resilience4j 3, Polly 4 (3 retries), Envoy 2 (1 retry), gRPC at most 5 whatever is asked. First pause:
    resilience4j 500 ms constant, Polly 2 s constant, Envoy 25 ms exponential with full jitter up to ten times that.
    Retry-After: Polly's HTTP pipeline honours it, Envoy when told to, resilience4j and gRPC do not know it (gRPC has a
    push-back of its own).
    """

    attempts: int = setting("tries in all, the first included", 3)
    backoff: Literal["none", "constant", "exponential"] = setting("how the pause grows from try to try", "none")
    base: Seconds = setting("the first pause", 0.1)
    factor: Factor = setting("how much longer each exponential pause is than the one before", 2.0)
    cap: Seconds = setting("the longest pause", 10.0)
    jitter: Literal["none", "full", "equal", "decorrelated"] = setting(
        "full: draw the pause evenly between nothing and its length; equal: between half of it and all; decorrelated: between"
        " the base and three times the pause before, instead of growing by the factor",
        "none",
    )
    budget: Share | None = setting("retries for each first try, at most: 10% lets one retry out for ten calls", None)
    on: tuple[FailureKind, ...] = setting(
        "after what; failed is an answer that says no, rejected a call that the own policy did not let out",
        ("timeout", "refused", "reset", "failed", "rejected"),
    )
    statuses: tuple[int, ...] = setting("the answers that count as failed; without any, 429 and all from 500 on", ())
    retry_after: bool = setting("wait as long as an answer's Retry-After says; not at all if that is longer than the cap", True)

    def __post_init__(self) -> None:
        if not 1 <= self.attempts <= MOST_ATTEMPTS:
            raise BadSetting("attempts", f"is {self.attempts}; it counts the first try too, from 1 to {MOST_ATTEMPTS}")
        if self.factor < 1:
            raise BadSetting("factor", f"is {self.factor:g}; pauses that shrink are no backoff, the least is 1")
        if self.jitter == "decorrelated" and self.backoff != "exponential":
            raise BadSetting("jitter", "is decorrelated, which is a way to grow: write `backoff: exponential` beside it")
        if not self.on:
            raise BadSetting("on", "is empty; to try nothing again, write `retry: none`")
        for status in self.statuses:
            if not 400 <= status <= 599:
                raise BadSetting("statuses", f"has {status}; an answer that says no is from 400 to 599")


@dataclass(frozen=True, slots=True, kw_only=True)
class Bulkhead:
    """At most ``slots`` calls to one callee at once, ``queue`` more waiting their turn, the rest turned away unsent.

    resilience4j 25 at once and no waiting, Polly 1000 and no waiting, Envoy 1024 and 1024. Fewer here: the point of a
    bulkhead is to be smaller than the caller's pool of workers, so that a hung callee cannot take all of them.
    """

    slots: int = setting("calls at once", 8)
    queue: int = setting("calls that may wait for a slot; the rest are turned away", 0)

    def __post_init__(self) -> None:
        if self.slots < 1:
            raise BadSetting("slots", f"is {self.slots}; without a slot no call could ever be made")
        if not 0 <= self.queue <= LONGEST_QUEUE:
            raise BadSetting("queue", f"is {self.queue}; it may be from 0 to {LONGEST_QUEUE}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Breaker:
    """Stop calling a callee that keeps failing; after a while let a few calls out to see whether it is well again.

    resilience4j: 50 % of the last 100 calls, at least 100 of them, open for 60 s, 10 trials, slow from 60 s. Polly: 10 %
    within 30 s, at least 100 calls, open for 5 s, one trial. Envoy ejects a host for 30 s after five 5xx in a row. With at
    least 100 calls none of them would open in a play of ten seconds at tens of calls a second: scaled down by five and more.
    """

    failures: Share = setting("share of the calls looked back on that must have failed to open it", 0.5)
    calls: int = setting("how many calls it looks back on", 20)
    within: Seconds | None = setting("look back on so much time instead of so many calls", None)
    at_least: int = setting("calls it must have seen before it may open", 10)
    slow: Seconds | None = setting("an answer that took longer counts as a failure", None)
    open_for: Seconds = setting("how long it stays open before it lets trials out", 2.0)
    trials: int = setting("calls let out half-open; they decide whether it closes or opens again", 3)

    def __post_init__(self) -> None:
        if self.failures <= 0:
            raise BadSetting("failures", "is 0%; it would open though nothing failed")
        for name, number in (("calls", self.calls), ("at_least", self.at_least), ("trials", self.trials)):
            if not 1 <= number <= LONGEST_COUNT:
                raise BadSetting(name, f"is {number}; it may be from 1 to {LONGEST_COUNT}")
        if self.within is None and self.at_least > self.calls:
            raise BadSetting("at_least", f"is {self.at_least}, and it looks back on {self.calls} calls: it would never open")
        for name, seconds in (("within", self.within), ("open_for", self.open_for)):
            if seconds is not None and seconds <= 0:
                raise BadSetting(name, "is 0; it takes some time")


@dataclass(frozen=True, slots=True, kw_only=True)
class Hedge:
    """Ask a second time when the first answer is late, take whichever comes first, and give up the other.

    Dean and Barroso, "The Tail at Scale", CACM 56(2), 2013: after the 95th percentile it costs about 5 % more load. Only
    what is safe to run twice is hedged: GET, HEAD, PUT, DELETE and OPTIONS, and whatever carries an idempotency key, which
    is the word of whoever wrote the policy that the callee heeds it. Polly 2 s and one copy more; gRPC at most five in all,
    after a fixed delay; Envoy only on a try that timed out.
    """

    after: Seconds = setting("how long to wait for an answer before asking once more", 0.1)
    percentile: Share | None = setting(
        "wait as long as this share of the latest calls took instead; `after` until there are enough of them", None
    )
    copies: int = setting("how often to ask once more, at most", 1)

    def __post_init__(self) -> None:
        if not 1 <= self.copies <= MOST_COPIES:
            raise BadSetting("copies", f"is {self.copies}; it may be from 1 to {MOST_COPIES}")
        if self.percentile is not None and not 0 < self.percentile < 1:
            raise BadSetting("percentile", "must be between 0% and 100%: some calls are later than it, and some are not")


@dataclass(frozen=True, slots=True, kw_only=True)
class Throttle:
    """Client-side adaptive throttling: hold calls back by chance, the more the callee has failed of late.

    "Handling Overload", chapter 21 of the SRE book: K is 2 and the window two minutes. Envoy's admission control is the same
    with a window of 30 s and K of 1 / 95 %. After an outage that let nothing through it takes about the window times the
    logarithm of the calls in it, divided by K - 1, until all go out again: with two minutes that is ten, so it is one second
    here, and recovery takes two to six.
    """

    ratio: Factor = setting("K: how many calls to let out for each that was accepted", 2.0)
    within: Seconds = setting("how far it looks back", 1.0)

    def __post_init__(self) -> None:
        if self.ratio < 1:
            raise BadSetting("ratio", f"is {self.ratio:g}; below 1 it would hold back calls to a callee that is well")
        if self.within <= 0:
            raise BadSetting("within", "is 0; it takes some time")


@dataclass(frozen=True, slots=True, kw_only=True)
class RateLimit:
    """So many calls a second and no more: a token bucket on the caller's side.

    resilience4j's limiter waits up to 5 s for a permit; Polly's and Envoy's local one turn away at once, as here.
    """

    rate: PerSecond = setting("calls let out each second, in the long run")
    burst: int = setting("calls that may go out at once after a quiet time", 1)
    wait: Seconds = setting("how long a call may wait for its turn; a longer wait is not begun", 0.0)

    def __post_init__(self) -> None:
        if self.rate <= 0:
            raise BadSetting("rate", "is 0; no call would ever be made")
        if not 1 <= self.burst <= LONGEST_QUEUE:
            raise BadSetting("burst", f"is {self.burst}; it may be from 1 to {LONGEST_QUEUE}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Cache:
    """Keep good answers to GET and HEAD, and answer the same question from there.

    RFC 9111 for what may be kept, RFC 5861 for ``stale`` (stale-while-revalidate). One refresher is what Go calls singleflight
    and nginx ``proxy_cache_lock``, which is off by default, as coalescing is in most caches: the stampede is the usual case.
    """

    ttl: Seconds = setting("how long an answer is good for", 1.0)
    refresher: Literal["one", "everyone"] = setting(
        "who asks the callee when there is no good answer: one while the others wait for it, or everyone", "one"
    )
    stale: Seconds = setting("how long past its time an answer may still be given while one call renews it", 0.0)

    def __post_init__(self) -> None:
        if self.ttl <= 0:
            raise BadSetting("ttl", "is 0; nothing would ever be kept")


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """A reply written beforehand, for when there is no other. It claims nothing was done: by default only for reading."""

    status: int = setting("its status", 200)
    json: Mapping[str, Any] | None = setting("its body", None)
    methods: tuple[str, ...] = setting("the methods it may answer", ("GET", "HEAD"))

    def __post_init__(self) -> None:
        if not 200 <= self.status <= 599:
            raise BadSetting("status", f"is {self.status}; a final status is from 200 to 599")


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """What one caller does about one callee.

    Connections: HTTP clients keep some, if they are asked through a session or an agent (requests 10 for each host, Go two,
    Node none until version 19), and make one for each call otherwise; Envoy and gRPC keep them.
    Timeouts: resilience4j's time limiter 1 s, Polly 30 s, Envoy's route 15 s, gRPC none, and none in most HTTP clients
    that people start with. Deadlines: gRPC's are passed on by most of its languages, Envoy tells the callee in a header of
    its own; neither is told to a plain HTTP service. Everything else is off until asked for, everywhere.
    """

    timeout: Seconds | None = setting("give up on an attempt after this long; none waits for ever", 5.0)
    deadline: Seconds | None = setting("give up after this long in all, tries and pauses and waiting together", None)
    pass_deadline: bool = setting(
        "tell the callee how much longer the answer is wanted (x-deadline), and keep to what our own caller told us", False
    )
    retry: Retry | None = setting("try again after a failure", None)
    hedge: Hedge | None = setting("ask a second time when an answer is late", None)
    throttle: Throttle | None = setting("hold calls back while the callee rejects them", None)
    rate_limit: RateLimit | None = setting("so many calls a second and no more", None)
    breaker: Breaker | None = setting("stop calling while calls keep failing", None)
    bulkhead: Bulkhead | None = setting("bound the calls at once", None)
    cache: Cache | None = setting("keep good answers for a while", None)
    fallback: Literal["last_good"] | None = setting("when all tries failed, answer with the last good reply", None)
    fallback_reply: Reply | None = setting("when all tries failed and no better answer is known, answer with this", None)
    connections: Literal["kept", "new"] = setting(
        "kept: keep connections and use them again; new: make one for each attempt, and close it", "kept"
    )
    # More than our services have workers, so that a busy caller never dials again.
    keep: int = setting("idle connections kept to the callee, at most", 256)
    # Shorter than our servers keep theirs (75 s, nginx's default), so that the two never meet in the act.
    keep_for: Seconds = setting("how long an idle connection is kept", 30.0)
    compressed: bool | None = setting("take compressed answers (gzip); none: where the callee offers them", None)
    sign: bool | None = setting("sign every attempt (RFC 9421) with a key of the run; none: as the callee asks", None)
    tls: Literal["mutual", "anonymous", "off"] | None = setting(
        "mutual: speak TLS and show a certificate; anonymous: show none; off: plain HTTP; none: as the callee asks", None
    )
    idempotency_key: bool = setting(
        "send POST and PATCH with an Idempotency-Key, the same for all attempts at one thing; the callee must heed it", False
    )
    order: tuple[Layer, ...] = setting(
        f"layers that change places, from the outside in: [breaker, retry] puts the breaker outside; usual: {', '.join(LAYERS)}",
        (),
    )

    def __post_init__(self) -> None:
        if self.timeout is not None and self.timeout <= 0:
            raise BadSetting("timeout", "is 0, and nothing answers in no time; `none` waits for ever")
        if self.deadline is not None and self.deadline <= 0:
            raise BadSetting("deadline", "is 0, and nothing answers in no time; `none` waits for ever")
        if not 0 <= self.keep <= MOST_KEPT:
            raise BadSetting("keep", f"is {self.keep}; it may be from 0 to {MOST_KEPT}")
        for layer in self.order:
            if layer not in LAYERS:
                raise BadSetting("order", f"has '{layer}'; the layers are {', '.join(LAYERS)}")
            if self.order.count(layer) > 1:
                raise BadSetting("order", f"has '{layer}' twice; each layer has one place")

    @property
    def layers(self) -> tuple[Layer, ...]:
        """All layers from the outside in. Those named in ``order`` share out their usual places among themselves."""
        named = iter(self.order)
        return tuple(next(named) if layer in self.order else layer for layer in LAYERS)
