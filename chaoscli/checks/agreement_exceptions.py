"""Where the two worlds tell different stories, and why that is right: each difference by name, with its reason.

A difference that stands here is shown with its reason and does not count; one that does not is a mistake in one of the worlds.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class AgreementException:
    """``what`` begins what is compared ("p50 of order -> payment", or "p50" for all of them); an empty ``variant`` is any."""

    playbook: str
    what: str
    reason: str
    variant: str = ""


_WHO_IS_FIRST = "two ask at the same instant, and who is first on a host is no matter of the seed"
_WAITS_FOR_WORK = "a consumer's call waits at the broker until there is something: how long is as the host delivers it"
_TWO_HUMPS = "half of the requests are slow and half are not: the median stands between the two, where little moves it far"
_TWO_CALLS = "two calls in the whole play, one of them into the cut, are no median"
_IN_LINE = "requests stand in line for a whole second: who is late by milliseconds in each place is late by the sum of them"
_OF_SEVERAL = "the slowest of several that answer at once, each on a core when it gets one"
_WEIGHS = "a host takes its time for each byte: to write, copy and read a quarter of a megabyte; simulated bytes weigh nothing"
_IN_A_STORM = "when most calls come near their timeout, whoever is late by the host's milliseconds goes over it"
_CAUGHT_AT_IT = "whether a write is under way when its holder stops is a matter of milliseconds"
_FEW = "a handful of messages in the whole play, as the host happened to be at each"
_NEAR_THE_THRESHOLD = "whether the sixth is started hangs on a load that stands near the threshold: 9.6 at work, and 9 are enough"
_DRAWS = "eighty exponential draws: which of them fall to which kitchen's turn moves the median of each by a fifth"
_LAST_SLOTS = "one server is left and answers as many in both worlds; whose call gets a slot is a matter of milliseconds"
EXCEPTIONS: tuple[AgreementException, ...] = (
    *(
        AgreementException(playbook="oversell", what=f"{measure} of {who} -> order", reason=_WHO_IS_FIRST)
        for measure in ("success", "p50")
        for who in ("alice", "bob")
    ),
    AgreementException(playbook="oversell", what="p50 of order ->", reason=_FEW),
    *(AgreementException(playbook="lease", what=f"success of {who} -> lock", reason=_WHO_IS_FIRST) for who in ("one", "two")),
    *(AgreementException(playbook="lease", what=f"success of {who} -> vault", reason=_CAUGHT_AT_IT) for who in ("one", "two")),
    AgreementException(playbook="lease", variant="fenced", what="count(vault refused) >= 1", reason=_CAUGHT_AT_IT),
    AgreementException(playbook="poison-message", what="p50 of vandal -> broker", reason=_FEW),
    AgreementException(playbook="sync-chain", variant="queue", what="p50 of e -> broker", reason=_WAITS_FOR_WORK),
    AgreementException(playbook="poison-message", what="p50 of shipping -> broker", reason=_WAITS_FOR_WORK),
    *(
        AgreementException(playbook="timeouts", variant=variant, what="p50", reason=_TWO_HUMPS)
        for variant in ("no-timeout", "five-seconds")
    ),
    AgreementException(playbook="n-plus-one", variant="loop", what="p50", reason=_TWO_HUMPS),
    AgreementException(playbook="split-brain", what="p50 of south ->", reason=_TWO_CALLS),
    *(
        AgreementException(playbook="load-shedding", variant=variant, what="p50", reason=_IN_LINE)
        for variant in ("queue-all", "bounded")
    ),
    AgreementException(playbook="autoscale", variant="fixed", what="p50", reason=_IN_LINE),
    *(
        AgreementException(
            playbook="autoscale", variant="headroom", what=f"{measure} of edge -> shop-6", reason=_NEAR_THE_THRESHOLD
        )
        for measure in ("success", "p50", "amplification")
    ),
    AgreementException(playbook="s3-2017", variant="no-safeguard", what="success of status -> s3", reason=_LAST_SLOTS),
    AgreementException(playbook="single-server", what="p50 of waiter ->", reason=_DRAWS),
    AgreementException(playbook="hedging", what="p50", reason=_OF_SEVERAL),
    AgreementException(playbook="trace", what="p50", reason=_OF_SEVERAL),
    AgreementException(playbook="n-plus-one", variant="all-at-once", what="p50", reason=_OF_SEVERAL),
    AgreementException(playbook="bandwidth", what="p50", reason=_WEIGHS),
    *(
        AgreementException(playbook="retries", variant="naive", what=f"{measure} of order -> inventory", reason=_IN_A_STORM)
        for measure in ("timeouts", "success", "amplification")
    ),
    AgreementException(playbook="metastable", what="timeouts of order -> inventory", reason=_IN_A_STORM),
)


def reason_for(playbook: str, variant: str, what: str, exceptions: tuple[AgreementException, ...] = EXCEPTIONS) -> str:
    """Why this may differ; empty when there is no reason."""
    for one in exceptions:
        if one.playbook == playbook and one.variant in ("", variant) and what.startswith(one.what):
            return one.reason
    return ""
