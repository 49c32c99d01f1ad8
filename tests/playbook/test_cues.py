"""Cues are read into plans with every name resolved, their ends worked out, and their mistakes told."""

from __future__ import annotations

from chaoscli.playbook.explain import explain
from chaoscli.playbook.plan import plan
from tests.playbook.texts import problems, read


def cues(more: str) -> list[tuple[str, str, float, float | None, bool]]:
    (variant,) = read(f"cues:\n{more}").variants
    return [(one.name, one.text, one.at_s, one.until_s, one.undone) for one in variant.cues]


def test_a_cue_without_a_name_is_called_by_what_it_does_to_whom() -> None:
    assert cues("  - { kill: order, at: 1s }\n  - { load: shoppers, rate: 60/s, at: 2s }") == [
        ("kill-order", "kill order", 1.0, None, False),
        ("load-shoppers", "shoppers at 60/s", 2.0, None, False),
    ]


def test_with_a_time_it_undoes_itself() -> None:
    assert cues("  - { name: crash, kill: [order, inventory], at: 1s, for: 2s }") == [
        ("crash", "kill order, inventory", 1.0, 3.0, True)
    ]


def test_without_one_it_lasts_until_another_cue_ends_it() -> None:
    kill = "  - { kill: order, at: 1s }\n  - { restart: order, at: 4s }\n"
    assert cues(kill + "  - { pause: order, at: 5s }\n  - { resume: order, at: 6s }") == [
        ("kill-order", "kill order", 1.0, 4.0, False),
        ("restart-order", "restart order", 4.0, None, False),
        ("pause-order", "pause order", 5.0, 6.0, False),
        ("resume-order", "resume order", 6.0, None, False),
    ]  # fmt: skip


def test_a_kill_of_two_lasts_until_the_second_is_back() -> None:
    text = (
        "  - { name: both, kill: [order, inventory], at: 1s }\n  - { restart: order, at: 2s }\n  - { restart: inventory, at: 3s }"
    )
    assert cues(text)[0] == ("both", "kill order, inventory", 1.0, 3.0, False)


def test_it_comes_again_and_again_until_the_end_of_the_play_or_its_own() -> None:
    (variant,) = read("cues:\n  - { pause: order, at: 1s, for: 500ms, every: 3s }").variants
    assert variant.cues[0].lives == ((1.0, 1.5), (4.0, 4.5), (7.0, 7.5))
    (variant,) = read("cues:\n  - { pause: order, at: 1s, for: 500ms, every: 3s, until: 7s }").variants
    assert variant.cues[0].lives == ((1.0, 1.5), (4.0, 4.5))


def test_so_does_a_fault() -> None:
    (variant,) = read("faults:\n  - { slow: order, by: 2x, at: 1s, for: 1s, every: 4s }").variants
    assert variant.faults[0].lives == ((1.0, 2.0), (5.0, 6.0), (9.0, 10.0))


def test_a_variant_changes_a_cue_or_leaves_it_out() -> None:
    script = "cues:\n  - { kill: order, at: 1s }\nvariants:\n  late: { kill-order.at: 3s }\n  never: { kill-order: none }\n"
    late, never = read(script).variants
    assert [one.at_s for one in late.cues] == [3.0]
    assert never.cues == ()


def test_users_have_no_rate_to_change() -> None:
    more = "cues: [{ load: office, rate: 3/s, at: 1s }, { pause: office, at: 2s, for: 1s }]"
    told = problems(more, overrides=["load.office={ request: GET order /, users: 5 }"])
    assert [one.message for one in told] == ["'office' has no rate to change: its 5 users wait for their answers"]


def test_windows_and_the_rest_of_the_script_know_its_name() -> None:
    playbook = read("cues:\n  - { name: crash, kill: order, at: 1s, for: 1s }\nexpect:\n  - recovery after crash < 2s")
    assert [one.text for one in playbook.expectations] == ["recovery after crash < 2s"]
    (problem,) = problems("cues:\n  - { name: crash, kill: order, at: 1s }\nexpect:\n  - success during crush < 2%")
    assert problem.hint == "did you mean 'crash'?"


def test_a_name_is_for_one_thing_only() -> None:
    more = "faults:\n  - { name: crash, slow: order, by: 2x }\ncues:\n  - { name: crash, kill: order, at: 1s }"
    (problem,) = problems(more)
    assert problem.message == "there is already something called 'crash', on line 9"


def test_the_plan_and_the_explanation_say_what_is_done_when() -> None:
    playbook = read("cues:\n  - { name: crash, kill: order, at: 1s, for: 1s }\n  - { restart: inventory, at: 3s }")
    assert [(one.at_s, one.text) for one in plan(playbook).happenings] == [
        (0.0, "curtain: the load begins"),
        (1.0, "crash: kill order"),
        (2.0, "crash is over"),
        (3.0, "restart-inventory: restart inventory"),
        (10.0, "the end"),
    ]
    assert [(one.at_s, one.until_s, one.name) for one in explain(playbook).timeline] == [
        (1.0, 2.0, "crash"),
        (3.0, 3.0, "restart-inventory"),
    ]


def test_who_starts_again_by_its_policy_may_be_killed_again_and_again() -> None:
    restarts = ["order.restart=on_crash"]
    (variant,) = read("cues:\n  - { kill: order, at: 1s, every: 3s }", overrides=restarts).variants
    assert variant.cues[0].lives == ((1.0, None), (4.0, None), (7.0, None))
