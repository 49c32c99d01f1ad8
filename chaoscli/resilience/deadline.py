"""How long an answer is still wanted, said in a header and read from it.

As gRPC's ``grpc-timeout`` it is the time left and not an instant, so that no two clocks need to agree; the way of the request
is not taken off, as nobody knows how long it took. Here it is seconds with six digits: ``x-deadline: 0.793000``.
"""

from __future__ import annotations

import math
import re
from dataclasses import replace

from chaoscli.messages import DEADLINE, EXPIRES_AT, Headers, Request

# As much as ten digits say is longer than any play; whoever sends more sends nonsense.
_SECONDS = re.compile(r"[0-9]{1,10}(?:\.[0-9]{1,9})?")


def left_s(request: Request) -> float:
    """Seconds for which the answer is wanted, by the request's own word; infinite when it does not say."""
    text = request.header(DEADLINE).strip()
    return float(text) if _SECONDS.fullmatch(text) else math.inf


def deadline_headers(seconds: float) -> Headers:
    """What tells the callee that the answer is wanted for so long; nothing when it is for ever."""
    return () if math.isinf(seconds) else ((DEADLINE, f"{max(0.0, seconds):.6f}"),)


def received(request: Request, now: float) -> Request:
    """The request as it reached a node whose clock shows ``now``: what is left turned into an instant of that clock, so that
    waiting and work use it up. An instant that came from outside is of nobody's clock here, and dropped."""
    names = [name for name, _ in request.headers]
    if DEADLINE not in names and EXPIRES_AT not in names:
        return request
    seconds = left_s(request)
    given = tuple((name, value) for name, value in request.headers if name != EXPIRES_AT)
    expiry = () if math.isinf(seconds) else ((EXPIRES_AT, repr(now + seconds)),)
    return replace(request, headers=(*given, *expiry))


def expires_at(request: Request) -> float:
    """The instant from which on nobody wants the answer any more, on the clock of the node that received it."""
    return float(request.header(EXPIRES_AT, "inf"))
