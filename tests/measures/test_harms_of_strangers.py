"""What strangers on the path do: what they caught, and what was charged because of them."""

from __future__ import annotations

from chaoscli.events import Overheard
from chaoscli.measures.base import Scope, Window
from chaoscli.measures.catalogue import MEASURES
from chaoscli.topology import Link
from tests.support.recordings import recording


def test_only_what_was_listened_for_is_a_catch() -> None:
    play = recording().curtain(10).fault("tap", at=2, until=6)
    for at, what in ((1, "card number"), (3, "first bytes"), (3, "card number"), (4, "text")):
        one = Overheard(at=at, fault="tap", link="order -> payment", direction="request", what=what, text="")
        play.tell(one)
    overheard = MEASURES["overheard"]
    assert overheard.read(play) == 3
    assert overheard.read(play, Scope(link=Link("order", "payment"), window=Window("during", "tap"))) == 2
    assert overheard.read(play, Scope(link=Link("shoppers", "order"))) == 0


def test_an_order_is_mischarged_when_the_sum_is_not_its_own() -> None:
    play = recording().curtain(10)
    for request, charged in (("s-1", 20), ("s-2", 90), ("s-3", None)):
        if charged is not None:
            play.happened("payment", "charged", request, at=1, amount=charged)
        play.happened("order", "order created", request, at=1, amount=20)
    play.happened("order", "order created", "s-4", at=1)  # a shop without payment
    assert MEASURES["mischarged"].read(play) == 1
