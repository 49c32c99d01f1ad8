"""How a caller calls: the settings of everything that happens between wanting an answer and giving up.

Order, from the outside in: fallback, retry, timeout of each attempt. ``call.py`` drives it; the deciders beside this file
hold the arithmetic.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from chaoscli.settings import setting
from chaoscli.units import Factor, Seconds


@dataclass(frozen=True, slots=True, kw_only=True)
class Retry:
    """Try again after a failure. ``attempts`` counts tries, the first one included."""

    attempts: int = setting("tries in all, the first included", 3)
    backoff: Literal["none", "constant", "exponential"] = setting("how the pause grows from try to try", "none")
    base: Seconds = setting("the first pause", 0.1)
    factor: Factor = setting("how much longer each exponential pause is than the one before", 2.0)
    cap: Seconds = setting("the longest pause", 10.0)
    jitter: Literal["none", "full"] = setting("full: draw the pause evenly between nothing and its length", "none")


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """What one caller does about one callee."""

    timeout: Seconds | None = setting("give up on an attempt after this long; none waits for ever", 5.0)
    retry: Retry | None = setting("try again after a failure", None)
    fallback: Literal["last_good"] | None = setting("when all tries failed, answer with the last good reply", None)
