"""The pytest plugin: playgrounds as fixtures, and playbooks as tests. Nothing of it is imported before a test asks for it.

``chaos`` (real processes) and ``chaos_sim`` (virtual time) are open playgrounds, made as ``@pytest.mark.chaos(playbook=...,
variant=..., seed=..., set=...)`` says: a ``BlockingShop`` for plain functions, a ``Shop`` to be awaited for coroutines, whichever
loop runs them. ``chaos_proxy("127.0.0.1:5432")`` is a proxy before a service of your own. Playbooks in the folders of the ini
option ``chaos_playbooks``, and those named on the command line, are collected, an item for each expectation.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from chaoscli.python.portal import Portal
    from chaoscli.python.proxies import BlockingProxy

MARK = (
    "chaos(playbook, variant='', seed=None, set=(), load=True): what the fixtures `chaos` and `chaos_sim` are made of; "
    "set is a list of path=value, or a mapping"
)
SUFFIXES = (".yaml", ".yml")

# What a failed test has to say beside its traceback, if it had a playground.
TELL = pytest.StashKey[Callable[[], str]]()


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("chaos", "faults in distributed systems (chaoscli)")
    group.addoption("--chaos-seed", type=int, metavar="N", help="the seed of every playground and playbook, in place of its own")
    group.addoption("--chaos-world", choices=("real", "sim"), help="where collected playbooks play (ini: chaos_world; sim)")
    group.addoption("--chaos-recordings", metavar="DIR", help="keep the recording of every test that fails there")
    parser.addini("chaos_playbooks", "folders and files of playbooks to collect as tests, from the root of the project", "args")
    parser.addini("chaos_world", "where collected playbooks play: sim (virtual time) or real (processes)", default="sim")


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", MARK)


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> pytest.Collector | None:
    if file_path.suffix not in SUFFIXES or not _is_wanted(file_path, parent):
        return None
    from chaoscli.python.pytest_items import PlaybookFile

    return PlaybookFile.from_parent(parent, path=file_path)


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Iterator[None]:
    outcome: Any = yield
    tell = item.stash.get(TELL, None)
    if tell is not None and (report := outcome.get_result()).failed:
        report.sections.append(("chaos", tell()))


@pytest.fixture(scope="session")
def chaos_portal() -> Iterator[Portal]:
    """The thread that playgrounds of this session live in, and the warm parent of their processes."""
    from chaoscli.python.portal import Portal

    with Portal() as portal:
        yield portal


@pytest.fixture
def chaos(request: pytest.FixtureRequest) -> Iterator[Any]:
    """A playground of real processes, as the mark `chaos` says."""
    from chaoscli.python.pytest_shops import opened

    yield from opened(request, "real")


@pytest.fixture
def chaos_sim(request: pytest.FixtureRequest) -> Iterator[Any]:
    """A playground in virtual time, as the mark `chaos` says; the same seed is the same play."""
    from chaoscli.python.pytest_shops import opened

    yield from opened(request, "sim")


@pytest.fixture
def chaos_proxy(chaos_portal: Portal) -> Iterator[Callable[..., BlockingProxy]]:
    """Proxies before services of your own that run already: `chaos_proxy("127.0.0.1:5432")`; closed after the test."""
    from contextlib import ExitStack

    from chaoscli.python.proxies import proxy_to

    with ExitStack() as stack:

        def proxy(upstream: str, **asked: Any) -> BlockingProxy:
            return stack.enter_context(proxy_to(upstream, portal=chaos_portal, **asked))

        yield proxy


def _is_wanted(file: Path, parent: pytest.Collector) -> bool:
    """In a folder of the ini option; or named on the command line, and a playbook by its looks."""
    folders = [parent.config.rootpath / one for one in parent.config.getini("chaos_playbooks")]
    if any(folder == file or folder in file.parents for folder in folders):
        return True
    return parent.session.isinitpath(file) and b"\nplaybook:" in b"\n" + file.read_bytes()
