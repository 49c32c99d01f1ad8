"""Whole explorations: what is found depends on the seeds and on nothing else, whoever looks and whoever dies meanwhile."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from typing import Any

import pytest

from chaoscli.errors import NotMadeError
from chaoscli.events import CurtainRose, Event, Happened
from chaoscli.exploration import Failure, Findings, Plan, Subject
from chaoscli.explore import explain, sweep
from chaoscli.explore.judging import Witness
from chaoscli.explore.pool import InProcess, Processes, Task
from chaoscli.explore.sweep import Chunk, Progress, Wanted, explain_all, explore, try_chunk
from chaoscli.explore.trial import NotTheSameError
from tests.explore.subjects import CHARGE, OVERSELL, SHELF, both

SEEDS = Wanted(count=16)


def without_times(findings: Findings) -> Findings:
    return replace(findings, seconds=0.0, searching_s=0.0)


@pytest.fixture(scope="module")
def alone() -> Findings:
    return without_times(explore(both(), SEEDS, InProcess()).findings)


def test_a_search_finds_the_mistake_and_nothing_where_it_is_mended(alone: Findings) -> None:
    assert {failure.subject.variant for failure in alone.failures} == {"broken"}
    assert {failure.violation.invariant for failure in alone.failures} == {"no oversell"}
    assert (alone.seeds, alone.trials) == (16, 32)
    assert all(1 <= len(failure.plan.faults) <= 3 for failure in alone.failures)


def test_every_failing_seed_is_counted_to_one_way_of_failing(alone: Findings) -> None:
    failing = sorted(seed for failure in alone.failures for seed in failure.seeds)
    assert len(failing) == alone.failing == len(set(failing))
    assert alone.unexplained == ()


def test_what_was_reached_is_counted_and_what_never_was_is_said(alone: Findings) -> None:
    assert alone.reached["'stock reserved'"] > 50
    assert "a node came back" in alone.reached
    assert not set(alone.never) & set(alone.reached)
    few = explore(both(), Wanted(count=1), InProcess()).findings
    assert "a request came twice" in few.never


class KillsWorkers(Processes):
    """One worker is killed after each of the first two answers."""

    def answers(self, tasks: Iterable[Task[Any]]) -> Iterator[Any]:
        for number, answer in enumerate(super().answers(tasks)):
            yield answer
            if number < 2 and self.processes:
                os.kill(self.processes[0], signal.SIGKILL)


def test_two_workers_of_whom_two_are_killed_find_the_same(alone: Findings) -> None:
    with KillsWorkers(2) as pool:
        assert without_times(explore(both(), SEEDS, pool).findings) == alone


def test_shards_together_are_the_whole() -> None:
    whole = Wanted(first=100, count=7)
    shards = [Wanted(first=100, step=3, count=3), Wanted(first=101, step=3, count=2), Wanted(first=102, step=3, count=2)]
    seeds = [shard.seed(number) for shard in shards for number in range(shard.count or 0)]
    assert sorted(seeds) == [whole.seed(number) for number in range(7)]


def test_a_worker_that_plays_the_canary_another_way_is_noticed() -> None:
    class Older(InProcess):
        def answers(self, tasks: Iterable[Task[Any]]) -> Iterator[Any]:
            for answer in super().answers(tasks):
                yield replace(answer, canary="another") if isinstance(answer, Chunk) else answer

    explored = explore(both(), Wanted(count=1), Older())
    (error,) = explored.errors
    assert isinstance(error, NotMadeError)
    assert "plays the same seed another way" in str(error)
    assert (explored.findings.complete, explored.findings.ended_by) == (False, str(error))


class FailsAfter(InProcess):
    """The pool itself has enough after so many answers."""

    def __init__(self, number: int) -> None:
        self._left = number

    def answers(self, tasks: Iterable[Task[Any]]) -> Iterator[Any]:
        for answer in super().answers(tasks):
            if self._left == 0:
                raise NotMadeError("3 workers died over the same task")
            self._left -= 1
            yield answer


def test_an_error_ends_the_search_and_what_was_found_until_then_is_told() -> None:
    explored = explore(both(), SEEDS, FailsAfter(1))
    assert [str(error) for error in explored.errors] == ["3 workers died over the same task"]
    found = explored.findings
    assert (found.trials, found.complete, found.ended_by) == (2, False, "3 workers died over the same task")
    assert found.unexplained == (("broken: no oversell", 0),)


@pytest.fixture
def quickly(monkeypatch: pytest.MonkeyPatch) -> None:
    """Failures without their odds, which are most of what they cost."""
    monkeypatch.setattr(explain, "again_under_other_seeds", lambda *_arguments: 20)
    monkeypatch.setattr(explain, "chances", lambda *_arguments: ())


# Seed 16 breaks both, each of a variant of its own.
TWO_PROMISES = (OVERSELL, replace(CHARGE, variant="charging"))
BOTH_BREAK = Wanted(first=16, count=1)
# They break CHARGE in more than one way.
SEEDS_OF_CHARGE = (4, 7, 16, 19, 23, 30, 34, 37, 41)


@pytest.mark.usefixtures("quickly")
def test_an_error_after_a_promise_is_done_leaves_what_was_found_of_it() -> None:
    # The first answer is that of the search, the second that of the first promise; there is none for the other.
    found = explore(TWO_PROMISES, BOTH_BREAK, FailsAfter(2)).findings
    assert [failure.violation.invariant for failure in found.failures] == ["no oversell"]
    assert found.unexplained == (("charging: no double charge", 16),)
    assert (found.complete, found.ended_by) == (False, "3 workers died over the same task")


@pytest.mark.usefixtures("quickly")
def test_an_error_at_one_promise_leaves_the_other_alone_and_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sweep, "explained", fails_at("no oversell", NotTheSameError("event 7 was\n  another")))
    kept: list[Failure] = []
    explored = explore(TWO_PROMISES, BOTH_BREAK, InProcess(), keep=kept.append)
    found = explored.findings
    assert [type(error) for error in explored.errors] == [NotTheSameError]
    assert found.not_smaller == {"broken: no oversell": "NotTheSameError: event 7 was"}
    assert found.unexplained == (("broken: no oversell", 16),)
    assert [failure.violation.invariant for failure in found.failures] == ["no double charge"]
    assert tuple(kept) == found.failures
    assert (found.complete, found.ended_by) == (True, "")


@pytest.mark.usefixtures("quickly")
@pytest.mark.parametrize(("raised", "interrupted"), [(NotTheSameError("another"), False), (KeyboardInterrupt(), True)])
def test_ways_that_were_found_before_an_error_or_an_interrupt_stay(
    raised: BaseException, interrupted: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sweep, "explained", fails_at("no double charge", raised, after=1))
    answer = explain_all(CHARGE, "no double charge", SEEDS_OF_CHARGE)
    assert len(answer.failures) == 1
    assert answer.left == tuple(seed for seed in SEEDS_OF_CHARGE if seed not in answer.failures[0].seeds) != ()
    assert (answer.interrupted, answer.error) == (interrupted, None if interrupted else raised)


@pytest.mark.usefixtures("quickly")
def test_ctrl_c_inside_one_promise_begins_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sweep, "explained", fails_at("no oversell", KeyboardInterrupt()))
    found = explore(TWO_PROMISES, BOTH_BREAK, InProcess()).findings
    assert (found.failures, found.complete, found.ended_by) == ((), False, "")
    assert found.unexplained == (("broken: no oversell", 16), ("charging: no double charge", 16))


def fails_at(invariant: str, raised: BaseException, after: int = 0) -> Callable[..., Failure]:
    """`explained`, which raises for one promise once it has made ``after`` failures of it small."""
    left = after

    def explaining(subject: Subject, plan: Plan, of_what: str) -> Failure:
        nonlocal left
        if of_what == invariant:
            left -= 1
            if left < 0:
                raise raised
        return explain.explained(subject, plan, of_what)

    return explaining


def test_an_error_that_cannot_be_sent_is_kept_in_words(monkeypatch: pytest.MonkeyPatch) -> None:
    class Local(Exception):
        """Of a class that no other process can find."""

    monkeypatch.setattr(sweep, "explained", fails_at("no oversell", Local("so")))
    answer = explain_all(OVERSELL, "no oversell", (16,))
    assert repr(answer.error) == "RuntimeError('Local: so')"


def test_time_can_be_the_bound() -> None:
    found = explore((SHELF,), Wanted(for_s=0.3), InProcess()).findings
    assert found.seeds > 1
    assert found.complete


def test_however_short_the_time_one_seed_is_tried() -> None:
    found = explore((SHELF,), Wanted(for_s=1e-9), InProcess()).findings
    assert (found.seeds, found.complete) == (1, True)


def test_ctrl_c_ends_the_search_and_what_was_found_is_told() -> None:
    def show(_progress: Progress) -> None:
        raise KeyboardInterrupt

    found = explore(both(), SEEDS, InProcess(), show).findings
    assert (found.seeds, found.trials, found.complete) == (1, 2, False)
    assert found.failures == ()
    assert found.unexplained == (("broken: no oversell", 0),)  # seed 0 fails, and nobody had the time to make it smaller


def test_ctrl_c_in_the_middle_of_a_run_is_no_other_than_between_two(monkeypatch: pytest.MonkeyPatch) -> None:
    record, runs = Witness.record, 0

    def interrupting(witness: Witness, event: Event) -> None:
        nonlocal runs
        record(witness, event)
        runs += isinstance(event, CurtainRose)
        if runs == 8 and isinstance(event, Happened):
            signal.raise_signal(signal.SIGINT)

    monkeypatch.setattr(Witness, "record", interrupting)
    before = signal.signal(signal.SIGINT, signal.default_int_handler)  # tests may have been started with it ignored
    try:
        found = explore(both(), SEEDS, InProcess()).findings
    finally:
        signal.signal(signal.SIGINT, before)
    assert runs == 8
    assert not found.complete
    assert found.unexplained == (("broken: no oversell", 0),)


def test_ctrl_c_while_failures_are_made_small_keeps_those_that_are_done() -> None:
    stages: list[str] = []

    def show(progress: Progress) -> None:
        stages.append(progress.stage)
        if progress.failures:
            raise KeyboardInterrupt

    found = explore(both(), Wanted(count=2), InProcess(), show).findings
    assert stages[-2:] == ["making 1 broken promise small"] * 2
    assert [failure.violation.invariant for failure in found.failures] == ["no oversell"]
    assert (found.unexplained, found.complete) == ((), False)


def test_ctrl_c_before_any_is_done_tells_the_seeds() -> None:
    def show(progress: Progress) -> None:
        if progress.stage != "searching":
            raise KeyboardInterrupt

    found = explore(both(), Wanted(count=2), InProcess(), show).findings
    assert (found.failures, found.unexplained) == ((), (("broken: no oversell", 0),))


def test_a_chunk_is_its_seeds_with_every_subject() -> None:
    chunk = try_chunk(both(), (3, 4))
    assert [(trial.seed, trial.variant) for trial in chunk.trials] == [(3, "broken"), (3, "mended"), (4, "broken"), (4, "mended")]


@pytest.mark.usefixtures("quickly")
def test_another_way_of_failing_is_told_apart_though_its_plans_do_both(monkeypatch: pytest.MonkeyPatch) -> None:
    seeds = tuple(trial.seed for trial in try_chunk((CHARGE,), range(50)).trials if trial.violations)
    whole = explain_all(CHARGE, "no double charge", seeds)
    assert len(whole.failures) >= 2
    assert len({failure.name for failure in whole.failures}) == len(whole.failures)
    assert whole.left == ()
    monkeypatch.setattr(sweep, "MOST_FAILURES", 1)
    fewer = explain_all(CHARGE, "no double charge", seeds)
    assert [failure.name for failure in fewer.failures] == [whole.failures[0].name]
    assert len(fewer.left) == len(seeds) - len(fewer.failures[0].seeds)


def test_a_task_that_kills_its_workers_is_given_up() -> None:
    with Processes(1) as pool, pytest.raises(NotMadeError, match="3 workers died over the same task"):
        list(pool.answers([(_dies, ())]))


def _dies() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def test_no_worker_outlives_an_error() -> None:
    pool = Processes(2)
    next(pool.answers([(abs, (-1,)), (abs, (-2,))]))
    workers = pool.processes
    assert workers
    pool.__exit__(ZeroDivisionError, ZeroDivisionError(), None)
    for worker in workers:
        with pytest.raises(ProcessLookupError):
            os.kill(worker, 0)
