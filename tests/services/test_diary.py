from __future__ import annotations

from pathlib import Path

import pytest

from chaoscli.messages import REQUEST_ID, Request
from chaoscli.services.diary import TOLD_AGAIN, Diary
from tests.services.shop import Shop

ASKED = Request(method="POST", target="/", headers=((REQUEST_ID, "r-1"),))


def diary(shop: Shop) -> Diary:
    node = shop.open("user", "user")
    return Diary(node, node.database("books"))


async def test_what_is_written_is_told_once_it_is_committed(tmp_path: Path) -> None:
    shop = Shop(folder=str(tmp_path))
    kept = diary(shop)
    with kept.committing() as write:
        write("charged", ASKED, amount=7, key="k")
        assert shop.happened() == []
    assert shop.happened() == [("charged", "r-1", {"amount": 7, "key": "k"})]


async def test_what_is_rolled_back_is_never_told(tmp_path: Path) -> None:
    shop = Shop(folder=str(tmp_path))
    kept = diary(shop)

    def fail() -> None:
        with kept.committing() as write:
            write("charged", ASKED, amount=7)
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    diary(shop)
    assert shop.happened() == []


async def test_the_next_life_tells_the_latest_again(tmp_path: Path) -> None:
    kept = diary(Shop(folder=str(tmp_path)))
    for number in range(TOLD_AGAIN + 5):
        with kept.committing() as write:
            write("charged", ASKED, amount=number)
    after = Shop(folder=str(tmp_path))
    diary(after)
    told = after.happened("told again")
    assert [data["amount"] for _what, _request, data in told] == list(range(5, TOLD_AGAIN + 5))
    assert {(request, data["fact"]) for _what, request, data in told} == {("r-1", "charged")}
