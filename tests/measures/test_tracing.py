"""A failed request leads to the service that failed by itself, if everybody on the way passed its id on."""

from __future__ import annotations

from chaoscli.events import CallEnded
from chaoscli.measures.base import Scope, Window
from chaoscli.measures.catalogue import MEASURES
from chaoscli.measures.tracing import Trail, trails
from chaoscli.messages import Result
from tests.support.recordings import Play, recording

OK, FAILED, TIMEOUT = Result.OK, Result.FAILED, Result.TIMEOUT


def call(
    play: Play, link: str, *, at: float, status: int = 0, result: Result = FAILED, request: str = "r", attempt: int = 1
) -> Play:
    caller, callee = link.split(" -> ")
    return play.tell(
        CallEnded(
            at=at, caller=caller, callee=callee, request=request, attempt=attempt, result=result, seconds=0.1, status=status
        )
    )


def failed_order(play: Play, request: str = "r", *, at: float = 1.0) -> Play:
    """Shoppers asked web, web asked checkout, checkout asked tax, and tax failed."""
    call(play, "checkout -> tax", at=at, status=500, request=request)
    call(play, "web -> checkout", at=at, status=502, request=request)
    call(play, "shoppers -> web", at=at, status=502, request=request)
    return play.request(at=at, took=0.1, result="failed", name=request)


def trail(play: Play, request: str = "r") -> Trail:
    return trails(play)["shoppers", request]


def test_it_is_followed_from_one_failed_call_to_the_next() -> None:
    assert trail(failed_order(recording())) == Trail(("web", "checkout", "tax"), "500", found=True)


def test_a_call_that_failed_and_then_succeeded_did_no_harm() -> None:
    play = recording()
    call(play, "checkout -> cart", at=0.5, status=503)
    call(play, "checkout -> cart", at=0.7, status=200, result=OK, attempt=2)
    assert trail(failed_order(play)).path == ("web", "checkout", "tax")


def test_a_call_without_an_answer_leads_to_whoever_did_not_answer() -> None:
    play = call(recording(), "tax -> rates", at=0.9, result=TIMEOUT)
    assert trail(failed_order(play)) == Trail(("web", "checkout", "tax", "rates"), "timeout", found=True)


def test_where_an_id_is_not_passed_on_the_trail_ends_at_an_answer_about_somebody_else() -> None:
    play = call(recording(), "shoppers -> web", at=1, status=502)
    call(play, "web -> checkout", at=1, status=502, request="another id")
    play.request(at=1, took=0.1, result="failed", name="r")
    assert trail(play) == Trail(("web",), "502", found=False)


def test_services_that_call_each_other_in_a_ring_are_no_endless_trail() -> None:
    play = call(recording(), "a -> b", at=1, status=500)
    call(play, "b -> a", at=1, status=500)
    call(play, "shoppers -> a", at=1, status=500)
    play.request(at=1, took=0.1, result="failed", name="r")
    assert trail(play).path == ("a", "b")


def test_the_share_is_of_failed_requests_by_window_and_by_where_they_lead() -> None:
    play = recording().curtain(10).fault("tired", at=2, until=6)
    failed_order(play, "before", at=1.0)
    failed_order(play, "during", at=3.0)
    call(play, "shoppers -> web", at=4, status=502, request="lost")
    play.request(at=4, took=0.1, result="failed", name="lost").request(at=5, took=0.1)
    traced = MEASURES["traced"]
    during = Window("during", "tired")
    assert traced.read(play) == 2 / 3
    assert [traced.read(play, Scope(node=node, window=during)) for node in ("tax", "web", "")] == [0.5, 0, 0.5]
    assert traced.read(recording().request(at=1, took=0.1)) is None
