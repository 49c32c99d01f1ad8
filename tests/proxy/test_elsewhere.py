"""The same proxy without epoll, timerfd and splice, as on a system that has none of them."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable

import pytest
import trio

from chaoscli.proxy import engine, pipes
from chaoscli.proxy.poller import SelectorPoller
from tests.proxy import test_board, test_bulk, test_harmed_links
from tests.proxy.conftest import a_stage
from tests.proxy.stage import Stage

SCENARIOS: tuple[Callable[[Stage], Awaitable[None]], ...] = (
    test_board.test_bytes_pass_both_ways_unchanged,
    test_board.test_a_caller_that_ends_its_stream_still_hears_the_reply,
    test_board.test_ten_megabytes_each_way_at_once_arrive_complete,
    test_board.test_a_callee_that_does_not_read_holds_the_sender_back,
    test_board.test_a_callee_nobody_listens_for_is_a_reset_for_the_caller,
    test_board.test_a_reset_of_the_callee_reaches_the_caller,
    test_board.test_a_reset_of_the_caller_reaches_the_callee,
    test_board.test_callers_wait_until_the_upstream_is_known,
    test_board.test_a_caller_that_leaves_before_it_is_put_through_is_forgotten,
    test_board.test_a_removed_link_closes_its_connections_and_its_port,
    test_harmed_links.test_latency_holds_one_direction_for_as_long_as_asked,
    test_harmed_links.test_healing_sends_what_was_held_at_once_and_in_order,
    test_harmed_links.test_what_a_caller_sent_before_it_reset_arrives_before_the_reset,
    test_harmed_links.test_refusing_resets_the_living_refuses_the_new_and_opens_the_same_port_again,
)


@pytest.fixture
async def elsewhere(nursery: trio.Nursery, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Stage]:
    monkeypatch.setattr(engine, "open_poller", SelectorPoller)
    monkeypatch.setattr(engine, "open_alarm", lambda: None)
    monkeypatch.setattr(pipes, "AVAILABLE", False)
    async with a_stage(nursery) as one:
        yield one


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.__name__.removeprefix("test_"))
async def test_elsewhere(elsewhere: Stage, scenario: Callable[[Stage], Awaitable[None]]) -> None:
    await scenario(elsewhere)


async def test_elsewhere_bulk_arrives_complete_and_in_order(elsewhere: Stage) -> None:
    await test_bulk.test_bulk_arrives_complete_and_in_order(elsewhere)
