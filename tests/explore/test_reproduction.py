"""A reproduction is the whole of a failing run in a file, and plays it again."""

from __future__ import annotations

import json
import math
import re
from dataclasses import replace

import pytest

from chaoscli.errors import UsageError
from chaoscli.exploration import Failure, Plan
from chaoscli.explore.explain import explained
from chaoscli.explore.plan import plan_of
from chaoscli.explore.playable import unplayable
from chaoscli.explore.reproduction import from_text, to_text, versions
from chaoscli.explore.trial import run, try_seed
from chaoscli.settings import from_plain, to_plain
from tests.explore.subjects import OF_NAME, OVERSELL


@pytest.fixture(scope="module")
def failure() -> Failure:
    seed = next(seed for seed in range(100) if try_seed(OVERSELL, seed).violations)
    return explained(OVERSELL, plan_of(OVERSELL, seed), "no oversell")


def test_what_is_in_the_file_plays_the_same_run_and_breaks_the_same_promise(failure: Failure) -> None:
    found = from_text(to_text(failure), "repro.json")
    assert found is not None
    assert (found.invariant, found.versions) == ("no oversell", versions())
    again = run(found.subject, found.plan)
    assert again.digest == found.digest == failure.digest
    assert again.broken("no oversell") == failure.violation


def test_a_failure_tells_its_story_up_to_the_guilty_moment(failure: Failure) -> None:
    times = [at_s for at_s, _ in failure.story]
    assert times == sorted(times)
    assert failure.story[-1] == (
        failure.violation.at_s, f"HERE 'no oversell' is broken: {failure.violation.shown}"
    )  # fmt: skip
    told = " ".join(words for _, words in failure.story)
    for word in (failure.plan.faults[0].kind, failure.violation.guilty[0], "inventory: stock reserved"):
        assert word in told


def test_the_odds_end_in_certainty(failure: Failure) -> None:
    assert failure.chances[-1].share == 1.0
    assert failure.chances[-1].at_s > failure.violation.at_s
    assert [one.at_s for one in failure.chances] == sorted({one.at_s for one in failure.chances})


def test_what_is_no_reproduction_is_left_to_others_and_what_is_none_of_ours_is_said(failure: Failure) -> None:
    assert from_text('{"recording": 1, "playbook": "drops"}\n{"variant": "retry"}\n', "run.jsonl") is None
    assert from_text("no json", "x") is None
    assert from_text("", "x") is None
    document = json.loads(to_text(failure))
    with pytest.raises(UsageError, match=r"'repro\.json' has form 9, and this version reads 1"):
        from_text(json.dumps({**document, "reproduction": 9}), "repro.json")
    del document["plan"]
    with pytest.raises(UsageError, match=r"'repro\.json' is no whole reproduction: it lacks 'plan'"):
        from_text(json.dumps(document), "repro.json")


@pytest.mark.parametrize("kept", [1, 9, 18, 300, -3])
def test_one_that_was_cut_off_is_called_damaged_wherever_that_was(kept: int, failure: Failure) -> None:
    with pytest.raises(UsageError, match=r"'repro\.json' is a damaged reproduction: .*line \d+ column \d+"):
        from_text(to_text(failure)[:kept], "repro.json")


# -- by hand -----------------------------------------------------------------------------------------------------------------

LATENCY = {"kind": "latency", "target": "clients -> inventory", "at_s": 0.1, "for_s": 0.1, "settings": {"delay": 0.1}}
SLOW = {"kind": "slow", "target": "inventory", "at_s": 0.1, "for_s": 0.1, "settings": {"by": 2.0}}
MESSAGE = {"link": "clients -> inventory", "reply": True, "number": 1}


def edited(failure: Failure, place: str, value: object) -> str:
    """The file with another ``value`` at a ``place`` like ``plan.faults.0.at_s``. Of its faults there is one of latency, one of
    slowness."""
    document = json.loads(to_text(failure))
    document["plan"]["faults"] = [{**LATENCY, "after": dict(MESSAGE)}, dict(SLOW)]
    *way, last = (int(step) if step.isdecimal() else step for step in place.split("."))
    at = document
    for step in way:
        at = at[step]
    at[last] = value
    return json.dumps(document)


def test_a_file_that_was_edited_well_is_played(failure: Failure) -> None:
    found = from_text(edited(failure, "plan.faults.0.at_s", 0), "repro.json")
    assert found is not None
    assert [one.what for one in found.plan.faults] == ["latency clients -> inventory", "slow inventory"]


@pytest.mark.parametrize(
    ("place", "value", "message"),
    [
        ("invariant", "no overselling", "invariant names \"no overselling\", which is no invariant; did you mean 'no oversell'?"),
        ("invariant", "recovers", 'invariant names "recovers", which is not among subject.invariants; known here: no oversell, '),
        ("versions", ["x"], 'versions is ["x"], and is to be an object'),
        ("plan.seed", "x", 'plan.seed is "x", and is to be a whole number'),
        ("plan.faults", None, "plan.faults is null, and is to be a list"),
        ("plan.faults.1", 3, "plan.faults[1] is 3, and is to be an object"),
        ("plan.faults.1.at_s", math.nan, "plan.faults[1].at_s is NaN, and is to be a finite number"),
        ("plan.faults.1.at_s", True, "plan.faults[1].at_s is true, and is to be a finite number"),
        ("plan.faults.1.for_s", -1, "plan.faults[1].for_s is -1, and cannot be negative"),
        ("plan.lasts_s", math.inf, "plan.lasts_s is Infinity, and is to be a finite number"),
        ("plan.lasts_s", 1e7, "plan.lasts_s is 1e+07, and is at most 3600"),
        ("plan.heals_s", 100, "plan.heals_s is 100, and plan.lasts_s is less: "),
        ("plan.stops_s", {"client": 1.0}, "plan.stops_s names \"client\", which is no load here; did you mean 'clients'?"),
        ("plan.stops_s", {"clients": -1}, "plan.stops_s.clients is -1, and cannot be negative"),
        ("plan.users", {"clients": 1}, 'plan.users names "clients", which is no load of users here'),
        ("plan.faults.1.kind", "slwo", "faults[1].kind names \"slwo\", which is no kind of fault here; did you mean 'slow'?"),
        ("plan.faults.1.target", "nobody", 'plan.faults[1].target names "nobody", which is no service here; known here: inv'),
        ("plan.faults.1.target", "clients", 'plan.faults[1].target names "clients", which is no service here'),
        ("plan.faults.0.target", "foo", 'plan.faults[0].target names "foo", which is no link here; known here: clients -> inv'),
        ("plan.faults.0.settings", {"delay": "x"}, 'plan.faults[0].settings.delay is "x", and is to be a finite number'),
        ("plan.faults.0.settings", {"delay": -1}, "plan.faults[0].settings.delay is -1, and is at least 0"),
        ("plan.faults.1.settings", {"by": 0}, "plan.faults[1].settings: by must be more than 0"),
        ("plan.faults.1.settings", {}, "plan.faults[1].settings lacks 'by'"),
        ("plan.faults.0.after.link", "a -> b", 'plan.faults[0].after.link names "a -> b", which is no link here'),
        ("plan.faults.0.after.number", 0, "plan.faults[0].after.number is 0, and messages are counted from 1"),
        ("subject.topology.nodes.0.settings.thinking", "x", 'nodes[0].settings.thinking is "x", and is to be a finite number'),
        ("subject.topology.nodes.0.settings.thinking", 10**400, "nodes[0].settings.thinking is 1000"),
        ("subject.topology.nodes.0.standby", True, "nodes[0].standby is true, and nobody is there who would start it"),
        ("subject.topology.nodes.1.settings.rate", None, "nodes[1].settings.rate is null, and is to be a finite number"),
        ("subject.topology.nodes.1.settings.rate", -5.0, "nodes[1].settings.rate is -5.0, and is at least 0"),
        ("subject.topology.nodes.1.settings.users", 0, "nodes[1].settings.users is 0, and is at least 1"),
        ("subject.topology.nodes.1.settings.rate", 1e200, "nodes[1].settings.rate is 1e+200, and is to be a finite number"),
        ("subject.topology.nodes.1.calls.inventory.timeout", "1s", "calls['inventory'].timeout is \"1s\", and is to be a fin"),
        ("subject.topology.nodes.0.settings.thinking", -math.inf, "nodes[0].settings['thinking'] is -Infinity, and is to be"),
        ("subject.topology.nodes.0.restarts", -1, "subject.topology.nodes[0].restarts is -1, and cannot be negative"),
        ("subject.topology.nodes.1.name", "inventory", 'subject.topology.nodes[1].name is "inventory", and so is another\'s'),
        ("subject.topology.nodes.1.calls", {"stock": {}}, 'subject.topology.nodes[1].calls names "stock", which is no node here'),
    ],
)
def test_what_cannot_be_played_or_judged_is_refused_with_its_place(
    place: str, value: object, message: str, failure: Failure
) -> None:
    with pytest.raises(UsageError, match=re.escape(message)) as caught:
        from_text(edited(failure, place, value), "repro.json")
    assert caught.value.message.startswith("'repro.json' ")
    assert caught.value.hint == "mend it there, or have it written anew by `chaos explore`"


def test_all_of_it_is_said_at_once(failure: Failure) -> None:
    text = edited(failure, "plan.faults.1.for_s", -1).replace('"slow"', '"slwo"')
    with pytest.raises(UsageError) as caught:
        from_text(text, "repro.json")
    assert caught.value.message.splitlines() == [
        "'repro.json' cannot be played:",
        "  plan.faults[1].for_s is -1, and cannot be negative",
        "  plan.faults[1].kind names \"slwo\", which is no kind of fault here; did you mean 'slow'?",
    ]


def test_a_load_that_was_left_out_has_no_links_to_harm_but_its_messages_may_be_waited_for(failure: Failure) -> None:
    plan = replace(failure.plan, stops_s={"clients": 0.0}, faults=())
    left_out = replace(failure, plan=plan)
    assert from_text(to_text(left_out), "repro.json") is not None
    (fault,) = from_plain(Plan, {**to_plain(plan), "faults": [{**LATENCY, "after": MESSAGE}]}).faults
    with pytest.raises(UsageError, match=r"plan\.faults\[0\]\.target names \"clients -> inventory\", which is no link here"):
        from_text(to_text(replace(left_out, plan=replace(plan, faults=(fault,)))), "repro.json")
    waiting = replace(fault, kind="pause", target="inventory", settings={})
    assert from_text(to_text(replace(left_out, plan=replace(plan, faults=(waiting,)))), "repro.json") is not None


@pytest.mark.parametrize("name", ["oversell", "charge"])
def test_every_plan_that_a_search_makes_can_be_played(name: str) -> None:
    planted = OF_NAME[name]
    for seed in range(200):
        assert list(unplayable(planted.broken, plan_of(planted.broken, seed), planted.invariant)) == []
