"""What all tests share: how hypothesis searches on a busy machine, and who may run beside whom.

Three workers share the suite (``-n 0`` for one process): a file stays whole, so that what its tests share is made once; and
everything that plays on real processes, or wants a port that everybody knows, is one queue, so that no play disturbs another.
That queue is begun first, and mostly waits; the two other workers, which compute, give way to it.
"""

from __future__ import annotations

import os
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from xdist.scheduler import LoadScopeScheduling  # type: ignore[import-untyped]

# A slow example says something of the machine, not of the code; times are measured elsewhere.
settings.register_profile("busy machine", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("busy machine")

# Files whose tests mind how busy the machine is with each other.
REAL = (
    "tests/end_to_end/",
    "tests/examples/",
    "tests/cli/test_agreeing",
    "tests/cli/test_in_ci",
    "tests/cli/test_wrapping",
    "tests/python/",
    "tests/worlds/test_real",
    "tests/proxy/test_many",
    *(
        f"tests/playbooks/test_{name}"
        for name in ("clock_skew", "drops", "latency", "partition", "retries", "sync_chain", "timeouts")
    ),
)


_QUEUE_OF_PLAYS = "real"
# Enough for a play to have a core whenever it wants one.
_GIVES_WAY = 10


class Queues(LoadScopeScheduling):  # type: ignore[misc]
    """What one worker plays from beginning to end."""

    def _split_scope(self, nodeid: str) -> str:
        return _queue_of(nodeid)

    def _assign_work_unit(self, node: Any) -> None:
        """The longest first: who comes after it has the rest to choose from."""
        if _QUEUE_OF_PLAYS in self.workqueue:
            self.workqueue.move_to_end(_QUEUE_OF_PLAYS, last=False)
        super()._assign_work_unit(node)


def _queue_of(nodeid: str) -> str:
    file = nodeid.partition("::")[0]
    return _QUEUE_OF_PLAYS if file.startswith(REAL) else file


class GivesWay:
    """In a worker: lets the plays of another go first, unless it began with them itself."""

    def __init__(self) -> None:
        self._decided = False

    def pytest_runtest_setup(self, item: pytest.Item) -> None:
        if not self._decided:
            self._decided = True
            if _queue_of(item.nodeid) != _QUEUE_OF_PLAYS:
                os.nice(_GIVES_WAY)


def pytest_configure(config: pytest.Config) -> None:
    if hasattr(config, "workerinput"):
        config.pluginmanager.register(GivesWay())


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Queues:
    return Queues(config, log)
