"""Dotted paths change what they name, and nothing else; those that lead nowhere say where they left the road."""

from __future__ import annotations

import pytest

from chaoscli.errors import PlaybookError
from chaoscli.faults.slow import Slow
from chaoscli.playbook.meaning import Playbook
from tests.playbook.texts import problems, read

SLOW = "faults:\n  - { name: tired, at: 2s, for: 3s, slow: inventory, by: 4x }\n"


def timeout(playbook: Playbook, variant: str) -> object:
    return playbook.variant(variant).topology.node("order").calls["inventory"]["timeout"]


def test_a_variant_changes_what_its_paths_name_and_nothing_else() -> None:
    playbook = read("variants: { short: {}, long: { order.calls.inventory.timeout: 1s } }\n")
    short, long = playbook.variants
    assert (timeout(playbook, "short"), timeout(playbook, "long")) == (0.3, 1.0)
    assert short.topology.node("inventory") == long.topology.node("inventory")
    assert short.topology.node("shoppers") == long.topology.node("shoppers")


@pytest.mark.parametrize("path", ["order.workers", "services.order.workers"])
def test_the_name_of_a_section_may_be_left_out(path: str) -> None:
    assert read(overrides=[f"{path}=7"]).variants[0].topology.node("order").settings["workers"] == 7


@pytest.mark.parametrize("path", ["faults.tired.by", "tired.by"])
def test_faults_go_by_their_names(path: str) -> None:
    (plan,) = read(SLOW, overrides=[f"{path}=2x"]).variants[0].faults
    assert plan.fault == Slow(by=2.0)


def test_a_fault_without_a_name_goes_by_its_kind() -> None:
    (plan,) = read("faults:\n  - { at: 1s, slow: inventory, by: 4x }\n", overrides=["faults.slow.by=3x"]).variants[0].faults
    assert plan.fault == Slow(by=3.0)


def test_a_path_may_go_where_nothing_stands_yet() -> None:
    playbook = read(overrides=["order.calls.inventory.retry.attempts=2"])
    assert playbook.variants[0].topology.node("order").calls["inventory"]["retry"]["attempts"] == 2


def test_a_path_replaces_all_that_stood_there() -> None:
    playbook = read(overrides=["order.calls.inventory={fallback: last_good}"])
    # The timeout of 300ms went with the rest; the default is back.
    assert timeout(playbook, "default") == 5.0


def test_none_takes_a_service_a_load_a_call_or_a_fault_away() -> None:
    more = SLOW + "variants:\n  alone: { faults: none, order.calls.inventory: none, inventory: none }\n  same: {}\n"
    alone, same = read(more).variants
    assert [node.name for node in alone.topology.nodes] == ["order", "shoppers"]
    assert [str(link) for link in alone.topology.links] == ["shoppers -> order"]
    assert alone.faults == ()
    assert len(same.faults) == 1


def test_one_fault_can_be_taken_out_of_one_variant() -> None:
    without, with_it = read(SLOW + "variants: { calm: { faults.tired: none }, rough: {} }\n").variants
    assert (len(without.faults), len(with_it.faults)) == (0, 1)


def test_none_for_a_policy_that_may_be_off_is_a_value_like_any_other() -> None:
    assert timeout(read(overrides=["order.calls.inventory.timeout=none"]), "default") is None


def test_overrides_from_outside_win_over_the_variants() -> None:
    more = "variants: { one: { order.calls.inventory.timeout: 1s }, two: {} }\n"
    playbook = read(more, overrides=["order.calls.inventory.timeout=2s"])
    assert (timeout(playbook, "one"), timeout(playbook, "two")) == (2.0, 2.0)


def test_an_override_may_be_for_one_variant_alone() -> None:
    playbook = read("variants: { one: {}, two: {} }\n", overrides=["two:order.calls.inventory.timeout=2s"])
    assert (timeout(playbook, "one"), timeout(playbook, "two")) == (0.3, 2.0)


def test_overrides_reach_the_script_itself() -> None:
    playbook = read(overrides=["lasts=3s", "seed=7", "title='three seconds'"])
    assert (playbook.lasts_s, playbook.seed, playbook.title) == (3.0, 7, "three seconds")


def test_what_is_expected_can_be_replaced_too() -> None:
    playbook = read("expect: ['success > 10%', 'p99 < 1s']\n", overrides=["expect=[success > 90%]"])
    assert [one.text for one in playbook.expectations] == ["success > 90%"]


def test_changes_are_kept_as_they_were_written() -> None:
    changes = "    order.calls.inventory.retry: { attempts: 4, backoff: none }\n    order.workers: 3\n"
    (one,) = read("variants:\n  one:\n    summary: tries\n" + changes).variants
    assert one.summary == "tries"
    assert one.changes == ("order.calls.inventory.retry: {attempts: 4, backoff: none}", "order.workers: 3")


def test_a_wrong_value_is_shown_where_the_variant_wrote_it() -> None:
    (problem,) = problems("variants:\n  one: { order.workers: many }\n")
    assert (problem.place.line, problem.place.column, problem.place.width) == (9, 25, 4)


def test_the_same_problem_of_several_variants_is_told_once() -> None:
    (problem,) = problems("variants: { one: {}, two: {}, three: {} }\nfaults:\n  - { slow: nobody, by: 2x }\n")
    assert problem.message == "there is no service 'nobody'"


WRONG = {
    "order": """\
--set:1:1: 'order' is not an override
  1 | order
    | ^~~~~  write `--set order.calls.inventory.timeout=2s`
1 problem in --set""",
    "=2s": """\
--set:1:1: '=2s' is not an override
  1 | =2s
    | ^  write `--set order.calls.inventory.timeout=2s`
1 problem in --set""",
    "ordr.workers=2": """\
--set:1:1: 'ordr' is no service, load, fault or cue of this playbook
  1 | ordr.workers=2
    | ^~~~  did you mean 'order'?
1 problem in --set""",
    "order.wrokers=2": """\
--set:1:7: unknown key 'wrokers' in service 'order'
  1 | order.wrokers=2
    |       ^~~~~~~  did you mean 'workers'?
1 problem in --set""",
    "order.workers=two": """\
--set:1:15: 'workers' should be a whole number, not 'two'
  1 | order.workers=two
    |               ^~~
1 problem in --set""",
    "order.calls={inventory: {timeout: 3}}": """\
--set:1:13: '3' has no unit: write '3ms' or '3s'
  1 | order.calls={inventory: {timeout: 3}}
    |             ^~~~~~~~~~~~~~~~~~~~~~~~~
1 problem in --set""",
    "order.calls={inventory": """\
--set:1:23: this is not YAML: did not find expected ',' or '}' (while parsing a flow mapping from line 1)
  1 | order.calls={inventory
    |                       ^
1 problem in --set""",
    "naiv:order.workers=2": """\
--set:1:6: there is no variant 'naiv'
  1 | naiv:order.workers=2
    |      ^~~~~~~~~~~~~  did you mean 'naive'?
1 problem in --set""",
    "lats=2s": """\
--set:1:1: unknown key 'lats' in the playbook
  1 | lats=2s
    | ^~~~  did you mean 'lasts'?
1 problem in --set""",
    "order.calls.inventory.timeut=2s": """\
--set:1:23: unknown key 'timeut' in the policy of 'order' for 'inventory'
  1 | order.calls.inventory.timeut=2s
    |                       ^~~~~~  did you mean 'timeout'?
1 problem in --set""",
    "naive:lasts=2s": """\
--set:1:7: a variant cannot change 'lasts'
  1 | naive:lasts=2s
    |       ^~~~~  variants play the same script side by side
1 problem in --set""",
    "faults.tierd.by=2x": """\
--set:1:8: there is no 'tierd' in this list
  1 | faults.tierd.by=2x
    |        ^~~~~  did you mean 'tired'?
1 problem in --set""",
    "lasts.long=2s": """\
--set:1:7: '10s' stands here, which has no 'long' inside
  1 | lasts.long=2s
    |       ^~~~
1 problem in --set""",
}


@pytest.mark.parametrize("override", WRONG)
def test_a_wrong_override_is_shown_on_the_command_line_it_came_from(override: str) -> None:
    with pytest.raises(PlaybookError) as caught:
        read(SLOW + "variants: { naive: {} }\n", overrides=[override])
    assert caught.value.render() == WRONG[override]
