"""Which run comes next, answered from a table: no world is opened."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from chaoscli.cli.casting import Named, casting, firsts
from chaoscli.cli.options import Options
from chaoscli.errors import ExitCode, NotMadeError, UsageError
from chaoscli.outcome import Check, Outcome
from chaoscli.playbook.meaning import Playbook
from chaoscli.reports.series import Attempt, Entry

OK, BROKEN, UNMADE, STOPPED = ExitCode.HELD, ExitCode.VIOLATED, ExitCode.NOT_MADE, ExitCode.INTERRUPTED


def playbook(name: str, seed: int | None = None) -> Playbook:
    return Playbook(
        name=name, title=name, group="", teaches=(), lesson="", notice="", next="", source_name=name, lasts_s=1.0, seed=seed,
        variants=(), expectations=(),
    )  # fmt: skip


def ended(code: ExitCode, seed: int) -> Attempt:
    check = Check(text="success > 90%", variant="", held=code is OK)
    outcome = Outcome(playbook="p", title="p", seed=seed, world="real", complete=code is not STOPPED, checks=(check,))
    return Attempt(outcome=outcome, repeat="", error=NotMadeError("no port") if code is UNMADE else None)


def cast(
    answers: Mapping[str, list[ExitCode]], *, seeds: Mapping[str, int] | None = None, **options: Any
) -> tuple[list[str], tuple[Entry, ...]]:
    """What was played, as ``name:seed``, when each playing of ``name`` ends as its answers say; and what became of it."""
    named = [Named(word=name, name=name, file=name, playbook=playbook(name, (seeds or {}).get(name))) for name in answers]
    left = {name: list(codes) for name, codes in answers.items()}
    plays = casting(named, replace(Options(names=tuple(answers)), **options))
    played: list[str] = []
    try:
        wanted = next(plays)
        while True:
            played.append(f"{wanted.word}:{wanted.seed}")
            wanted = plays.send(ended(left[wanted.word].pop(0), wanted.seed))
    except StopIteration as over:
        return played, over.value


@pytest.mark.parametrize("options", [{}, {"repeat": 3}, {"repeat": 2, "retries": 1}, {"repeat": 2, "fail_fast": True}])
def test_what_is_made_ahead_is_what_is_wanted_as_far_as_anything_is(options: dict[str, Any]) -> None:
    answers = {"a": [OK, BROKEN, OK, OK], "b": [BROKEN, BROKEN, OK, OK]}
    named = [Named(word=name, name=name, file=name, playbook=playbook(name)) for name in answers]
    asked = replace(Options(names=tuple(answers)), **options)
    ahead = [f"{one.word}:{one.seed}" for one in firsts(named, asked)]
    wanted = list(dict.fromkeys(cast(answers, **options)[0]))  # a second attempt is made in its turn
    assert ahead[: len(wanted)] == wanted
    assert len(ahead) == len(named) * options.get("repeat", 1)


def test_one_after_the_other() -> None:
    played, entries = cast({"a": [OK], "b": [BROKEN], "c": [OK]})
    assert played == ["a:1", "b:1", "c:1"]
    assert [entry.word for entry in entries] == ["held", "violated", "held"]


def test_the_seed_is_the_command_s_or_the_playbook_s_or_everybody_s() -> None:
    assert cast({"a": [OK], "b": [OK]}, seeds={"a": 5})[0] == ["a:5", "b:1"]
    assert cast({"a": [OK], "b": [OK]}, seeds={"a": 5}, seed=9)[0] == ["a:9", "b:9"]


def test_repeated_runs_have_seeds_of_their_own() -> None:
    played, (entry,) = cast({"a": [OK, BROKEN, OK]}, repeat=3, seed=4)
    assert played == ["a:4", "a:5", "a:6"]
    assert (len(entry.takes), entry.word) == (3, "violated")


def test_fail_fast_plays_nothing_after_the_first_that_does_not_hold() -> None:
    played, entries = cast({"a": [OK], "b": [BROKEN], "c": [OK]}, fail_fast=True)
    assert played == ["a:1", "b:1"]
    assert [entry.word for entry in entries] == ["held", "violated", "not played"]
    assert cast({"a": [BROKEN, OK]}, fail_fast=True, repeat=2)[0] == ["a:1"]


def test_a_retry_plays_the_same_again_and_what_then_holds_is_flaky() -> None:
    played, (entry,) = cast({"a": [UNMADE, BROKEN, OK]}, retries=2)
    assert played == ["a:1", "a:1", "a:1"]
    assert (entry.word, entry.exit_code) == ("flaky", ExitCode.HELD)


def test_retries_end() -> None:
    played, (entry,) = cast({"a": [BROKEN, BROKEN, OK]}, retries=1)
    assert (len(played), entry.word) == (2, "violated")


def test_a_simulated_run_is_not_tried_again_because_it_goes_the_same_way_every_time() -> None:
    assert cast({"a": [BROKEN, OK]}, retries=1, world="sim")[0] == ["a:1"]


def test_each_take_has_retries_of_its_own() -> None:
    played, (entry,) = cast({"a": [BROKEN, OK, BROKEN, OK]}, retries=1, repeat=2)
    assert played == ["a:1", "a:1", "a:2", "a:2"]
    assert entry.word == "flaky"


def test_flaky_is_not_failing_fast() -> None:
    assert cast({"a": [BROKEN, OK], "b": [OK]}, retries=1, fail_fast=True)[0] == ["a:1", "a:1", "b:1"]


def test_an_interrupt_ends_everything_and_is_not_tried_again() -> None:
    played, entries = cast({"a": [STOPPED], "b": [OK]}, retries=3, repeat=3)
    assert played == ["a:1"]
    assert [entry.word for entry in entries] == ["interrupted", "not played"]


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"repeat": 0}, "--repeat is 0"),
        ({"repeat": 101}, "--repeat is 101"),
        ({"retries": -1}, "--retries is -1"),
        ({"retries": 11}, "--retries is 11"),
        ({"jobs": 0}, "--jobs is 0"),
        ({"jobs": 257, "world": "sim"}, "--jobs is 257; it may be from 1 to 256"),
        ({"jobs": 10_000}, "--jobs is 10000; it may be from 1 to [0-9]+\\nthis machine has"),
    ],
)
def test_options_that_make_no_sense_are_refused(options: dict[str, Any], said: str) -> None:
    with pytest.raises(UsageError, match=said):
        replace(Options(names=("a",)), **options)
