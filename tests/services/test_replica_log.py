from __future__ import annotations

import sqlite3

import pytest

from chaoscli.services.replica_log import Entry, ReplicaLog


@pytest.fixture
def database() -> sqlite3.Connection:
    return sqlite3.connect(":memory:", isolation_level=None)


def write(key: str, value: str, *, term: int = 1, operation: str = "") -> Entry:
    return Entry(term=term, operation=operation or f"{key}={value}", key=key, value=value)


def test_entries_are_numbered_from_one_and_a_key_has_the_value_of_its_latest(database: sqlite3.Connection) -> None:
    log = ReplicaLog(database)
    assert (log.last, log.term_at(1), log.value("a", 9)) == (0, 0, None)
    assert log.append([write("a", "1"), write("b", "2"), write("a", "3", term=2)]) == 3
    assert [log.term_at(number) for number in (1, 2, 3, 4)] == [1, 1, 2, 0]
    assert [entry and entry.value for entry in (log.value("a", 3), log.value("a", 2), log.value("c", 3))] == ["3", "1", None]
    assert [entry.number for entry in log.after(1, 10)] == [2, 3]
    assert [entry.number for entry in log.after(0, 2)] == [1, 2]


def test_what_is_cut_takes_its_values_with_it(database: sqlite3.Connection) -> None:
    log = ReplicaLog(database)
    log.append([write("a", "1"), write("a", "2"), write("b", "3")])
    assert [(entry.number, entry.value) for entry in log.cut(2)] == [(2, "2"), (3, "3")]
    assert [entry and entry.value for entry in (log.value("a", 9), log.value("b", 9))] == ["1", None]
    assert log.last == 1
    assert log.append([write("b", "4")]) == 2


def test_an_operation_is_found_by_its_name(database: sqlite3.Connection) -> None:
    log = ReplicaLog(database)
    log.append([write("a", "1", operation="one")])
    assert (log.find("one"), log.find("two")) == (1, None)


def test_promises_and_entries_outlive_the_process(database: sqlite3.Connection) -> None:
    before = ReplicaLog(database)
    before.promise(4, "west")
    before.append([write("a", "1", term=4)])
    after = ReplicaLog(database)
    assert (after.term, after.voted_for, after.last, after.term_at(1)) == (4, "west", 1, 4)
    after.promise(5)
    assert (ReplicaLog(database).term, ReplicaLog(database).voted_for) == (5, "")
