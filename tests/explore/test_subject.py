"""What of a playbook is explored: its promises, or the laws it keeps while nothing is done to it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from chaoscli.checks.catalogue import INVARIANTS
from chaoscli.checks.recovers import RECOVERS_WITHIN_S
from chaoscli.errors import NotMadeError, UsageError
from chaoscli.explore import subject
from chaoscli.explore.subject import LONGEST_HARM_S, left_aside, subjects_of
from chaoscli.playbook.meaning import Playbook
from chaoscli.playbook.read import read_playbook

TEXT = """
playbook: shelf
services:
  inventory: { reserving: naive, thinking: 50ms, stock: { BOOK-001: 20 } }
load:
  clients: { request: POST inventory /api/inventory/reserve/BOOK-001, rate: 40/s, arrivals: constant }
variants:
  naive: {}
  atomic: { inventory.reserving: atomic }
lasts: 30s
expect:
"""


def playbook(*expectations: str) -> Playbook:
    return read_playbook((TEXT + "".join(f"  - {one}\n" for one in expectations)).encode(), "shelf.yaml")


def test_promises_are_what_each_variant_is_expected_to_keep() -> None:
    naive, atomic = subjects_of(playbook("naive: breaks no oversell", "atomic: no oversell", "all: no double charge"))
    assert naive.invariants == ("no double charge",)
    assert atomic.invariants == ("no oversell", "no double charge")


def test_without_promises_it_is_every_law_that_holds_without_a_fault() -> None:
    naive, atomic = subjects_of(playbook("success > 0%"))
    assert "no oversell" in atomic.invariants
    assert "no oversell" not in naive.invariants  # it breaks that by itself
    assert "no double charge" in naive.invariants


def test_what_it_breaks_without_a_fault_is_left_aside_and_known() -> None:
    free, promising = playbook("success > 0%"), playbook("atomic: no oversell")
    aside = left_aside(free, (), subjects_of(free))
    assert "no oversell" in aside["naive"]
    assert "no oversell" not in aside["atomic"]
    assert "atomic" not in left_aside(promising, (), subjects_of(promising))
    assert left_aside(free, ("recovers",), subjects_of(free, ("recovers",))) == {}


def test_where_nothing_is_left_to_look_for_that_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(subject, "INVARIANTS", {"no oversell": INVARIANTS["no oversell"]})
    free = playbook("success > 0%")
    naive = replace(free, variants=free.variants[:1])
    with pytest.raises(UsageError, match="nothing is left to look for: 'shelf' breaks every law without any fault"):
        subjects_of(naive)
    assert [one.invariants for one in subjects_of(free)] == [(), ("no oversell",)]


def test_a_program_of_the_users_own_is_refused_with_the_command_that_plays_it() -> None:
    own = (
        TEXT.partition("services:")[0]
        + """
services:
  web: { command: [python3, -m, http.server, "${port}"] }
load:
  readers: { request: GET web /, rate: 10/s }
lasts: 1s
"""
    )
    with pytest.raises(NotMadeError) as refused:
        subjects_of(read_playbook(own.encode(), "mine.yaml"))
    assert refused.value.render() == (
        "'web' cannot be simulated: it is a program of your own, with a clock and dice that we do not hold\n"
        "  explore searches simulated services only; `chaos run mine.yaml` plays it on real processes"
    )


def test_what_is_asked_for_wins_and_must_be_known() -> None:
    assert [one.invariants for one in subjects_of(playbook("all: no oversell"), ("recovers",))] == [("recovers",)] * 2
    with pytest.raises(UsageError, match="unknown invariant 'recover'"):
        subjects_of(playbook("all: no oversell"), ("recover",))


def test_time_is_given_to_recover_only_where_that_is_asked() -> None:
    (oversell, _), (recovers, _) = (subjects_of(playbook("all: no oversell"), (law,)) for law in ("no oversell", "recovers"))
    assert oversell.heals_s == recovers.heals_s == LONGEST_HARM_S
    assert oversell.lasts_s == LONGEST_HARM_S + 0.5
    assert recovers.lasts_s == LONGEST_HARM_S + RECOVERS_WITHIN_S + 0.5
