"""How a caller calls: the settings of everything that happens between wanting an answer and giving up.

Order, from the outside in: fallback, retry (with its budget), bulkhead, timeout of each attempt. ``call.py`` drives it; the
deciders beside this file hold the arithmetic. Defaults are beside those of the libraries people know, so that a lesson
learned here is true there; where they differ, it is because a play lasts seconds and a service has tens of workers.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from chaoscli.faults.base import BadSetting
from chaoscli.settings import setting
from chaoscli.units import Factor, Seconds, Share

# A call that was tried this often has failed; more would be a loop that outlives the play.
MOST_ATTEMPTS = 100
# Each waiting call holds a task and its caller's worker; the largest default anywhere is Envoy's 1024.
LONGEST_QUEUE = 10_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Retry:
    """Try again after a failure. ``attempts`` counts tries, the first one included.

    Tries in all: resilience4j 3, Polly 4 (3 retries), Envoy 2 (1 retry), gRPC at most 5 whatever is asked. First pause:
    resilience4j 500 ms constant, Polly 2 s constant, Envoy 25 ms exponential with full jitter up to ten times that.
    """

    attempts: int = setting("tries in all, the first included", 3)
    backoff: Literal["none", "constant", "exponential"] = setting("how the pause grows from try to try", "none")
    base: Seconds = setting("the first pause", 0.1)
    factor: Factor = setting("how much longer each exponential pause is than the one before", 2.0)
    cap: Seconds = setting("the longest pause", 10.0)
    jitter: Literal["none", "full"] = setting("full: draw the pause evenly between nothing and its length", "none")
    budget: Share | None = setting("retries for each first try, at most: 10% lets one retry out for ten calls", None)

    def __post_init__(self) -> None:
        if not 1 <= self.attempts <= MOST_ATTEMPTS:
            raise BadSetting("attempts", f"is {self.attempts}; it counts the first try too, from 1 to {MOST_ATTEMPTS}")
        if self.factor < 1:
            raise BadSetting("factor", f"is {self.factor:g}; pauses that shrink are no backoff, the least is 1")


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
class Policy:
    """What one caller does about one callee.

    Timeouts: resilience4j's time limiter 1 s, Polly 30 s, Envoy's route 15 s, gRPC none, and none in most HTTP clients
    that people start with. Retries, budgets, bulkheads and fallbacks are off until asked for, everywhere.
    """

    timeout: Seconds | None = setting("give up on an attempt after this long; none waits for ever", 5.0)
    retry: Retry | None = setting("try again after a failure", None)
    bulkhead: Bulkhead | None = setting("bound the calls at once", None)
    fallback: Literal["last_good"] | None = setting("when all tries failed, answer with the last good reply", None)

    def __post_init__(self) -> None:
        if self.timeout is not None and self.timeout <= 0:
            raise BadSetting("timeout", "is 0, and nothing answers in no time; `none` waits for ever")
