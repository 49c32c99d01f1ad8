"""The workers of a Dask cluster find what this process finds. Skipped where Dask (chaoscli[dask]) is not installed."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from dataclasses import replace

import pytest

from chaoscli.errors import NotMadeError
from chaoscli.explore.pool import InProcess
from chaoscli.explore.sweep import Wanted, explore
from tests.explore.subjects import both

distributed = pytest.importorskip("distributed")

from chaoscli.explore.dask_pool import DaskWorkers  # noqa: E402  # it is of use only where Dask is

# Dask leaves sockets and files to the garbage collector, which is its own business.
pytestmark = [
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
]


def cluster(threads: int) -> object:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return distributed.LocalCluster(
            n_workers=2, threads_per_worker=threads, processes=True, host="127.0.0.1", dashboard_address=None
        )


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    made = cluster(threads=1)
    yield made.scheduler_address  # type: ignore[attr-defined]
    made.close()  # type: ignore[attr-defined]


def test_two_dask_workers_find_the_same_as_one_process(address: str) -> None:
    wanted = Wanted(count=16)
    alone = explore(both(), wanted, InProcess()).findings
    with DaskWorkers(address) as pool:
        assert pool.jobs == 2
        together = explore(both(), wanted, pool).findings
    assert alone.failing > 0
    assert replace(together, seconds=0.0, searching_s=0.0) == replace(alone, seconds=0.0, searching_s=0.0)


def test_nobody_answers_where_no_scheduler_is() -> None:
    with pytest.raises(NotMadeError, match=r"no Dask scheduler answers at 'tcp://127\.0\.0\.1:1'"):
        DaskWorkers("tcp://127.0.0.1:1")


def test_a_worker_of_many_threads_is_refused() -> None:
    made = cluster(threads=2)
    try:
        with pytest.raises(NotMadeError, match="has 2 threads, and one simulation fills a process"):
            DaskWorkers(made.scheduler_address)  # type: ignore[attr-defined]
    finally:
        made.close()  # type: ignore[attr-defined]
