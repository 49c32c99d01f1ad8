from __future__ import annotations

from chaoscli.events import Arrived, BreakerChanged
from chaoscli.views.final import final_scene
from chaoscli.views.inside import BreakerWatch, QueueWatch
from chaoscli.views.scene import BreakerRow, QueueRow
from chaoscli.views.timeline import Timeline
from tests.support.recordings import Play, recording, run_of
from tests.views.golden import drawn


def changed(state: str, at: float, callee: str = "inventory") -> BreakerChanged:
    return BreakerChanged(at=at, caller="order", callee=callee, state=state, calls=10, failed=0.5)


def arrived(node: str, queue: int, at: float = 0.0) -> Arrived:
    return Arrived(at=at, node=node, caller="order", request="s-1", attempt=1, queue=queue, busy=4)


def test_a_breaker_is_closed_until_it_opens_and_blank_from_now_on() -> None:
    watch = BreakerWatch(8)
    watch.feed(changed("open", 2.0), 2)
    watch.feed(changed("half-open", 4.0), 4)
    watch.feed(changed("closed", 5.0), 5)

    states = ("closed", "closed", "open", "open", "half-open", "half-open", "closed", "")
    assert watch.rows(until=6) == (BreakerRow(link="order -> inventory", columns=states, opened=1),)


def test_trials_that_are_over_within_a_column_are_seen_all_the_same() -> None:
    watch = BreakerWatch(4)
    watch.feed(changed("open", 0.1), 0)
    for state in ("half-open", "open"):
        watch.feed(changed(state, 1.5), 1)

    assert watch.rows(until=3)[0].columns == ("open", "half-open", "open", "open")


def test_an_opening_after_failed_trials_is_the_same_opening() -> None:
    watch = BreakerWatch(4)
    for column, state in enumerate(("open", "half-open", "open", "half-open")):
        watch.feed(changed(state, column), column)
    assert watch.rows(until=3)[0].opened == 1

    for state in ("closed", "open"):
        watch.feed(changed(state, 3.5), 3)
    assert watch.rows(until=3)[0].opened == 2


def test_each_link_has_a_breaker_of_its_own() -> None:
    watch = BreakerWatch(2)
    watch.feed(changed("open", 0.0, "inventory"), 0)
    watch.feed(changed("open", 1.0, "payment"), 1)

    assert [row.link for row in watch.rows(until=1)] == ["order -> inventory", "order -> payment"]


def test_a_queue_is_as_long_as_the_longest_that_anybody_found() -> None:
    watch = QueueWatch(3)
    for queue, column in ((2, 0), (5, 1), (3, 1), (0, 2), (9, None)):
        watch.feed(arrived("shop", queue), column)

    # The nine were found in the drain, which has no place on the axis.
    assert watch.rows() == (QueueRow(node="shop", columns=(2, 5, 0), longest=9),)


def test_nobody_who_waited_for_nobody_is_worth_a_row() -> None:
    watch = QueueWatch(3)
    watch.feed(arrived("shop", 0), 0)

    assert watch.rows() == ()


def drawn_rows(*plays: Play, width: int = 80) -> list[str]:
    return drawn(Timeline(final_scene(run_of(*plays), width)), width).splitlines()


def steady(name: str) -> Play:
    return recording(name).curtain(10).requests(since=0, until=10, rate=20, took=0.02)


def test_a_breaker_has_a_row_in_its_lane_and_the_legend_says_what_its_signs_are() -> None:
    guarded = steady("guarded").tell(changed("open", 4.0), changed("half-open", 6.0), changed("closed", 6.1))
    lines = drawn_rows(guarded, steady("bare"))

    # 49 columns for 10 s: open from the one of 4 s, half-open in that of 6 s.
    row = f"    breaker │{'─' * 19}{'━' * 10}◆{'─' * 19}  opened      once"
    assert [line for line in lines if line.startswith("    breaker")] == [row]
    assert any("━ open  ◆ half-open" in line for line in lines)


def test_the_breakers_of_two_links_are_told_apart() -> None:
    lines = drawn_rows(steady("one").tell(changed("open", 4.0), changed("open", 5.0, "payment")))

    assert [line[:13] for line in lines if "opened" in line] == ["━ inventory │", "  ━ payment │"]


def test_a_long_queue_of_one_lane_has_a_row_in_each_of_one_scale() -> None:
    long = steady("endless").tell(*(arrived("shop", queue, at=queue / 10) for queue in range(1, 41)))
    short = steady("bounded").tell(*(arrived("shop", min(queue, 5), at=queue / 10) for queue in range(1, 41)))

    rows = [line for line in drawn_rows(long, short) if "≡ shop" in line]

    assert [row[-20:].split() for row in rows] == [["queue", "40"], ["queue", "5"]]
    assert "█" in rows[0]
    assert "█" not in rows[1]


def test_short_queues_come_and_go_and_have_no_row() -> None:
    assert not any("≡" in line for line in drawn_rows(steady("one").tell(arrived("shop", 9, at=1.0))))


def test_of_many_long_queues_the_longest_two_have_rows() -> None:
    play = steady("one").tell(*(arrived(node, queue, at=1.0) for node, queue in (("a", 20), ("b", 40), ("c", 30))))

    assert [line[:13] for line in drawn_rows(play) if "≡" in line] == ["        ≡ b │", "        ≡ c │"]


def test_a_load_that_tries_again_has_a_row_of_its_calls() -> None:
    patient, restless = steady("patient"), steady("restless")
    for play, attempts in ((patient, (1,)), (restless, (1, 2))):
        for number in range(20):
            for attempt in attempts:
                play.call("shoppers -> order", f"r{number}", at=number / 4, took=0.1, attempt=attempt)

    lines = drawn_rows(patient, restless)

    assert sum("→ order" in line for line in lines) == 1
