"""A run of trio in a thread: what is asked of it is done there, what it raises is raised here, and it ends."""

from __future__ import annotations

import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
import trio

from chaoscli.python.portal import Portal


async def task_and_thread() -> tuple[str, int]:
    return trio.lowlevel.current_task().name, threading.get_ident()


def test_a_call_is_done_in_its_thread_and_its_error_raised_here() -> None:
    async def fail() -> None:
        raise KeyError("mine")

    with Portal() as portal:
        assert portal.run(task_and_thread)[1] != threading.get_ident()
        with pytest.raises(KeyError, match="mine"):
            portal.run(fail)
        assert portal.run(task_and_thread)[1] != threading.get_ident()
    assert all(thread.name != "chaos playground" for thread in threading.enumerate())


@asynccontextmanager
async def kept(told: list[str], *, fails: bool = False) -> AsyncIterator[str]:
    if fails:
        raise OSError("no room")
    async with trio.open_nursery():
        told.append(trio.lowlevel.current_task().name)
        try:
            yield "inside"
        except ValueError:
            told.append("told why")
            raise
        finally:
            told.append(trio.lowlevel.current_task().name)


def test_a_context_is_entered_and_left_in_one_task_of_its_own() -> None:
    told: list[str] = []
    with Portal() as portal:
        with portal.open(lambda: kept(told)) as value:
            assert value == "inside"
        assert told[0] == told[1]
        with portal.open(lambda: kept(told)), portal.open(lambda: kept(told)):
            pass  # several at a time


def test_the_context_hears_why_its_block_ended() -> None:
    told: list[str] = []
    with Portal() as portal, pytest.raises(ExceptionGroup) as raised, portal.open(lambda: kept(told)):
        raise ValueError("of the block")
    assert told[1] == "told why"
    assert str(raised.value.exceptions[0]) == "of the block"


def test_one_that_cannot_be_entered_says_so_and_harms_no_other() -> None:
    told: list[str] = []
    with Portal() as portal, portal.open(lambda: kept(told)):
        with pytest.raises(OSError, match="no room"), portal.open(lambda: kept(told, fails=True)):
            pass
        assert portal.run(task_and_thread)


def test_a_portal_that_closes_ends_what_is_still_open() -> None:
    told: list[str] = []
    with Portal() as portal:
        forgotten = portal.open(lambda: kept(told))
        forgotten.__enter__()
    assert len(told) == 2
    forgotten.__exit__(None, None, None)


def test_its_processes_are_forked_by_one_warm_parent() -> None:
    with Portal() as portal:
        assert portal.run(portal.spawner) is portal.run(portal.spawner)
