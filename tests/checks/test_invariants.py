"""The laws of the shop: what breaks each, who is named, and what does not break it."""

from __future__ import annotations

import pytest

from chaoscli.checks.catalogue import INVARIANTS
from chaoscli.checks.laws import Finding
from chaoscli.measures.base import NoData
from tests.support.recordings import Play, recording


def stocked(quantity: int, product: str = "BOOK", node: str = "inventory") -> Play:
    return recording().happened(node, "stocked", at=0, product=product, quantity=quantity)


def reserved(play: Play, request: str, quantity: int, left: int, product: str = "BOOK", node: str = "inventory") -> Play:
    return play.happened(node, "stock reserved", request, at=1, product=product, quantity=quantity, left=left)


def judged(law: str, play: Play) -> Finding:
    return INVARIANTS[law].judge(play)


def test_stock_that_suffices_is_not_oversold() -> None:
    play = reserved(reserved(stocked(5), "s-1", 3, 2), "s-2", 2, 0)
    assert judged("no oversell", play) == Finding(shown="reserved 5 of 5 BOOK")
    assert judged("stock conserved", play) == Finding(shown="0 BOOK left of 5, 0 expected")


def test_who_got_what_was_no_longer_there_is_named() -> None:
    # Two looked at the same last three: 3 + 3 of 5.
    play = reserved(reserved(reserved(stocked(5), "s-1", 2, 3), "s-2", 3, 0), "s-3", 3, 0)
    assert judged("no oversell", play) == Finding(shown="reserved 8 of 5 BOOK", guilty=("s-3",))


def test_a_lost_update_breaks_conservation_before_anyone_is_oversold() -> None:
    # Both read 10 and wrote 9: two are gone, and nine are left.
    play = reserved(reserved(stocked(10), "s-1", 1, 9), "s-2", 1, 9)
    assert judged("no oversell", play).guilty == ()
    assert judged("stock conserved", play) == Finding(shown="9 BOOK left of 10, 8 expected", guilty=("s-2",))


def test_every_product_of_every_inventory_has_a_stock_of_its_own() -> None:
    play = stocked(1).happened("inventory", "stocked", at=0, product="PEN", quantity=1)
    play.happened("inventory-2", "stocked", at=0, product="BOOK", quantity=1)
    reserved(reserved(play, "s-1", 1, 0), "s-2", 1, 0, product="PEN")
    reserved(reserved(play, "s-3", 1, 0, node="inventory-2"), "s-4", 1, 0, product="PEN")
    assert judged("no oversell", play) == Finding(shown="reserved 1 of 1 BOOK, 2 of 1 PEN, 1 of 1 BOOK", guilty=("s-4",))


def test_of_many_products_as_many_are_shown_as_one_reads() -> None:
    play = recording()
    for product in "ABCDE":
        reserved(play, "s-1", 1, 0, product=product)
    assert judged("no oversell", play).shown == "reserved 1 of 1 A, 1 of 1 B, 1 of 1 C and 2 more"


def test_a_shop_that_was_open_before_had_what_the_first_reservation_found() -> None:
    play = reserved(reserved(recording(), "s-1", 2, 3), "s-2", 4, -1)
    assert judged("no oversell", play) == Finding(shown="reserved 6 of 5 BOOK", guilty=("s-2",))


def test_what_was_released_may_be_given_away_again() -> None:
    # 2 of 2 taken, 2 put back, 2 taken again; without the release the last would be oversold.
    play = reserved(stocked(2), "s-1", 2, 0)
    play.happened("inventory", "stock released", "s-1", at=1, product="BOOK", quantity=2, left=2)
    reserved(play, "s-2", 2, 0)
    assert judged("no oversell", play) == Finding(shown="reserved 2 of 2 BOOK")
    assert judged("stock conserved", play) == Finding(shown="0 BOOK left of 2, 0 expected")


def charged(*requests: str) -> Play:
    play = recording()
    for request in requests:
        play.happened("payment", "charged", request, at=1, amount=10)
    return play


def test_a_request_is_charged_once() -> None:
    assert judged("no double charge", charged("s-1", "s-2")) == Finding(shown="2 charges for 2 requests")
    assert judged("no double charge", charged("s-1", "s-2", "s-1", "s-1")) == Finding(
        shown="4 charges for 2 requests", guilty=("s-1",)
    )


@pytest.mark.parametrize("law", INVARIANTS)
def test_a_law_about_what_never_happened_has_no_data(law: str) -> None:
    with pytest.raises(NoData):
        judged(law, recording().request(at=1, took=0.1))


@pytest.mark.parametrize("law", INVARIANTS)
def test_every_law_says_what_it_is_under_its_own_name(law: str) -> None:
    assert INVARIANTS[law].name == law
    assert INVARIANTS[law].doc


def again(play: Play, request: str, left: int, key: str) -> Play:
    facts = {"fact": "stock reserved", "product": "BOOK", "quantity": 1, "left": left, "key": key}
    return play.happened("inventory", "told again", request, at=2, **facts)


def keyed(play: Play, request: str, left: int, key: str) -> Play:
    facts = {"product": "BOOK", "quantity": 1, "left": left, "key": key}
    return play.happened("inventory", "stock reserved", request, at=1, **facts)


def test_what_a_service_was_killed_too_early_to_tell_counts_once_its_next_life_has_told_it() -> None:
    # The second reservation was never told before the crash; the first one was, and is told twice.
    play = keyed(stocked(5), "s-1", 4, "k-1")
    again(again(play, "s-1", 4, "k-1"), "s-2", 3, "k-2")
    keyed(play, "s-3", 2, "k-3")
    assert judged("stock conserved", play) == Finding(shown="2 BOOK left of 5, 2 expected")
    assert judged("no oversell", play) == Finding(shown="reserved 3 of 5 BOOK")
    assert judged("one effect per key", play) == Finding(shown="3 effects of 3 keys")


def test_a_charge_that_was_told_twice_was_not_charged_twice() -> None:
    play = recording().happened("payment", "charged", "s-1", at=1, amount=10, key="k")
    play.happened("payment", "told again", "s-1", at=2, fact="charged", amount=10, key="k")
    assert judged("no double charge", play) == Finding(shown="1 charges for 1 requests")
