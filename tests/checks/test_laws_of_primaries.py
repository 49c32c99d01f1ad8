"""The laws of stores with a primary: what breaks each, who is named, and what does not break it."""

from __future__ import annotations

from chaoscli.checks.catalogue import INVARIANTS
from chaoscli.checks.laws import Finding
from tests.support.recordings import Play, recording


def accepted(play: Play, name: str, *, at: float, by: str = "east", term: int = 1, number: int = 2) -> Play:
    return play.happened(by, "write accepted", name, at=at, operation=f"{name}/1", term=term, number=number)


def counted(play: Play, name: str, *, at: float, by: str = "east", term: int = 1, number: int = 2) -> Play:
    return play.happened(by, "write acknowledged", name, at=at, operation=f"{name}/1", term=term, number=number)


def written(play: Play, name: str, *, at: float, by: str = "east", term: int = 1, number: int = 2) -> Play:
    accepted(play, name, at=at, by=by, term=term, number=number)
    return counted(play, name, at=at, by=by, term=term, number=number)


def judged(law: str, play: Play) -> Finding:
    return INVARIANTS[law].judge(play)


def test_one_primary_after_the_other_is_in_order() -> None:
    play = written(written(recording(), "a", at=1), "b", at=2, by="west", term=2)
    assert judged("one primary", play) == Finding(shown="0 of 2 writes acknowledged beside another primary")


def test_what_an_old_primary_takes_and_acknowledges_beside_a_new_one_is_named() -> None:
    play = written(written(recording(), "a", at=1, by="west", term=2), "b", at=2)
    shown = "1 of 2 writes acknowledged beside another primary, by east in term 1"
    assert judged("one primary", play) == Finding(shown=shown, guilty=("b",))


def test_what_it_had_taken_before_may_be_acknowledged_late() -> None:
    play = accepted(recording(), "a", at=1)
    written(play, "b", at=2, by="west", term=2)
    assert judged("one primary", counted(play, "a", at=3)).guilty == ()


def test_what_it_takes_and_never_acknowledges_harms_nobody() -> None:
    play = accepted(written(recording(), "a", at=1, by="west", term=2), "b", at=2)
    assert judged("one primary", play).guilty == ()


def test_one_term_has_one_primary() -> None:
    play = written(written(recording(), "a", at=1, term=2), "b", at=2, by="west", term=2)
    assert judged("one primary", play).guilty == ("b",)


def test_an_acknowledged_write_that_is_taken_back_is_lost_and_one_that_never_counted_is_not() -> None:
    play = accepted(written(recording(), "a", at=1), "b", at=2, number=3)
    for name in ("a", "b"):
        play.happened("east", "write rolled back", name, at=3, operation=f"{name}/1", term=1, number=2)
    assert judged("no write lost", play) == Finding(shown="1 of 1 acknowledged writes lost", guilty=("a",))


def test_what_was_taken_back_and_asked_for_again_is_not_lost() -> None:
    play = written(accepted(recording(), "a", at=1), "a", at=3, by="west", term=2)
    play.happened("east", "write rolled back", "a", at=4, operation="a/1", term=1, number=2)
    assert judged("no write lost", play).guilty == ()


def test_a_later_primary_whose_log_is_too_short_has_lost_it_though_nobody_took_it_back() -> None:
    play = written(written(recording(), "a", at=1, number=2), "b", at=2, number=3)
    play.happened("west", "became primary", at=3, term=2, last=2)
    assert judged("no write lost", play) == Finding(shown="1 of 2 acknowledged writes lost", guilty=("b",))


def test_who_writes_after_the_next_owner_has_is_named() -> None:
    play = recording()
    for at, name, holder, token in ((1, "a", "one", 1), (2, "b", "two", 2), (3, "c", "one", 1), (4, "d", "two", 2)):
        play.happened("vault", "vault written", name, at=at, lease="job", holder=holder, token=token, highest=2)
    assert judged("one owner", play) == Finding(shown="1 of 4 writes by who was no longer the owner: one", guilty=("c",))


def test_who_was_refused_has_written_nothing() -> None:
    play = recording().happened("vault", "vault written", "b", at=2, lease="job", holder="two", token=2, highest=2)
    play.happened("vault", "vault refused", "c", at=3, lease="job", holder="one", token=1, highest=2)
    assert judged("one owner", play) == Finding(shown="0 of 1 writes by who was no longer the owner")


def test_a_transaction_is_whole_or_was_given_back_or_is_in_doubt_or_is_named() -> None:
    play = recording()
    for name in ("whole", "half", "none", "back", "doubt"):
        play.happened("c", "transaction begun", f"r-{name}", at=1, transaction=name, participants=["a", "b"])
    for name, node, what in (
        ("whole", "a", "prepared"), ("whole", "b", "prepared"), ("whole", "a", "taken"), ("whole", "b", "taken"),
        ("half", "a", "taken"), ("half", "b", "prepared"), ("half", "b", "let go"), ("back", "a", "taken"),
        ("back", "a", "given back"), ("doubt", "a", "taken"), ("doubt", "b", "prepared"),
    ):  # fmt: skip
        play.happened(node, what, f"r-{name}", at=2, transaction=name, thing="t", quantity=1)
    shown = "1 of 5 transactions whole, 1 half-done, 1 in doubt"
    assert judged("transactions atomic", play) == Finding(shown=shown, guilty=("r-half",))
