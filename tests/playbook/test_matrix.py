"""A matrix makes a variant of every combination, and expectations may speak of one option in all of its cells."""

from __future__ import annotations

import json

from chaoscli.playbook.matrix import MAX_CELLS, Dimension, Matrix
from tests.playbook.texts import problems, read

GRID = """\
matrix:
  order.calls.inventory.timeout: [100ms, 1s]
  retry:
    never: { order.calls.inventory.retry: none }
    twice: { order.calls.inventory.retry: { attempts: 2 } }
"""


def test_every_combination_is_a_variant_with_the_changes_of_each_of_its_options() -> None:
    playbook = read(GRID)
    found = {}
    for variant in playbook.variants:
        call = variant.topology.node("order").calls["inventory"]
        found[variant.name] = (call["timeout"], (call["retry"] or {}).get("attempts"))
    assert found == {
        "timeout-100ms_never": (0.1, None),
        "timeout-100ms_twice": (0.1, 2),
        "timeout-1s_never": (1.0, None),
        "timeout-1s_twice": (1.0, 2),
    }
    assert playbook.variants[0].changes == ("order.calls.inventory.timeout: 100ms", "order.calls.inventory.retry: none")


def test_the_playbook_knows_its_dimensions_and_cells() -> None:
    assert read(GRID).matrix == Matrix(
        dimensions=(
            Dimension(name="order.calls.inventory.timeout", options=("timeout-100ms", "timeout-1s")),
            Dimension(name="retry", options=("never", "twice")),
        ),
        cells={
            ("timeout-100ms", "never"): "timeout-100ms_never",
            ("timeout-100ms", "twice"): "timeout-100ms_twice",
            ("timeout-1s", "never"): "timeout-1s_never",
            ("timeout-1s", "twice"): "timeout-1s_twice",
        },
    )
    assert read().matrix is None


def test_an_option_stands_for_all_of_its_cells_in_an_expectation() -> None:
    (expectation,) = read(GRID + "expect: [{ twice: success > 2% }]").expectations
    assert expectation.variants == ("timeout-100ms_twice", "timeout-1s_twice")


def test_a_sentence_about_an_option_can_be_spelt_out_for_who_knows_no_matrix() -> None:
    written = [{"all": "no oversell"}, {"twice, order -> inventory": "p99 < 1s"}, {"never": "no timeouts"}]
    expectations = read(GRID + f"expect: {json.dumps(written)}").expectations
    assert [one.spelt_out for one in expectations] == [
        "no oversell",
        "timeout-100ms_twice, timeout-1s_twice, order -> inventory: p99 < 1s",
        "timeout-100ms_never, timeout-1s_never: no timeouts",
    ]


def test_a_later_dimension_wins_where_two_change_the_same() -> None:
    more = "matrix:\n  one: { a: { order.workers: 2 } }\n  two: { b: { order.workers: 3 } }\n"
    (only,) = read(more).variants
    assert (only.name, only.topology.node("order").settings["workers"]) == ("a_b", 3)


def test_overrides_from_outside_may_speak_of_a_cell() -> None:
    playbook = read(GRID, overrides=["timeout-1s_twice:order.workers=9"])
    assert [variant.topology.node("order").settings["workers"] for variant in playbook.variants[2:]] == [16, 9]


def test_there_are_at_most_so_many_cells() -> None:
    side = ", ".join(f"{n}ms" for n in range(1, MAX_CELLS + 2))
    (problem,) = problems(f"matrix: {{ order.calls.inventory.timeout: [{side}] }}\n")
    assert problem.message == f"{MAX_CELLS + 1} cells are too many; at most {MAX_CELLS} play side by side"
