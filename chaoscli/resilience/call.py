"""One caller at one callee, under a policy: puts the layers around an attempt, in the order the policy states.

Usually, from the outside in: fallback, cache, deadline (for everything inside together), retry (with pauses, and a budget that
may deny one), hedge, throttle, rate limit, breaker, bulkhead (a slot for each attempt, given back during the pauses), timeout
(of each attempt, counted from its sending and not from its waiting for a slot).
"""

from __future__ import annotations

import math
from collections.abc import Awaitable, Callable

import trio

from chaoscli.events import Event
from chaoscli.messages import CallError, Request, Response
from chaoscli.resilience.answering import WithCache, WithFallback
from chaoscli.resilience.attempt import Attempt, Call, Layer, Limit, Means, Prepare, Wish
from chaoscli.resilience.gates import WithBreaker, WithBulkhead, WithRateLimit, WithThrottle
from chaoscli.resilience.limits import WithDeadline, WithTimeout
from chaoscli.resilience.policy import Layer as LayerName
from chaoscli.resilience.policy import Policy
from chaoscli.resilience.sending_again import WithHedge, WithRetry


class Caller:
    """Calls of ``caller`` to ``callee``. It keeps what outlives a call: budget, breaker, slots in use, answers remembered.

    ``exchange`` carries one request and brings its answer, or raises CallError; ``sleep`` takes seconds, and so does
    ``limit``, which cancels what takes longer; ``now`` is the monotonic clock that events are stamped with.
    """

    def __init__(
        self,
        *,
        caller: str,
        callee: str,
        policy: Policy,
        exchange: Callable[[Request], Awaitable[Response]],
        sleep: Callable[[float], Awaitable[None]],
        now: Callable[[], float],
        seed: int,
        tell: Callable[[Event], None],
        limit: Limit = trio.move_on_after,
    ) -> None:
        self._means = Means(
            caller=caller, callee=callee, policy=policy, exchange=exchange, sleep=sleep, limit=limit, now=now, seed=seed,
            tell=tell,
        )  # fmt: skip
        self._outermost = stacked(self._means)

    async def call(self, prepare: Prepare, *, until: float = math.inf, number: int = 1) -> Response:
        """The answer, whatever its status; CallError when none came, or when the policy let no attempt out.

        ``prepare(attempt)`` makes the request of attempt number ``attempt`` (from 1), with a span and a time of sending of its
        own; it may be asked twice for an attempt that had to wait. ``until`` is the instant from which on nobody wants the
        answer any more, heeded if the policy passes deadlines on; ``number`` tells equal calls for one request id apart. An
        answer that is not the callee's own says so in its ``x-served-as`` header.
        """
        call = Call(prepare, self._means, number)
        wanted_until = until if self._means.policy.pass_deadline else math.inf
        ending = await self._outermost(Wish(call=call, attempt=1, until=wanted_until, request=call.first))
        if ending.response is None:
            raise CallError(ending.result, ending.detail)
        return ending.response


def stacked(means: Means) -> Layer:
    """The layers that the policy asks for, each around the next."""
    layer: Layer = Attempt(means)
    for name in reversed(means.policy.layers):
        layer = _around(name, means, layer)
    return layer


def _around(name: LayerName, means: Means, inner: Layer) -> Layer:
    """The layer of this name around ``inner``, or ``inner`` alone where the policy has none."""
    policy = means.policy
    if name == "fallback" and (policy.fallback is not None or policy.fallback_reply is not None):
        return WithFallback(means, inner)
    if name == "cache" and policy.cache is not None:
        return WithCache(policy.cache, means, inner)
    if name == "deadline" and (policy.deadline is not None or policy.pass_deadline):
        return WithDeadline(means, inner)
    if name == "retry" and policy.retry is not None:
        return WithRetry(policy.retry, means, inner)
    if name == "hedge" and policy.hedge is not None:
        return WithHedge(policy.hedge, means, inner)
    if name == "throttle" and policy.throttle is not None:
        return WithThrottle(policy.throttle, means, inner)
    if name == "rate_limit" and policy.rate_limit is not None:
        return WithRateLimit(policy.rate_limit, means, inner)
    if name == "breaker" and policy.breaker is not None:
        return WithBreaker(policy.breaker, means, inner)
    if name == "bulkhead" and policy.bulkhead is not None:
        return WithBulkhead(policy.bulkhead, means, inner)
    if name == "timeout" and policy.timeout is not None:
        return WithTimeout(policy.timeout, means, inner)
    return inner
