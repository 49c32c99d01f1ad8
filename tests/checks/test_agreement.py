"""Two worlds agree within tolerances that say how far apart each measure may be, and on every verdict."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace

import pytest

from chaoscli.checks.agreement import OF_LINKS, OF_VARIANTS, TOLERANCES, compare
from chaoscli.checks.agreement_exceptions import EXCEPTIONS, AgreementException, reason_for
from chaoscli.measures.catalogue import STANDARD, STANDARD_OF_LINKS
from chaoscli.outcome import Check, Outcome, VariantOutcome
from chaoscli.playbook.load import shipped
from tests.support.simulations import judged

LINK = "order -> inventory"


def outcome(
    *, held: bool = True, success: float | None = 0.9, p50: float | None = 0.1, amplification: float | None = 2.0
) -> Outcome:
    variant = VariantOutcome(
        name="naive",
        measures={"requests": 100.0, "success": success, "p50": p50},
        links={LINK: {"amplification": amplification}},
    )
    check = Check(text="naive: p50 < 1s", variant="naive", held=held, shown="100ms < 1s")
    return Outcome(playbook="test", title="", seed=1, world="real", variants=(variant,), checks=(check,))


def differences(real: Outcome, simulated: Outcome, *others: Outcome) -> list[str]:
    """What differs, and is not left to chance."""
    return [one.what for one in compare(real, simulated, others, exceptions=()) if not one.is_fine]


def test_equal_outcomes_agree_on_everything() -> None:
    assert differences(outcome(), outcome()) == []


@pytest.mark.parametrize(
    ("real", "what"),
    [
        (outcome(success=0.869), "success"),  # three points are 0.87 to 0.93
        (outcome(p50=0.1155), "p50"),  # 15 % are up to 115 ms
        (outcome(amplification=2.21), f"amplification of {LINK}"),  # 10 % are up to 2.2
        (outcome(held=False), "naive: p50 < 1s"),
        (outcome(p50=None), "p50"),
    ],
)
def test_each_difference_beyond_its_tolerance_is_named(real: Outcome, what: str) -> None:
    assert differences(real, outcome()) == [what]


def test_a_difference_with_a_reason_is_fine_and_says_it() -> None:
    reason = "a host's own queue"
    exceptions = (AgreementException(playbook="test", variant="naive", what="p50", reason=reason),)
    found = [one for one in compare(outcome(p50=0.2, success=0.5), outcome(), exceptions=exceptions) if not one.agrees]
    assert [(one.what, one.reason, one.is_fine) for one in found] == [("success", "", False), ("p50", reason, True)]


def test_a_figure_among_those_of_other_seeds_is_left_to_chance_and_says_between_what() -> None:
    others = [outcome(amplification=2.9), outcome(amplification=2.4)]
    (found,) = (one for one in compare(outcome(amplification=2.7), outcome(), others) if not one.agrees)
    assert (found.what, found.reason) == (f"amplification of {LINK}", "left to chance: 3 simulated seeds give 2x to 2.9x")
    assert found.is_fine


def test_of_other_seeds_too_a_figure_may_be_a_tolerance_away() -> None:
    others = [outcome(p50=0.2)]
    assert differences(outcome(p50=0.229), outcome(), *others) == []  # 15 % over the slowest seed's
    assert differences(outcome(p50=0.231), outcome(), *others) == ["p50"]


def test_seeds_that_are_of_one_mind_excuse_nothing() -> None:
    assert differences(outcome(amplification=2.7), outcome(), outcome(), outcome()) == [f"amplification of {LINK}"]


def test_what_some_seeds_never_call_may_have_no_data() -> None:
    never = outcome(p50=None)
    (found,) = (one for one in compare(never, outcome(), [never]) if not one.agrees)
    assert found.reason == "left to chance: 2 simulated seeds give 100ms or no data"
    assert differences(outcome(p50=0.2), outcome(), never) == ["p50"]


def test_a_verdict_is_never_left_to_chance() -> None:
    assert differences(outcome(held=False), outcome(), outcome(held=False)) == ["naive: p50 < 1s"]


def test_a_reason_is_for_its_playbook_its_variant_and_its_measure() -> None:
    one = AgreementException(playbook="test", what="p50", reason="because")
    assert reason_for("test", "any", "p50 of a -> b", (one,)) == "because"
    assert reason_for("other", "any", "p50", (one,)) == ""
    assert reason_for("test", "any", "success", (one,)) == ""
    assert reason_for("test", "other", "p50", (replace(one, variant="naive"),)) == ""


def test_every_exception_is_about_something_that_is_shipped_and_has_a_reason() -> None:
    names = {one.name for one in shipped()}
    assert [one for one in EXCEPTIONS if one.playbook not in names or not one.reason] == []


@pytest.mark.parametrize("real", [outcome(success=0.871), outcome(p50=0.1145), outcome(amplification=2.19)])
def test_what_lies_within_its_tolerance_agrees(real: Outcome) -> None:
    assert differences(real, outcome()) == []


def test_a_few_milliseconds_of_the_hosts_are_no_difference_where_a_share_would_be_one() -> None:
    assert differences(outcome(p50=0.0089), outcome(p50=0.005)) == []
    assert differences(outcome(p50=0.0091), outcome(p50=0.005)) == ["p50"]


def test_never_agrees_with_never_alone() -> None:
    assert differences(outcome(p50=math.inf), outcome(p50=math.inf)) == []
    assert differences(outcome(p50=math.inf), outcome()) == ["p50"]


def test_every_measure_compared_is_a_standard_one_with_a_tolerance_and_a_reason() -> None:
    assert set(OF_VARIANTS) <= set(STANDARD)
    assert set(OF_LINKS) <= set(STANDARD_OF_LINKS)
    assert {*OF_VARIANTS, *OF_LINKS} == set(TOLERANCES)
    assert all(tolerance.reason for tolerance in TOLERANCES.values())


def test_of_more_hops_more_may_be_late() -> None:
    far: dict[str, dict[str, float | None]] = {"edge -> order": {}, LINK: {}, "order -> payment": {}, "payment -> order": {}}
    slow = [_with_links(outcome(p50=seconds), far) for seconds in (0.005, 0.0209, 0.0211)]
    # edge, order, payment and, the ring being gone round once, order and inventory: four hops of 4 ms each
    assert differences(slow[1], slow[0]) == []
    assert differences(slow[2], slow[0]) == ["p50"]


def test_of_few_calls_two_are_more_than_three_points() -> None:
    few = {LINK: {"attempts": 40.0, "success": 0.9}}
    assert differences(_with_links(outcome(), few), _with_links(outcome(), {LINK: {"success": 0.855}})) == []
    assert differences(_with_links(outcome(), few), _with_links(outcome(), {LINK: {"success": 0.845}})) == [f"success of {LINK}"]


def _with_links(whole: Outcome, links: Mapping[str, Mapping[str, float | None]]) -> Outcome:
    (variant,) = whole.variants
    return replace(whole, variants=(replace(variant, links={name: dict(of) for name, of in links.items()}),))


def test_a_whole_run_agrees_with_itself_and_not_with_one_whose_cure_is_gone() -> None:
    whole = judged("partition")
    assert differences(whole, whole) == []
    uncured = judged("partition", changed=["timeout:order.calls.inventory.timeout=none"])
    assert "p50" not in differences(uncured, whole)
    assert "success of shoppers -> order" in differences(uncured, whole)
    assert any("timeout" in what for what in differences(replace(uncured, seed=1), whole))
