from __future__ import annotations

from chaoscli.messages import SERVED_AS, Request, Response
from chaoscli.resilience.cache import Hit, Kept
from chaoscli.resilience.fallback import MOST_REMEMBERED
from chaoscli.resilience.policy import Cache

PRICE = Request(method="GET", target="/price/BOOK-001")
ANSWER = Response(status=200, body=b"20")


def fetched(kept: Kept[str], request: Request = PRICE, response: Response | None = ANSWER, at: float = 0.0) -> None:
    assert kept.ask(request, at) is None
    kept.take_off(request, "flight")
    kept.land(request, "flight", response, at)


def test_an_answer_is_good_for_its_time_and_not_a_moment_longer() -> None:
    kept = Kept[str](Cache(ttl=2.0))
    fetched(kept)

    assert kept.ask(PRICE, 1.5) == Hit(response=ANSWER, age_s=1.5, source="fresh")
    assert kept.ask(PRICE, 2.0) is None


def test_another_question_is_another_answer() -> None:
    kept = Kept[str](Cache())
    fetched(kept)

    assert kept.ask(Request(method="GET", target="/price/BOOK-002"), 0.0) is None
    assert kept.ask(Request(method="HEAD", target=PRICE.target), 0.0) is None


def test_only_good_answers_of_the_callees_own_are_kept() -> None:
    kept = Kept[str](Cache())
    fetched(kept, response=Response(status=503))
    fetched(kept, response=Response(status=200, headers=((SERVED_AS, "fallback"),)))
    fetched(kept, response=None)
    fetched(kept, request=Request(method="POST", target="/charge"))

    assert len(kept) == 0


def test_one_refresher_is_waited_for_and_everyone_is_not() -> None:
    one, everyone = Kept[str](Cache()), Kept[str](Cache(refresher="everyone"))
    for kept in (one, everyone):
        kept.take_off(PRICE, "first")

    assert (one.ask(PRICE, 0.1), everyone.ask(PRICE, 0.1)) == ("first", None)
    one.land(PRICE, "first", ANSWER, 0.2)
    assert isinstance(one.ask(PRICE, 0.3), Hit)


def test_a_flight_that_brought_nothing_lets_the_next_one_go() -> None:
    kept = Kept[str](Cache())
    kept.take_off(PRICE, "first")
    kept.land(PRICE, "first", None, 0.2)

    assert kept.ask(PRICE, 0.3) is None


def test_a_stale_answer_is_given_only_while_somebody_renews_it_and_not_for_ever() -> None:
    kept = Kept[str](Cache(ttl=1.0, stale=2.0))
    fetched(kept)
    assert kept.ask(PRICE, 1.0) is None  # the first to come too late has to go
    kept.take_off(PRICE, "renewal")

    assert kept.ask(PRICE, 1.1) == Hit(response=ANSWER, age_s=1.1, source="stale")
    assert kept.ask(PRICE, 3.0) == "renewal"


def test_the_longest_unrenewed_is_forgotten_when_there_are_too_many() -> None:
    kept = Kept[str](Cache(ttl=1e9))
    questions = [Request(method="GET", target=f"/{number}") for number in range(MOST_REMEMBERED + 1)]
    for number, question in enumerate(questions):
        fetched(kept, question, at=float(number))

    assert len(kept) == MOST_REMEMBERED
    assert kept.ask(questions[0], 2000.0) is None
    assert isinstance(kept.ask(questions[1], 2000.0), Hit)
