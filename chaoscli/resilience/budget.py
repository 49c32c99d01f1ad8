"""A retry budget: retries are a share of the first tries, so that an outage cannot multiply the load.

A token bucket as in Finagle's RetryBudget and gRPC's retry throttling (gRFC A6): each first try earns a share of a token,
each retry spends a whole one. The SRE book ("Handling Overload", chapter 21) reckons with 10 % for each client: 1.1 times
the load at worst.
"""

from __future__ import annotations

from chaoscli.units import Share

# What quiet times may save up, in retries: gRPC's usual maxTokens. More would let a long calm pay for a storm.
MOST_SAVED = 10

# Counted in whole millionths: ten times 0.1 in floats is not quite one, and the tenth call would be denied its retry.
_TOKEN = 1_000_000


class Budget:
    """One caller's budget for one callee. It starts empty: retries never exceed ``share`` times the first tries."""

    def __init__(self, share: Share) -> None:
        self._earns = round(share * _TOKEN)
        self._saved = 0

    @property
    def saved(self) -> float:
        """Retries that could go out now."""
        return self._saved / _TOKEN

    def first_try(self) -> None:
        self._saved = min(self._saved + self._earns, MOST_SAVED * _TOKEN)

    def spend(self) -> bool:
        """Pay for one retry; false when there is not enough, and nothing is spent."""
        if self._saved < _TOKEN:
            return False
        self._saved -= _TOKEN
        return True
