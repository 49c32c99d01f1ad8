from __future__ import annotations

from pathlib import Path

import pytest

from chaoscli.cli.touring import Choice, Stop, Wanted, stops, tour
from chaoscli.errors import ExitCode, UsageError
from tests.support.command import chaos

THREE = tuple(Stop(name, number, 3) for number, name in enumerate("abc", start=1))


def toured(*choices: Choice, codes: dict[str, int] | None = None) -> tuple[list[str], int]:
    """What was told (in parentheses) and played, and the exit code."""
    left, done = list(choices), []

    def play(name: str) -> int:
        done.append(name)
        return (codes or {}).get(name, 0)

    code = tour(THREE, ask=lambda _keys: left.pop(0), tell=lambda stop: done.append(f"({stop.name})"), play=play)
    return done, code


def test_each_lesson_is_told_before_it_is_played() -> None:
    assert toured("play", "play", "play", "play", "play") == (["(a)", "a", "(b)", "b", "(c)", "c"], 0)


def test_a_lesson_is_skipped_and_the_tour_is_ended_by_a_key() -> None:
    assert toured("skip", "play", "play", "quit") == (["(a)", "(b)", "b", "(c)"], 0)
    assert toured("play", "quit") == (["(a)", "a"], 0)


def test_the_worst_lesson_is_the_exit_code_and_the_tour_goes_on() -> None:
    assert toured("play", "play", "play", "play", "play", codes={"a": 3, "b": 1}) == (["(a)", "a", "(b)", "b", "(c)", "c"], 3)


def test_an_interrupted_lesson_ends_the_tour() -> None:
    assert toured("play", "play", "play", codes={"b": ExitCode.INTERRUPTED}) == (["(a)", "a", "(b)", "b"], 130)


def test_its_stops_are_the_course_from_where_one_likes() -> None:
    course = stops(Wanted())
    assert [stop.name for stop in course[:3]] == ["partition", "drops", "latency"]
    assert {stop.count for stop in course} == {len(course)}
    assert stops(Wanted(since="latency"))[0] == Stop("latency", course[2].number, len(course))
    assert [stop.name for stop in stops(Wanted(group="pitfalls"))][:2] == ["timeouts", "retries"]


def test_a_stop_that_is_none_says_what_was_meant() -> None:
    with pytest.raises(UsageError, match="'latencey' is no stop of this tour") as raised:
        stops(Wanted(since="latencey"))
    assert raised.value.hint == "did you mean 'latency'?"
    with pytest.raises(UsageError, match="no group is called 'cooking'"):
        stops(Wanted(group="cooking"))


def test_without_a_terminal_it_plays_on_without_keys(tmp_path: Path) -> None:
    last = stops(Wanted(group="Consistency"))[-1].name
    ended = chaos("tour", "--group", "Consistency", "--from", last, "--world", "sim", "--plain", folder=tmp_path)
    assert ended.code == 0
    assert f"{last}: " in ended.err
    assert "any key" not in ended.err
    assert "every expectation held" in ended.out
