"""What all tests share: how hypothesis searches on a busy machine, and who may run beside whom.

Two workers share the suite (``-n 0`` for one process): a file stays whole, so that what its tests share is made once; and
everything that plays on real processes, or wants a port that everybody knows, is one queue, so that no play disturbs another.
"""

from __future__ import annotations

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


class Queues(LoadScopeScheduling):  # type: ignore[misc]
    """What one worker plays from beginning to end."""

    def _split_scope(self, nodeid: str) -> str:
        file = nodeid.partition("::")[0]
        return "real" if file.startswith(REAL) else file


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Queues:
    return Queues(config, log)
