"""The lessons as a course: which there are meant to be, in which order they build on each other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

# The lessons that are meant to be, by group, in the order in which they build on each other: a course. One that is not named here
# comes after the others of its group, by name, and a group that is not named after all others.
COURSE: Mapping[str, tuple[str, ...]] = {
    "The eight fallacies": (
        "partition", "drops", "latency", "bandwidth", "insecure", "topology", "administrators", "transport-cost",
        "mixed-network",
    ),
    "No shared memory, no global clock, independent failure": ("clock-skew", "lease", "single-server", "monolith"),
    "The pitfalls": (
        "timeouts", "retries", "retry-layers", "sync-chain", "n-plus-one", "no-pooling", "no-cache", "thundering-herd",
        "metastable",
    ),
    "Handling failure": ("breaker", "bulkhead", "hedging", "load-shedding", "health-checks", "failover"),
    "Consistency": (
        "oversell", "saga", "two-phase-commit", "outbox", "poison-message", "duplicates", "split-brain", "stale-reads",
    ),
    "War stories and larger pictures": ("s3-2017", "strangler", "trace", "autoscale", "netflix"),
}  # fmt: skip
GROUPS = tuple(COURSE)

_GROUPS: Mapping[str, str] = {name: group for group, names in COURSE.items() for name in names}


def group_of(name: str) -> str:
    """The group of a lesson; empty for what is none of the course."""
    return _GROUPS.get(name, "")


def place(name: str, group: str) -> tuple[int, str, int, str]:
    """To sort by: the order of the course, and whatever is not in it behind its group, by name."""
    return _rank(group, GROUPS), group, _rank(name, COURSE.get(group, ())), name


def _rank(name: str, order: Sequence[str]) -> int:
    return order.index(name) if name in order else len(order)
