from __future__ import annotations

import pytest

from chaoscli.messages import SERVED_AS, Request, Response
from chaoscli.resilience.ending import is_fallback
from chaoscli.resilience.fallback import MOST_REMEMBERED, LastGood, Remembered


def question(target: str = "/check/BOOK-001", method: str = "GET") -> Request:
    return Request(method=method, target=target, headers=(("x-request-id", "r1"),))


def answer(status: int = 200, body: bytes = b"100 left", headers: tuple[tuple[str, str], ...] = ()) -> Response:
    return Response(status=status, headers=headers, body=body)


def test_the_last_good_answer_comes_back_marked_and_with_its_age() -> None:
    memory = LastGood()
    memory.remember(question(), answer(body=b"100 left"), now=10.0)
    memory.remember(question(), answer(body=b"99 left", headers=(("content-type", "text/plain"),)), now=12.0)

    assert memory.recall(question(), now=15.5) == Remembered(
        response=Response(status=200, headers=(("content-type", "text/plain"), (SERVED_AS, "fallback")), body=b"99 left"),
        age_s=3.5,
    )


def test_another_question_is_not_answered() -> None:
    memory = LastGood()
    memory.remember(question("/check/BOOK-001?quantity=1"), answer(), now=0.0)

    assert memory.recall(question("/check/BOOK-001?quantity=2"), now=1.0) is None
    assert memory.recall(question("/check/BOOK-001?quantity=1", method="HEAD"), now=1.0) is None


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH"])
def test_an_answer_to_a_request_with_an_effect_is_never_given_twice(method: str) -> None:
    memory = LastGood()
    memory.remember(question(method=method), answer(), now=0.0)

    assert memory.recall(question(method=method), now=1.0) is None


@pytest.mark.parametrize("status", [400, 404, 500, 503])
def test_a_bad_answer_does_not_replace_a_good_one(status: int) -> None:
    memory = LastGood()
    memory.remember(question(), answer(body=b"good"), now=0.0)
    memory.remember(question(), answer(status, body=b"bad"), now=1.0)

    remembered = memory.recall(question(), now=2.0)
    assert remembered is not None
    assert (remembered.response.body, remembered.age_s) == (b"good", 2.0)


def test_an_answer_from_a_memory_is_not_remembered_as_new() -> None:
    memory = LastGood()
    memory.remember(question(), answer(headers=((SERVED_AS, "fallback"),)), now=0.0)

    assert memory.recall(question(), now=1.0) is None


def test_a_memory_is_bounded_and_forgets_what_was_not_refreshed() -> None:
    memory = LastGood()
    memory.remember(question("/0"), answer(), now=0.0)
    memory.remember(question("/1"), answer(), now=0.0)
    memory.remember(question("/0"), answer(), now=1.0)
    for n in range(2, MOST_REMEMBERED + 1):
        memory.remember(question(f"/{n}"), answer(), now=2.0)

    assert len(memory) == MOST_REMEMBERED
    assert memory.recall(question("/1"), now=3.0) is None
    assert memory.recall(question("/0"), now=3.0) is not None


def test_a_fallback_is_known_by_its_header() -> None:
    assert is_fallback(answer(headers=((SERVED_AS, "fallback"),)))
    assert not is_fallback(answer(headers=((SERVED_AS, "origin"),)))
    assert not is_fallback(answer())
