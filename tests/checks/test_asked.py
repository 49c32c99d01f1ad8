"""What was asked of a fault beside what it achieved."""

from __future__ import annotations

from typing import Any

import pytest

from chaoscli.checks.asked import fault_reports
from chaoscli.outcome import FaultReport, Figure
from tests.support.recordings import Play, recording

LATENCY = {"delay": 0.1, "jitter": 0.0, "share": 1.0}


def figures(play: Play) -> list[tuple[str, str, str, str]]:
    (report,) = fault_reports(play)
    return [(one.what, one.asked_shown, one.achieved_shown, one.note) for one in report.figures]


def test_a_report_says_what_it_was_and_where_and_how_much_of_it() -> None:
    play = recording("naive").fault("lag", at=2, until=5, late=0.004, text="latency 100ms", settings=LATENCY)
    play.measured(
        "lag", at=5, met=40, touched=30, asked_mean_s=0.1, achieved_mean_s=0.1002, error_p50_s=0.0001, error_p99_s=0.0009
    )
    assert fault_reports(play) == (
        FaultReport(
            variant="naive", fault="lag", kind="latency", text="latency 100ms", targets=("order -> inventory",),
            met=40, touched=30, counted="chunks",
            figures=(
                Figure(
                    what="begins", unit="duration", asked=2.0, achieved=2.004, asked_shown="2s", achieved_shown="2s",
                    note="off by 4ms",
                ),
                Figure(
                    what="ends", unit="duration", asked=5.0, achieved=5.004, asked_shown="5s", achieved_shown="5s",
                    note="off by 4ms",
                ),
                Figure(
                    what="delay", unit="duration", asked=0.1, achieved=0.1002, asked_shown="100ms", achieved_shown="100ms",
                    note="off by 100us at p50, 900us at p99",
                ),
            ),
        ),
    )  # fmt: skip


def test_a_fault_that_nobody_measured_is_known_by_its_instants() -> None:
    (report,) = fault_reports(recording().fault("lag", at=2, until=5))
    assert (report.met, report.touched, report.counted, len(report.figures)) == (None, None, "", 2)


def test_a_fault_that_comes_several_times_tells_its_first_and_the_worst() -> None:
    play = recording().fault("lag", at=2, until=3, late=0.001).fault("lag", at=4, until=5, late=0.03)
    assert figures(play) == [
        ("begins", "2s", "2s", "off by 30ms at worst of 2 times"),
        ("ends", "3s", "3s", "off by 30ms at worst of 2 times"),
    ]


def test_delays_of_several_directions_are_one_figure_weighed_by_their_chunks() -> None:
    # asked (0.1 * 30 + 0.2 * 10) / 40 = 0.125; achieved (0.101 * 30 + 0.205 * 10) / 40 = 0.127; the errors are the worst.
    play = recording().fault("lag", at=2, settings=LATENCY)
    play.measured("lag", at=5, met=30, touched=30, asked_mean_s=0.1, achieved_mean_s=0.101, error_p50_s=0.001, error_p99_s=0.002)
    play.measured(
        "lag",
        at=5,
        direction="reply",
        met=20,
        touched=10,
        asked_mean_s=0.2,
        achieved_mean_s=0.205,
        error_p50_s=0.005,
        error_p99_s=0.001,
    )
    (report,) = fault_reports(play)
    assert (report.met, report.touched) == (50, 40)
    delay = report.figures[-1]
    assert [delay.asked, delay.achieved] == pytest.approx([0.125, 0.127])
    assert delay.note == "off by 5ms at p50, 2ms at p99"


def test_a_direction_in_which_nothing_was_delayed_does_not_count() -> None:
    play = recording().fault("lag", at=2, settings=LATENCY)
    play.measured("lag", at=5, met=10, touched=0, asked_mean_s=0.1).measured("lag", at=5, met=10, touched=10, error_p99_s=9.0)
    assert [one[0] for one in figures(play)] == ["begins"]


def test_silence_tells_what_it_held() -> None:
    play = recording().fault("cut", at=2, kind="partition").measured("cut", at=5, met=3, touched=3, held_bytes=1500)
    assert figures(play)[-1] == ("held", "", "1.5KB", "")


def drops(**settings: Any) -> Play:
    whole = {"what": "reply", "probability": 0.3, "first": None, "nth": None, "share": 1.0, **settings}
    return recording().fault("lossy", at=2, kind="drop", settings=whole).measured("lossy", at=5, met=200, touched=56)


def test_a_share_of_requests_is_set_beside_the_share_that_was_hit() -> None:
    assert figures(drops())[-1] == ("share", "30%", "28%", "56 of 200 requests")
    assert fault_reports(drops())[0].counted == "requests"


@pytest.mark.parametrize("settings", [{"first": 56}, {"nth": 3}])
def test_the_first_few_are_no_share_of_anything(settings: dict[str, int]) -> None:
    assert [one[0] for one in figures(drops(**settings))] == ["begins"]


def slowed(node: str = "inventory") -> Play:
    return recording().fault("slow", at=2, until=4, kind="slow", targets=(node,), settings={"by": 4.0})


def test_a_slow_node_is_as_much_slower_as_its_work_took_in_the_median() -> None:
    play = slowed()
    for at, worked in ((1.0, 0.02), (1.2, 0.02), (1.5, 0.5)):  # a hiccup before
        play.answered("inventory", "s-1", at=at, worked=worked)
    for at, worked in ((3.0, 0.08), (3.5, 0.082), (4.05, 0.084)):  # the last began at 3.966
        play.answered("inventory", "s-2", at=at, worked=worked)
    play.answered("order", "s-1", at=3.0, worked=9.0).answered("inventory", "s-5", at=6.0, worked=0.02)
    assert figures(play)[-1] == ("work", "4x", "4.1x", "work 20ms before, 82ms during")


def test_the_time_in_which_a_node_waits_for_others_is_not_its_work() -> None:
    play = slowed("order").answered("order", "s-1", at=1.06, worked=0.07, own=0.02)
    play.answered("order", "s-2", at=3.34, worked=0.38, own=0.08)
    assert figures(play)[-1] == ("work", "4x", "4x", "work 20ms before, 80ms during")


def test_a_node_that_was_slow_from_the_start_has_nothing_to_compare_with() -> None:
    play = recording().fault("slow", at=0, kind="slow", targets=("inventory",), settings={"by": 4.0})
    assert [one[0] for one in figures(play.answered("inventory", "s-1", at=1.0, worked=0.08))] == ["begins"]


def skewed(**settings: float) -> Play:
    plain = {"offset": -0.15, "drift": 0.0, **settings}
    return recording().fault("skew", at=2, until=5, kind="clock_skew", targets=("b",), settings=plain)


def test_a_clock_is_as_far_off_as_its_stamps_say_against_the_same_clock_before() -> None:
    play = skewed().call("a -> b", "s-1", at=1).call("a -> b", "s-2", at=3, skew=-0.15).call("a -> b", "s-3", at=4, skew=-0.148)
    assert figures(play)[-1] == ("offset", "-150ms", "-149ms", "-148ms at worst, of 2 stamps")


def test_or_against_the_clock_of_a_node_that_nothing_was_aimed_at() -> None:
    play = recording().fault("skew", at=0, kind="clock_skew", targets=("b",), settings={"offset": 0.5, "drift": 0.0})
    play.call("b -> a", "s-1", at=1).call("a -> b", "s-1", at=1, skew=0.5)
    assert figures(play)[-1] == ("offset", "500ms", "500ms", "500ms at worst, of 1 stamps")


def test_drift_is_asked_for_as_the_offset_it_had_made_by_each_stamp() -> None:
    # 100 000 ppm is a tenth: after 1 s and 2 s it has gained 0.1 s and 0.2 s, 0.15 s in the mean.
    play = skewed(offset=0.0, drift=100_000.0).call("a -> b", "s-1", at=1)
    play.call("a -> b", "s-2", at=3, skew=0.1).call("a -> b", "s-3", at=4, skew=0.2)
    (report,) = fault_reports(play)
    # Wall clocks of today are stamped to a quarter of a microsecond.
    assert [report.figures[-1].asked, report.figures[-1].achieved] == pytest.approx([0.15, 0.15], abs=1e-6)


def test_a_clock_that_stands_still_loses_all_the_time_there_is() -> None:
    play = skewed(offset=0.0, freeze=True).call("a -> b", "s-1", at=1)
    play.call("a -> b", "s-2", at=3, skew=-1.0).call("a -> b", "s-3", at=4, skew=-2.0)
    (report,) = fault_reports(play)
    assert [report.figures[-1].asked, report.figures[-1].achieved] == pytest.approx([-1.5, -1.5], abs=1e-6)


def test_a_drift_begins_anew_each_time_it_comes() -> None:
    play = skewed(offset=0.0, drift=100_000.0).fault("skew", at=7, until=9, kind="clock_skew", targets=("b",))
    play.call("a -> b", "s-1", at=1).call("a -> b", "s-2", at=8, skew=0.1)  # a second into the second time
    (report,) = fault_reports(play)
    assert report.figures[-1].asked == pytest.approx(0.1)


def test_a_clock_nobody_looked_at_says_nothing() -> None:
    # Stamps before and none during; and one during, with none of an honest clock to hold it against.
    assert [one[0] for one in figures(skewed().call("a -> b", "s-1", at=1))] == ["begins", "ends"]
    always = recording().fault("skew", at=0, kind="clock_skew", targets=("b",), settings={"offset": 0.5})
    assert [one[0] for one in figures(always.call("a -> b", "s-1", at=1, skew=0.5))] == ["begins"]
    assert [one[0] for one in figures(skewed())] == ["begins", "ends"]
