"""Two worlds agree within tolerances that say how far apart each measure may be, and on every verdict."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest

from chaoscli.checks.agreement import FEWEST_CALLS, OF_LINKS, OF_VARIANTS, TOLERANCES, compare, link_s, links_s
from chaoscli.checks.agreement_exceptions import EXCEPTIONS, AgreementException, reason_for
from chaoscli.measures.catalogue import STANDARD, STANDARD_OF_LINKS
from chaoscli.outcome import Check, Outcome, VariantOutcome
from chaoscli.playbook.load import load_playbook, shipped
from chaoscli.recording import Header, RunRecording
from chaoscli.worlds.wire import LINK_S, Distances
from tests.support.recordings import recording
from tests.support.simulations import judged, simulated

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


def differences(real: Outcome, simulated: Outcome) -> list[str]:
    return [one.what for one in compare(real, simulated) if not one.agrees]


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
    found = [one for one in compare(outcome(p50=0.2, success=0.5), outcome(), exceptions) if not one.agrees]
    assert [(one.what, one.reason, one.is_fine) for one in found] == [("success", "", False), ("p50", reason, True)]


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


def test_what_a_message_took_is_half_of_what_calls_took_beyond_the_callee() -> None:
    """The simulated world must be given back what it was made with."""
    assert link_s(simulated("drops")) == pytest.approx(LINK_S)
    far = {variant.name: Distances(usual_s=0.003) for variant in load_playbook("drops").variants}
    assert link_s(simulated("drops", distances=far)) == pytest.approx(0.003)
    assert link_s(RunRecording.of(Header(playbook="empty", variants=("one",)))) is None


def test_each_link_of_each_variant_is_given_back_by_itself() -> None:
    asked = {"shoppers -> order": 0.002, "order -> inventory": 0.0055}
    run = simulated("partition", distances={"no-timeout": Distances(of_links=asked)}, variants=["no-timeout", "timeout"])
    assert links_s(run.variants["no-timeout"]) == pytest.approx(asked)
    assert links_s(run.variants["timeout"]) == pytest.approx(dict.fromkeys(asked, LINK_S))


def test_a_load_that_was_late_is_the_hosts_and_a_link_of_few_calls_is_as_all_others() -> None:
    play = recording().curtain(10)
    for number in range(FEWEST_CALLS):
        name = f"s-{number}"
        play.request(at=number, took=0.06, name=name, late=0.01)
        play.call("shoppers -> order", name, at=number + 0.01, took=0.05)
        play.answered("order", name, at=number + 0.05, caller="shoppers", queued=0.01, worked=0.02)
    play.call("order -> inventory", "s-1", at=1.0, took=0.05).answered("inventory", "s-1", at=1.0, worked=0.03)
    assert links_s(play) == pytest.approx({"shoppers -> order": (0.01 + 0.05 - 0.03) / 2})


def test_a_whole_run_agrees_with_itself_and_not_with_one_whose_cure_is_gone() -> None:
    whole = judged("partition")
    assert differences(whole, whole) == []
    uncured = judged("partition", changed=["timeout:order.calls.inventory.timeout=none"])
    assert "p50" not in differences(uncured, whole)
    assert "success of shoppers -> order" in differences(uncured, whole)
    assert any("timeout" in what for what in differences(replace(uncured, seed=1), whole))
