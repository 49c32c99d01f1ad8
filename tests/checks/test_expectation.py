"""Sentences that are understood, as what they mean; and those that are not, as what is said to their writer."""

from __future__ import annotations

import math
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chaoscli.checks.catalogue import INVARIANTS
from chaoscli.checks.expectation import DEEPEST_GROUP, LONGEST_SENTENCE, ExpectationError, Names, parse_expectation
from chaoscli.checks.hints import LIKE
from chaoscli.checks.sentence import Combined, Comparison, Expectation, Group, Measured, Quantity, Term
from chaoscli.measures.base import Scope, Window
from chaoscli.measures.catalogue import MEASURES
from chaoscli.topology import Link

EDGE, LINK = Link("shoppers", "order"), Link("order", "inventory")
NAMES = Names(
    variants=("naive", "no-timeout", "jitter", "budget", "timeout"),
    links=(EDGE, LINK),
    nodes=("order", "inventory"),
    loads=("shoppers",),
    faults=("slow", "lag-2"),
)


def parsed(text: str) -> Expectation:
    return parse_expectation(text, NAMES)


def comparison(text: str) -> Comparison:
    found = parsed(text).comparison
    assert found is not None
    return found


def measured(text: str, name: str, *, variant: str = "", window: Window | None = None, **scope: object) -> Measured:
    return Measured(text=text, measure=MEASURES[name], variant=variant, scope=Scope(window=window, **scope))  # type: ignore[arg-type]


def number(text: str, value: float, dimension: int = 0, *, bare: bool = False) -> Quantity:
    return Quantity(text=text, value=value, dimension=dimension, bare=bare)


# -- what is understood


def test_a_sentence_of_one_variant() -> None:
    assert parsed("naive: amplification(order -> inventory) > 2 during slow") == Expectation(
        text="naive: amplification(order -> inventory) > 2 during slow",
        claim="amplification(order -> inventory) > 2 during slow",
        variants=("naive",),
        comparison=Comparison(
            relation=">",
            left=measured(
                "amplification(order -> inventory) during slow", "amplification", link=LINK, window=Window("during", "slow")
            ),
            right=number("2", 2.0, bare=True),
        ),
    )


def test_a_sentence_that_compares_variants() -> None:
    assert parsed("peak(naive, order->inventory) >= 2 * peak(jitter, order -> inventory)") == Expectation(
        text="peak(naive, order->inventory) >= 2 * peak(jitter, order -> inventory)",
        claim="peak(naive, order->inventory) >= 2 * peak(jitter, order -> inventory)",
        comparison=Comparison(
            relation=">=",
            left=measured("peak(naive, order->inventory)", "peak", variant="naive", link=LINK),
            right=Combined(
                operator="*",
                left=number("2", 2.0, bare=True),
                right=measured("peak(jitter, order -> inventory)", "peak", variant="jitter", link=LINK),
            ),
        ),
    )


@pytest.mark.parametrize(
    ("text", "variants", "claim"),
    [
        ("all: no oversell", (), "no oversell"),
        ("no  Oversell", (), "no  Oversell"),
        ("naive , jitter: no oversell", ("naive", "jitter"), "no oversell"),
        ("no-timeout:no oversell ", ("no-timeout",), "no oversell"),
        ("naive, naive: no oversell", ("naive",), "no oversell"),
    ],
)
def test_an_invariant_is_named_by_its_words_of_all_or_of_some(text: str, variants: tuple[str, ...], claim: str) -> None:
    assert parsed(text) == Expectation(text=text, claim=claim, invariant="no oversell", variants=variants)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("success > 95%", number("95%", 0.95)),
        ("success > 99.5 %", number("99.5 %", 0.995)),
        ("success > 0.9", number("0.9", 0.9, bare=True)),
        ("p99 > 250ms", number("250ms", 0.25, 1)),
        ("p99 > 1m30s", number("1m30s", 90.0, 1)),
        ("one_way > -50ms", number("-50ms", -0.05, 1)),
        ("one_way > 100ms - -50ms", Combined(operator="-", left=number("100ms", 0.1, 1), right=number("-50ms", -0.05, 1))),
        ("p99 > 0", number("0", 0.0, bare=True)),
        ("peak > 30/s", number("30/s", 30.0, -1)),
        ("peak > 600/m", number("600/m", 10.0, -1)),
        ("amplification > 2.5x", number("2.5x", 2.5)),
        ("timeouts == 12", number("12", 12.0, bare=True)),
    ],
)
def test_a_quantity_carries_its_unit(text: str, expected: Term) -> None:
    assert comparison(text).right == expected


def test_products_bind_before_sums_and_both_from_the_left() -> None:
    def term(text: str) -> Term:
        return comparison(f"requests > {text}").right

    one, two, three = (number(text, float(text), bare=True) for text in "123")

    def combined(left: Term, operator: str, right: Term) -> Combined:
        return Combined(operator=operator, left=left, right=right)  # type: ignore[arg-type]

    assert term("1 + 2 * 3") == combined(one, "+", combined(two, "*", three))
    assert term("1 - 2 - 3") == combined(combined(one, "-", two), "-", three)
    assert term("1 / 2 / 3") == combined(combined(one, "/", two), "/", three)
    assert term("(1 + 2) * 3") == combined(Group(inner=combined(one, "+", two)), "*", three)


@pytest.mark.parametrize(
    ("text", "scope", "variant"),
    [
        ("p99(failures)", {"result": "failures"}, ""),
        ("p99(any, shoppers)", {"result": "any", "load": "shoppers"}, ""),
        ("p99(naive, inventory)", {"node": "inventory"}, "naive"),
        ("p99( order -> inventory )", {"link": LINK}, ""),
        # a variant called as a result is the variant...
        ("p99(timeout)", {}, "timeout"),
        # ...and the second time it is the result
        ("p99(timeout, timeout)", {"result": "timeout"}, "timeout"),
    ],
)
def test_arguments_say_whose_and_of_what(text: str, scope: dict[str, object], variant: str) -> None:
    name = text.partition("(")[0]
    assert comparison(f"{text} < 1s").left == measured(text, name, variant=variant, **scope)  # type: ignore[arg-type]


def test_in_a_sentence_that_began_with_variants_a_word_that_may_be_either_is_the_result() -> None:
    assert comparison("naive: p99(timeout) < 1s").left == measured("p99(timeout)", "p99", result="timeout")


def test_a_fact_is_named_in_as_many_words_as_it_has() -> None:
    assert comparison("count(jitter, stock reserved) > 3").left == measured(
        "count(jitter, stock reserved)", "count", variant="jitter", what="stock reserved"
    )


def test_each_side_may_have_a_window_of_its_own() -> None:
    during, before = Window("during", "lag-2"), Window("before", "lag-2")
    assert comparison("p50 during lag-2 >= p50 before lag-2 + 200ms") == Comparison(
        relation=">=",
        left=measured("p50 during lag-2", "p50", window=during),
        right=Combined(operator="+", left=measured("p50 before lag-2", "p50", window=before), right=number("200ms", 0.2, 1)),
    )


def test_a_window_at_the_end_is_for_every_measure_without_one() -> None:
    during, before = Window("during", "slow"), Window("before", "slow")
    assert comparison("success(budget) > (success(naive)) during slow") == Comparison(
        relation=">",
        left=measured("success(budget) during slow", "success", variant="budget", window=during),
        right=Group(inner=measured("success(naive) during slow", "success", variant="naive", window=during)),
    )
    assert comparison("p50 during slow > 2 * p50 before slow") == Comparison(
        relation=">",
        left=measured("p50 during slow", "p50", window=during),
        right=Combined(operator="*", left=number("2", 2.0, bare=True), right=measured("p50 before slow", "p50", window=before)),
    )


def test_a_ratio_of_durations_is_a_number() -> None:
    assert comparison("p99 / p50 < 3").relation == "<"
    assert comparison("throughput * 2s > 10").relation == ">"


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("success(budget) > 2 x success(naive)", "success(budget) > 2 * success(naive)"),
        ("success(budget) > 2 times success(naive)", "success(budget) > 2 * success(naive)"),
        ("p99 of order -> inventory < 1s", "p99(order -> inventory) < 1s"),
        ("p99 of shoppers in naive < 1s", "p99(shoppers, naive) < 1s"),
        ("count of stock reserved > 3", "count(stock reserved) > 3"),
        ("order->inventory: p99 < 1s", "p99(order -> inventory) < 1s"),
        ("naive, shoppers: p99 > 2 * p50", "naive: p99(shoppers) > 2 * p50(shoppers)"),
        ("inventory: queue < 3 * queue(order)", "queue(inventory) < 3 * queue(order)"),
        ("success is at least 9%", "success >= 9%"),
        ("timeouts is 0", "timeouts == 0"),
        ("timeouts is not 0", "timeouts != 0"),
        ("p99 stays below 1s", "p99 < 1s"),
        ("timeouts at most 3", "timeouts <= 3"),
        ("p99 ≤ 1s", "p99 <= 1s"),
        ("naive: no timeouts during slow", "naive: timeouts == 0 during slow"),
        ("no  duplicates(charged)", "duplicates(charged) == 0"),
        ("success between 5% and 9% during slow", "5% <= success <= 9% during slow"),
        ("p99 is between p50(naive) and 2s", "p50(naive) <= p99 <= 2s"),
        ("p99 within 20ms of 2 * p50(naive)", "(2 * p50(naive)) - 20ms <= p99 <= (2 * p50(naive)) + 20ms"),
        ("throughput within 10% of 30/s", "90% * 30/s <= throughput <= 110% * 30/s"),
    ],
)
def test_what_one_says_aloud_means_the_same_as_its_signs(said: str, meant: str) -> None:
    spoken, signed = comparison(said), comparison(meant)
    assert spoken.relations == signed.relations
    assert [_meaning(term) for term in spoken.terms] == [_meaning(term) for term in signed.terms]


def _meaning(term: Term) -> object:
    """Without the words it was said in."""
    match term:
        case Measured():
            return term.measure.name, term.scope, term.variant
        case Combined():
            return term.operator, _meaning(term.left), _meaning(term.right)
        case Group():
            return [_meaning(term.inner)]
        case Quantity():
            return pytest.approx(term.value), term.dimension


def test_two_times_may_be_written_as_one_word() -> None:
    right = comparison("success(budget) > 2x success(naive)").right
    naive = measured("success(naive)", "success", variant="naive")
    assert right == Combined(operator="*", left=number("2x", 2.0), right=naive)


def test_a_window_may_be_told_by_two_faults_or_by_the_clock() -> None:
    def window(text: str) -> Window | None:
        return parsed(text).measured[0].scope.window

    assert window("p99 < 1s between slow and lag-2") == Window("between", "slow", "lag-2")
    assert window("p99 between slow and lag-2 < 1s") == Window("between", "slow", "lag-2")
    assert window("p99 from 1.5s to 2m < 1s") == Window("from", seconds=(1.5, 120.0))
    assert window("p99 after 5s < 1s") == Window("from", seconds=(5.0, math.inf))
    assert window("p99 < 1s before 5s") == Window("from", seconds=(-math.inf, 5.0))


def test_a_law_may_be_expected_to_be_broken() -> None:
    text = "naive: breaks no Oversell"
    assert parsed(text) == Expectation(
        text=text, claim="breaks no Oversell", invariant="no oversell", breaks=True, variants=("naive",)
    )


def test_the_claim_keeps_whom_it_speaks_of() -> None:
    assert parsed("naive, order->inventory: p99 < 1s").claim == "order -> inventory: p99 < 1s"


# -- what is not


# Blocks of a sentence and what is said to its writer: place and message, then the way out.
BAD_SENTENCES = (Path(__file__).parent / "bad_sentences.txt").read_text(encoding="utf-8").strip("\n").split("\n\n")


def said_to(text: str) -> str:
    with pytest.raises(ExpectationError) as caught:
        parsed(text)
    error = caught.value
    caret = " " * error.offset + "^" + "~" * (error.width - 1)
    hint = error.hint.replace(", ".join(INVARIANTS), "...")  # there are always more of them
    return "\n".join([text, f"{caret} {error.message}", *([f"  {hint}"] if hint else [])])


@pytest.mark.parametrize("block", BAD_SENTENCES, ids=lambda block: block.partition("\n")[0])
def test_what_is_not_understood_is_answered_with_its_place_and_a_way_out(block: str) -> None:
    assert said_to(block.partition("\n")[0]) == block


def test_saying_nothing_is_not_understood_either() -> None:
    assert said_to("") == "\n^ expected a measure or a quantity and found the end\n  " + LIKE


def test_where_facts_are_not_known_beforehand_any_will_do() -> None:
    assert parse_expectation("count(tea spilt) == 0", Names(facts=())).measured[0].scope.what == "tea spilt"


def test_sentences_are_bounded_in_length_and_depth() -> None:
    deep = "(" * DEEPEST_GROUP + "p99" + ")" * DEEPEST_GROUP
    assert comparison(f"{deep} < 1s").relation == "<"
    with pytest.raises(ExpectationError, match=f"nested more than {DEEPEST_GROUP} deep"):
        parsed(f"({deep}) < 1s")
    with pytest.raises(ExpectationError, match=f"at most {LONGEST_SENTENCE} characters"):
        parsed("p99 < 1s" + " " * LONGEST_SENTENCE)


WORDS = [
    "naive", "all", ":", "no", "oversell", "success", "p99.9", "recovery", "count", "(", ")", "(order -> inventory)", "(naive)",
    ",", "2", "95%", "200ms", "30/s", "1e9", "<", "<=", "==", "+", "-", "*", "/", "during", "before", "slow", "é", "->", "\n",
    "2x", "x", "of", "in", "from", "to", "between", "and", "within", "breaks", "is", "not", "at least", "order", "shoppers",
]  # fmt: skip


@given(st.one_of(st.text(max_size=60), st.lists(st.sampled_from(WORDS), max_size=14).map(" ".join)))
def test_any_text_is_understood_or_refused_with_a_place_inside_it(text: str) -> None:
    found: Expectation | ExpectationError
    try:
        found = parsed(text)
    except ExpectationError as refusal:
        found = refusal
    if isinstance(found, Expectation):
        assert found.invariant or found.measured
    else:
        assert 0 <= found.offset <= len(text)
        assert 1 <= found.width <= max(1, len(text) - found.offset)
