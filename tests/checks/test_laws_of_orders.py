"""The laws of orders and messages, on recordings written by hand: what breaks each, who is named, and what does not break it."""

from __future__ import annotations

import pytest

from chaoscli.checks.catalogue import INVARIANTS
from chaoscli.checks.laws import Finding
from tests.support.recordings import Play, recording


def judged(law: str, play: Play) -> Finding:
    return INVARIANTS[law].judge(play)


def asked(*requests: str) -> Play:
    play = recording()
    for request in requests:
        play.request(at=0, took=1, name=request)
    return play


def whole(play: Play, request: str, order: str, *, quantity: int = 1) -> Play:
    """Everything there is to an order."""
    play.happened("inventory", "stock reserved", request, at=1, product="BOOK", quantity=quantity, left=9)
    play.happened("payment", "charged", request, at=1, amount=20)
    return play.happened("order", "order created", request, at=1, order=order, product="BOOK", quantity=quantity)


def published(play: Play, request: str, number: int, *, delivered: bool = False) -> Play:
    play.happened("broker", "published", request, at=1, topic="orders", message=number)
    if delivered:
        play.happened("broker", "delivered", request, at=1, topic="orders", message=number, deliveries=1)
    return play


# -- no double charge --------------------------------------------------------------------------------------------------------


def test_a_charge_that_was_given_back_may_be_made_again() -> None:
    play = recording().happened("payment", "charged", "a", at=1).happened("payment", "refunded", "a", at=1)
    play.happened("payment", "charged", "a", at=2)
    assert judged("no double charge", play) == Finding(shown="2 charges for 1 requests, 1 given back")
    play.happened("payment", "charged", "a", at=3)
    assert judged("no double charge", play).guilty == ("a",)


# -- nothing invented --------------------------------------------------------------------------------------------------------


def test_what_was_asked_for_is_not_invented() -> None:
    play = published(whole(asked("a"), "a", "o-1"), "a", 1, delivered=True)
    play.happened("shipping", "shipped", "a", at=2, order="o-1")
    assert judged("nothing invented", play) == Finding(shown="5 effects, each of them asked for")


@pytest.mark.parametrize(
    ("node", "what", "data"),
    [
        ("payment", "charged", {"amount": 20}),
        ("shipping", "shipped", {"order": "o-9"}),
        ("broker", "delivered", {"topic": "orders", "message": 9, "deliveries": 1}),
    ],
)
def test_what_came_of_nothing_is_named(node: str, what: str, data: dict[str, object]) -> None:
    play = published(whole(asked("a"), "a", "o-1"), "a", 1).happened(node, what, "ghost", at=2, **data)
    assert judged("nothing invented", play) == Finding(shown=f"{what} for 'ghost' out of nothing", guilty=("ghost",))


def test_what_a_killed_service_found_in_its_database_was_not_invented() -> None:
    play = asked("a").happened("order", "order recovered", "a", at=1, order="o-1", quantity=1)
    play.happened("broker", "message recovered", "a", at=1, topic="orders", message=1)
    play.happened("broker", "delivered", "a", at=1, topic="orders", message=1, deliveries=1)
    play.happened("shipping", "shipped", "a", at=2, order="o-1")
    assert judged("nothing invented", play).guilty == ()


# -- sagas atomic ------------------------------------------------------------------------------------------------------------


def test_an_order_that_is_whole_or_undone_is_atomic() -> None:
    play = whole(asked("a", "b"), "a", "o-1", quantity=3)
    play.happened("inventory", "stock reserved", "b", at=1, product="BOOK", quantity=2, left=7)
    play.happened("payment", "charged", "b", at=1).happened("payment", "refunded", "b", at=2)
    play.happened("inventory", "stock released", "b", at=2, product="BOOK", quantity=2, left=9)
    assert judged("sagas atomic", play) == Finding(shown="1 whole orders, 0 half-done")


@pytest.mark.parametrize("left_out", ["stock reserved", "charged", "order created"])
def test_an_order_of_which_a_part_is_missing_is_half_done(left_out: str) -> None:
    play = whole(asked("a", "b"), "a", "o-1")
    for event in list(whole(recording(), "b", "o-2").events):
        if getattr(event, "what", "") != left_out:
            play.tell(event)
    assert judged("sagas atomic", play) == Finding(shown="1 whole orders, 1 half-done", guilty=("b",))


def test_an_order_that_is_still_under_way_is_not_at_rest() -> None:
    play = whole(asked("a"), "a", "o-1").request(at=2, name="b")
    play.request(at=2, took=1, name="c", result="unanswered")
    for request in ("b", "c"):
        play.happened("inventory", "stock reserved", request, at=3, product="BOOK", quantity=1, left=8)
    assert judged("sagas atomic", play).guilty == ()


def test_an_order_that_was_answered_just_before_the_end_may_still_be_worked_on() -> None:
    play = recording().request(at=0, took=1, name="a")
    play.happened("inventory", "stock reserved", "a", at=1, product="BOOK", quantity=1, left=8)
    assert judged("sagas atomic", play.fell(1.4)).guilty == ()
    assert judged("sagas atomic", play.fell(1.6)).guilty == ("a",)


# -- one effect per key ------------------------------------------------------------------------------------------------------


def test_a_key_may_stand_for_a_reservation_and_a_charge_and_for_no_more() -> None:
    play = (
        recording().happened("inventory", "stock reserved", "a", at=1, key="k").happened("payment", "charged", "a", at=1, key="k")
    )
    play.happened("payment", "charge repeated", "a", at=2, key="k").happened("payment", "charged", "b", at=2)
    assert judged("one effect per key", play) == Finding(shown="2 effects of 2 keys")
    play.happened("payment", "charged", "a", at=3, key="k")
    assert judged("one effect per key", play) == Finding(shown="3 effects of 2 keys", guilty=("a",))


# -- messages ----------------------------------------------------------------------------------------------------------------


def test_a_message_that_waits_is_not_lost_and_one_that_was_passed_over_is() -> None:
    play = published(published(recording(), "a", 1, delivered=True), "b", 2)
    assert judged("every message delivered", play) == Finding(shown="1 of 2 messages delivered, 1 waiting")
    published(play, "c", 3, delivered=True)
    assert judged("every message delivered", play) == Finding(shown="2 of 3 messages delivered, 0 waiting", guilty=("b",))


def test_topics_do_not_overtake_each_other() -> None:
    play = published(recording(), "a", 1)
    play.happened("broker", "published", "b", at=1, topic="other", message=2)
    play.happened("broker", "delivered", "b", at=1, topic="other", message=2, deliveries=1)
    assert judged("every message delivered", play).guilty == ()


def test_a_message_that_one_group_never_got_is_lost_however_many_others_did() -> None:
    play = published(published(recording(), "a", 1, delivered=True), "b", 2, delivered=True)
    play.happened("broker", "delivered", "b", at=1, topic="orders", message=2, deliveries=1, group="late")
    assert judged("every message delivered", play) == Finding(shown="1 of 2 messages delivered, 0 waiting", guilty=("a",))


def test_a_group_that_came_late_has_missed_nothing_that_was_gone_by_then() -> None:
    play = published(recording(), "a", 1, delivered=True)
    play.happened("broker", "acknowledged", "a", at=1, topic="orders", message=1, deliveries=1)
    play.happened("broker", "group joined", at=1, topic="orders", group="late")
    published(play, "b", 2, delivered=True)
    play.happened("broker", "delivered", "b", at=1, topic="orders", message=2, deliveries=1, group="late")
    assert judged("every message delivered", play) == Finding(shown="2 of 2 messages delivered, 0 waiting")


def test_an_order_nobody_was_told_of_is_forgotten() -> None:
    play = published(whole(asked("a", "b"), "a", "o-1"), "a", 1)
    assert judged("every order published", play) == Finding(shown="1 of 1 orders published")
    whole(play, "b", "o-2")
    assert judged("every order published", play) == Finding(shown="1 of 2 orders published", guilty=("b",))


def test_a_shop_in_which_the_broker_never_answered_has_forgotten_all() -> None:
    play = whole(asked("a"), "a", "o-1").happened("order", "order not published", "a", at=1, order="o-1")
    assert judged("every order published", play) == Finding(shown="0 of 1 orders published", guilty=("a",))
