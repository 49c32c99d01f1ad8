"""A sentence held against a run: who is judged, what is shown beside the bound, and why no data is no pass."""

from __future__ import annotations

from dataclasses import replace

import pytest

from chaoscli.checks.evaluate import evaluate
from chaoscli.checks.expectation import Names, parse_expectation
from chaoscli.outcome import Check, Reading
from chaoscli.recording import RunRecording
from chaoscli.topology import Link
from tests.support.recordings import Play, recording, run_of

NAMES = Names(
    variants=("naive", "budget", "absent"),
    links=(Link("order", "inventory"),),
    nodes=("order", "inventory"),
    loads=("shoppers",),
    faults=("slow",),
)


def shop(name: str, *, good: int, bad: int, took: float = 0.148) -> Play:
    """So many good requests and so many failed ones, a tenth of a second apart; slow from 2 to 5."""
    play = recording(name).curtain(12).fault("slow", at=2, until=5)
    for number in range(good + bad):
        play.request(at=number / 10, took=took, result="ok" if number < good else "failed")
    return play.fell(12)


def run() -> RunRecording:
    return run_of(shop("naive", good=12, bad=8), shop("budget", good=19, bad=1))


def checks(text: str, played: RunRecording | None = None) -> tuple[Check, ...]:
    return evaluate(parse_expectation(text, NAMES), played or run())


def verdicts(text: str, played: RunRecording | None = None) -> list[tuple[str, bool, str]]:
    return [(check.variant, check.held, check.shown) for check in checks(text, played)]


def test_a_check_tells_everything_a_reader_needs() -> None:
    assert checks("budget: p50 < 200ms before slow") == (
        Check(
            text="p50 < 200ms before slow",
            written="budget: p50 < 200ms before slow",
            variant="budget",
            held=True,
            shown="148ms < 200ms",
            readings=(Reading(text="p50 before slow", variant="budget", value=0.148, shown="148ms"),),
        ),
    )


def test_a_sentence_that_names_no_variant_is_about_each_of_them() -> None:
    expected = [("naive", False, "60% < 90%"), ("budget", True, "95% >= 90%")]
    assert verdicts("success >= 90%") == expected
    assert verdicts("all: success >= 90%") == expected


def test_a_sentence_may_name_some() -> None:
    assert verdicts("naive: success >= 90%") == [("naive", False, "60% < 90%")]
    assert verdicts("budget, naive: success >= 50%") == [("naive", True, "60% >= 50%"), ("budget", True, "95% >= 50%")]


def test_a_range_is_one_check_and_its_middle_is_read_once() -> None:
    (check,) = checks("naive: success between 50% and 70%")
    assert (check.held, check.shown) == (True, "50% <= 60% <= 70%")
    assert [reading.shown for reading in check.readings] == ["60%"]
    assert verdicts("naive: success between 61% and 70%") == [("naive", False, "61% > 60% <= 70%")]
    assert verdicts("naive: success between 50% and 60%") == [("naive", True, "50% <= 60% <= 60%")]
    assert verdicts("naive: 50% < success < 60%") == [("naive", False, "50% < 60.0000% >= 60.0000%")]


def test_a_margin_reads_the_yardstick_once() -> None:
    (check,) = checks("budget: success within 40% of success(naive)")
    assert (check.held, check.shown) == (False, "60% * 60% <= 95% > 140% * 60%")
    assert [(reading.variant, reading.shown) for reading in check.readings] == [("naive", "60%"), ("budget", "95%")]


def test_unequal_is_the_opposite_of_equal() -> None:
    assert verdicts("naive: timeouts != 0") == [("naive", False, "0 == 0")]
    assert verdicts("naive: failed is not 0") == [("naive", True, "8 != 0")]


def test_a_window_by_the_clock_and_one_between_faults() -> None:
    # A request each tenth of a second: the first twelve are good.
    assert verdicts("naive: success from 1s to 1.6s == 0.33333333333333333") == [("naive", True, "33.3% == 0.33333333333333333")]
    assert verdicts("naive: requests after 1.5s == 5") == [("naive", True, "5 == 5")]
    twice = recording("naive").curtain(12).fault("slow", at=0.2, until=0.5).fault("lag", at=1, until=2)
    for number in range(20):
        twice.request(at=number / 10, took=0.01)
    names = replace(NAMES, faults=("slow", "lag"))
    between = parse_expectation("requests between slow and lag == 5", names)
    assert [one.shown for one in evaluate(between, run_of(twice.fell(12)))] == ["5 == 5"]
    (never,) = evaluate(parse_expectation("requests between lag and slow == 5", names), run_of(twice))
    assert never.reason == "requests between lag and slow has no data: fault 'slow' did not come after 'lag' had healed"


def test_a_law_that_should_be_broken_holds_when_it_is() -> None:
    def said(text: str, *, sold: int) -> list[tuple[bool, str, tuple[str, ...]]]:
        play = recording("naive").curtain(3).happened("inventory", "stocked", at=0, product="BOOK", quantity=1)
        for number in range(sold):
            play.happened("inventory", "stock reserved", at=1 + number, request=f"r-{number}", product="BOOK", quantity=1, left=0)
        return [(one.held, one.reason, one.guilty) for one in checks(text, run_of(play))]

    assert said("naive: breaks no oversell", sold=2) == [(True, "", ("r-1",))]
    assert said("naive: breaks no oversell", sold=1) == [(False, "it was kept", ())]


def test_a_sentence_whose_measures_name_their_variants_is_one_check() -> None:
    assert verdicts("success(budget) > success(naive)") == [("", True, "95% > 60%")]


def test_a_measure_that_names_its_variant_is_a_yardstick_for_the_others() -> None:
    assert verdicts("budget: success > success(naive)") == [("budget", True, "95% > 60%")]
    assert verdicts("success >= success(naive)") == [("naive", True, "60% >= 60%"), ("budget", True, "95% >= 60%")]


def test_who_was_not_played_is_not_judged() -> None:
    assert verdicts("absent: success > 1%") == []
    assert verdicts("success(absent) > success(naive)") == []
    assert verdicts("success > success(absent)") == []


@pytest.mark.parametrize(
    ("text", "held", "shown"),
    [
        # naive has 12 good and 8 failed of 20, budget 19 and 1
        ("ok(naive) < 13", True, "12 < 13"),
        ("ok(naive) < 12", False, "12 >= 12"),
        ("ok(naive) <= 12", True, "12 <= 12"),
        ("ok(naive) > 12", False, "12 <= 12"),
        ("ok(naive) >= 12", True, "12 >= 12"),
        ("ok(naive) == 12", True, "12 == 12"),
        ("ok(naive) == 13", False, "12 != 13"),
        ("success(naive) + errors(naive) == 100%", True, "60% + 40% == 100%"),
        ("failed(naive) >= 8 * failed(budget)", True, "8 >= 8 * 1"),
        ("(ok(naive) + failed(naive)) / 2 == 10", True, "(12 + 8) / 2 == 10"),
        ("20 - ok(naive) - failed(naive) == 0", True, "20 - 12 - 8 == 0"),
        ("p50(naive) <= p50(budget) + 20ms", True, "148ms <= 148ms + 20ms"),
    ],
)
def test_relations_and_arithmetic_hold_as_they_do_on_paper(text: str, held: bool, shown: str) -> None:
    assert verdicts(text) == [("", held, shown)]


def test_when_rounding_would_hide_the_difference_more_digits_are_shown() -> None:
    # 30 ms over 2 s, shown as 2.03s; 0.4 ms over is not seen in three digits.
    over = run_of(shop("naive", good=5, bad=0, took=2.0004))
    assert verdicts("naive: p50 <= 2s", over) == [("naive", False, "2000.400ms > 2000.000ms")]
    # 1999 of 3000 is 66.63 %, which a line would round to the bound.
    share = run_of(shop("naive", good=1999, bad=1001))
    assert verdicts("naive: success >= 66.6337%", share) == [("naive", False, "66.6% < 66.6337%")]


def test_no_data_fails_and_says_so() -> None:
    (check,) = checks("naive: p99(timeout) < 1s")
    assert (check.held, check.shown, check.reason) == (False, "no data < 1s", "p99(timeout) has no data: none ended as 'timeout'")
    (check,) = checks("success(naive) > 0 after slow", run_of(recording("naive").curtain(12).fault("slow", at=2)))
    assert (check.held, check.reason) == (False, "success(naive) after slow has no data: fault 'slow' was never healed")


def test_no_data_fails_whichever_way_the_sentence_is_turned() -> None:
    empty = run_of(recording("naive").curtain(12))
    for relation in ("<", "<=", ">", ">=", "=="):
        assert [held for _, held, _ in verdicts(f"naive: p99 {relation} 1s", empty)] == [False]


def test_a_division_by_nothing_fails_and_says_so() -> None:
    (check,) = checks("naive: ok / resets > 1")
    assert (check.held, check.shown, check.reason) == (False, "12 / 0 > 1", "this divides by nothing")


def never_well(name: str) -> Play:
    play = recording(name).curtain(12).requests(since=0, until=2, rate=10, took=0.05).fault("slow", at=2, until=5)
    return play.requests(since=5, until=12, rate=10, took=1.0, result="failed")


def test_a_recovery_that_never_comes_is_longer_than_any() -> None:
    played = run_of(never_well("naive"), shop("budget", good=120, bad=0))
    assert verdicts("recovery <= 2s after slow", played) == [("naive", False, "never > 2s"), ("budget", True, "0ms <= 2s")]
    assert verdicts("recovery(naive) > recovery(budget)", played) == [("", True, "never > 0ms")]


def test_two_that_never_recover_cannot_be_compared() -> None:
    (check,) = checks("recovery(naive) >= 2 * recovery(budget)", run_of(never_well("naive"), never_well("budget")))
    assert (check.held, check.reason) == (False, "neither ever comes, so there is nothing to compare")
    assert check.shown == "never >= 2 * never"


# -- invariants


def test_an_invariant_is_checked_in_each_variant_and_names_the_guilty() -> None:
    fair = recording("naive").happened("inventory", "stocked", at=0, product="BOOK", quantity=1)
    fair.happened("inventory", "stock reserved", "s-1", at=1, product="BOOK", quantity=1, left=0)
    sold = recording("budget").happened("inventory", "stocked", at=0, product="BOOK", quantity=1)
    for request in ("s-1", "s-2"):
        sold.happened("inventory", "stock reserved", request, at=1, product="BOOK", quantity=1, left=0)
    assert checks("all: no oversell", run_of(fair, sold)) == (
        Check(
            text="no oversell", written="all: no oversell", variant="naive", held=True, shown="reserved 1 of 1 BOOK",
            kind="invariant",
        ),
        Check(
            text="no oversell", written="all: no oversell", variant="budget", held=False, shown="reserved 2 of 1 BOOK",
            kind="invariant", guilty=("s-2",),
        ),
    )  # fmt: skip


def test_a_law_about_nothing_is_no_pass_either() -> None:
    (check,) = checks("naive: no oversell")
    assert (check.held, check.shown, check.reason) == (False, "no data", "nothing was reserved")
