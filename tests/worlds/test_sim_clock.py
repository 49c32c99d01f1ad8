"""The kernel: virtual time in order, the same order for the same seed, and an end to what cannot go on."""

from __future__ import annotations

import signal
import subprocess
import sys
import time

import pytest
import trio
from trio._core import _run as private

from chaoscli.errors import NotMadeError
from chaoscli.worlds import clock
from chaoscli.worlds.clock import Kernel, StuckError, Timer, simulate


def test_time_jumps_to_what_comes_next_and_ties_go_in_the_order_they_were_asked_for() -> None:
    async def play(kernel: Kernel) -> list[tuple[float, str]]:
        told: list[tuple[float, str]] = []

        def note(what: str) -> None:
            told.append((kernel.now(), what))

        kernel.at(2.0, note, "b")
        kernel.at(1.0, note, "a")
        kernel.at(2.0, note, "c")
        kernel.at(1.5, note, "called off").cancel()
        kernel.at(0.5, lambda what: kernel.at(kernel.now(), note, what), "asked for while firing")
        await kernel.sleep(2.5)
        note("end")
        return told

    assert simulate(play, seed=1) == [(0.5, "asked for while firing"), (1.0, "a"), (2.0, "b"), (2.0, "c"), (2.5, "end")]


def test_trios_own_sleeping_and_deadlines_keep_the_same_time() -> None:
    async def play(kernel: Kernel) -> tuple[float, float, float]:
        await trio.sleep(1.25)
        slept = kernel.now()
        with trio.move_on_after(0.5):
            await kernel.sleep(100.0)
        moved_on = kernel.now()
        with kernel.move_on_after(0.25):
            await trio.sleep_forever()
        return slept, moved_on, kernel.now()

    assert simulate(play, seed=1) == (1.25, 1.75, 2.0)


def test_a_sleeper_that_is_cancelled_is_not_woken_later() -> None:
    async def play(kernel: Kernel) -> float:
        with trio.move_on_after(1.0):
            await kernel.sleep(5.0)
        await kernel.sleep(10.0)
        return kernel.now()

    assert simulate(play, seed=1) == 11.0


def test_an_hour_costs_no_time() -> None:
    async def play(kernel: Kernel) -> float:
        await kernel.sleep(3600.0)
        return kernel.now()

    began = time.monotonic()
    assert simulate(play, seed=1) == 3600.0
    assert time.monotonic() - began < 60.0


class Gate:
    def __init__(self) -> None:
        self.is_shut = False
        self.held: list[Timer] = []

    def hold(self, timer: Timer) -> None:
        self.held.append(timer)


def test_a_shut_gate_gets_what_is_due_and_an_open_one_lets_it_pass() -> None:
    async def play(kernel: Kernel) -> list[float]:
        gate, fired = Gate(), []
        for at in (1.0, 2.0, 3.0):
            kernel.at(at, lambda _: fired.append(kernel.now()), gate=gate)
        await kernel.sleep(1.5)
        gate.is_shut = True
        await kernel.sleep(1.0)
        gate.is_shut = False
        for timer in gate.held:
            timer.fire()
        await kernel.sleep(1.0)
        return fired

    assert simulate(play, seed=1) == [1.0, 2.5, 3.0]


# -- order ---------------------------------------------------------------------------------------------------------------


def order_of_twenty(seed: int) -> list[int]:
    async def play(kernel: Kernel) -> list[int]:
        order: list[int] = []

        async def one(number: int) -> None:
            for _ in range(3):
                await kernel.sleep(1.0)
                order.append(number)

        async with trio.open_nursery() as nursery:
            for number in range(20):
                nursery.start_soon(one, number)
        return order

    return simulate(play, seed=seed)


def test_the_same_seed_gives_the_same_order_and_another_seed_another() -> None:
    orders = [order_of_twenty(seed) for seed in (1, 1, 2, 1)]
    assert orders[0] == orders[1] == orders[3]
    assert orders[0] != orders[2]
    assert sorted(orders[0]) == sorted(orders[2])


def test_trio_is_left_as_it_was_found() -> None:
    flag, dice = private._ALLOW_DETERMINISTIC_SCHEDULING, private._r.getstate()
    order_of_twenty(1)
    with pytest.raises(ZeroDivisionError):
        simulate(_breaks, seed=1)
    assert flag == private._ALLOW_DETERMINISTIC_SCHEDULING
    assert private._r.getstate() == dice


async def _breaks(kernel: Kernel) -> None:
    raise ZeroDivisionError


def test_one_simulation_at_a_time() -> None:
    async def play(kernel: Kernel) -> None:
        simulate(_breaks, seed=1)

    with pytest.raises(NotMadeError, match="runs in this process already"):
        simulate(play, seed=1)


@pytest.mark.parametrize("name", ["_r", "_ALLOW_DETERMINISTIC_SCHEDULING"])
def test_a_trio_whose_private_parts_moved_is_refused_with_a_way_out(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.delattr(private, name)
    with pytest.raises(NotMadeError, match=rf"cannot be simulated on: its scheduler has no {name} any more"):
        simulate(_breaks, seed=1)


def test_an_error_in_what_is_called_ends_the_simulation_with_that_error() -> None:
    async def play(kernel: Kernel) -> None:
        kernel.at(1.0, lambda _: [].pop())
        await kernel.sleep(2.0)

    with pytest.raises(IndexError):
        simulate(play, seed=1)


# -- what cannot go on ---------------------------------------------------------------------------------------------------


def test_an_interrupt_in_the_middle_of_a_simulation_is_no_group_in_however_many_nurseries_it_came() -> None:
    async def interrupted(kernel: Kernel) -> None:
        await kernel.sleep(1.0)
        signal.raise_signal(signal.SIGINT)

    async def play(kernel: Kernel) -> None:
        async with trio.open_nursery() as outer, trio.open_nursery() as inner:
            outer.start_soon(kernel.sleep, 5.0)
            inner.start_soon(interrupted, kernel)

    before = signal.signal(signal.SIGINT, signal.default_int_handler)  # tests may have been started with it ignored
    try:
        with pytest.raises(KeyboardInterrupt):
            simulate(play, seed=1)
    finally:
        signal.signal(signal.SIGINT, before)


def test_a_group_without_an_interrupt_comes_out_as_it_is() -> None:
    async def fails() -> None:
        raise ValueError("two")

    async def play(_kernel: Kernel) -> None:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(fails)

    with pytest.raises(ExceptionGroup) as caught:
        simulate(play, seed=1)
    assert [str(error) for error in caught.value.exceptions] == ["two"]


def test_a_deadlock_is_reported_with_who_waits_for_what() -> None:
    async def waits_for_ever() -> None:
        await trio.Event().wait()

    async def play(kernel: Kernel) -> None:
        await kernel.sleep(3.0)
        async with trio.open_nursery() as nursery:
            nursery.start_soon(waits_for_ever)
            nursery.start_soon(waits_for_ever)

    with pytest.raises(StuckError) as stuck:
        simulate(play, seed=1)
    assert stuck.value.message == "nothing can ever happen again after 3.000000s: everybody waits for somebody else"
    assert stuck.value.hint.splitlines()[0] == "waiting:"
    assert "waits_for_ever" in stuck.value.hint
    assert stuck.value.hint.endswith("(2 times)")


async def _spin(kernel: Kernel) -> None:
    while True:
        await trio.lowlevel.checkpoint()


def fewer_turns(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clock, "MOST_TURNS_AT_ONE_INSTANT", 200)
    monkeypatch.setattr(clock, "MOST_TURNS_TO_UNWIND", 2000)


def test_a_livelock_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    fewer_turns(monkeypatch)
    with pytest.raises(StuckError, match="200 turns at one instant"):
        simulate(_spin, seed=1)


def test_even_one_that_will_not_be_cancelled_is_ended() -> None:
    """In a process of its own: a loop that is left by force leaves its tasks behind."""
    code = """
import trio
from chaoscli.worlds import clock

clock.MOST_TURNS_AT_ONE_INSTANT, clock.MOST_TURNS_TO_UNWIND = 200, 2000

async def play(kernel):
    with trio.CancelScope(shield=True):
        while True:
            await trio.lowlevel.checkpoint()

clock.simulate(play, seed=1)
"""
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False)
    assert ended.returncode == 1
    assert "200 turns at one instant" in ended.stderr


def test_many_turns_are_no_livelock_while_time_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    fewer_turns(monkeypatch)

    async def play(kernel: Kernel) -> float:
        for _ in range(1000):
            await kernel.sleep(0.001)
        return kernel.now()

    assert simulate(play, seed=1) == pytest.approx(1.0)
