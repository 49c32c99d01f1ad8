"""Waits that do not fit into each other."""

from __future__ import annotations

import math
from collections.abc import Iterator

from chaoscli.playbook.doubts.base import Doubt, Found, Staged
from chaoscli.playbook.plan import longest_wait_s
from chaoscli.resilience.policy import Policy
from chaoscli.topology import Link
from chaoscli.units import format_duration


def _outlasting(staged: Staged) -> Iterator[Found]:
    for inner in staged.links:
        policy = staged.policies[inner]
        if staged.node(inner.callee).kind == "registry":  # asked beside the requests, by and by
            continue
        waits_s = longest_wait_s(policy, math.inf)
        outer = _least_patient(staged, inner)
        if outer is None or policy.pass_deadline or waits_s <= outer[1]:
            continue
        until = "for ever" if math.isinf(waits_s) else f"up to {format_duration(waits_s)}"
        longer = "deadline" if policy.deadline is not None else "retry" if _patience_s(policy) <= outer[1] else "timeout"
        yield Found(
            place=staged.place_of_call(inner, longer),
            message=f"'{inner.caller}' may wait {until} for '{inner.callee}', and '{outer[0]}' gives up on it after"
            f" {format_duration(outer[1])}",
            hint="a callee's patience, tries and pauses included, fits into its caller's",
        )


def _least_patient(staged: Staged, inner: Link) -> tuple[str, float] | None:
    """Who waits the shortest for the caller of ``inner``, and how long; None when everybody waits for ever. Whose path does not
    lead that way is not asked."""
    waiting = [
        (_patience_s(staged.policies[outer]), outer.caller)
        for outer in staged.callers.get(inner.caller, ())
        if staged.leads_to(outer, inner.callee)
    ]
    patience_s, who = min(waiting, default=(math.inf, ""))
    return None if math.isinf(patience_s) else (who, patience_s)


def _patience_s(policy: Policy) -> float:
    """How long one call is waited for."""
    return min(one for one in (policy.timeout, policy.deadline, math.inf) if one is not None)


def _never_hedged(staged: Staged) -> Iterator[Found]:
    for link in staged.links:
        policy = staged.policies[link]
        if policy.hedge is None or policy.timeout is None or policy.hedge.percentile is not None:
            continue
        outside = policy.layers.index("hedge") < policy.layers.index("timeout")
        if policy.hedge.after >= policy.timeout and outside:
            yield Found(
                place=staged.place_of_call(link, "hedge", "after"),
                message=f"a copy is sent after {format_duration(policy.hedge.after)}, and the call is over after"
                f" {format_duration(policy.timeout)}: none ever will be",
                hint="hedge after about the 95th percentile",
            )


def _tries_cut_off(staged: Staged) -> Iterator[Found]:
    for link in staged.links:
        policy = staged.policies[link]
        if policy.deadline is None or policy.timeout is None or policy.deadline > policy.timeout:
            continue
        if policy.retry is not None and policy.retry.attempts > 1:
            yield Found(
                place=staged.place_of_call(link, "deadline"),
                message=f"the whole call is given up after {format_duration(policy.deadline)}, before its first try is, after"
                f" {format_duration(policy.timeout)}: no try that hangs is followed by another",
                hint="a deadline is longer than one timeout",
            )


def _stale_queue(staged: Staged) -> Iterator[Found]:
    for link in staged.links:
        settings = staged.node(link.callee).settings
        patience_s = _patience_s(staged.policies[link])
        if "service_time" not in settings or settings.get("drop_expired") or math.isinf(patience_s):
            continue
        drained_s = settings["queue"] * settings["service_time"] / settings["workers"]
        if drained_s > patience_s and settings.get("discipline") == "fifo":
            yield Found(
                place=staged.place("services", link.callee, "queue"),
                message=f"a full queue of '{link.callee}' takes {format_duration(drained_s)} to work off, and '{link.caller}'"
                f" gives up after {format_duration(patience_s)}: whoever is behind is answered too late",
                hint="a shorter `queue`, `discipline: lifo` or `drop_expired: true`",
            )


WAITING = (
    Doubt(name="outlasting", doc="a callee waits longer than its caller waits for it", find=_outlasting),
    Doubt(name="never-hedged", doc="a copy would be sent only after the call is over", find=_never_hedged),
    Doubt(name="tries-cut-off", doc="a deadline ends a call before its first try times out", find=_tries_cut_off),
    Doubt(name="stale-queue", doc="a full queue takes longer to work off than anybody waits", find=_stale_queue),
)
