"""What is included plays here, and its problems are told at their places in its own file."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from chaoscli.errors import PlaybookError
from chaoscli.playbook.including import DEEPEST
from chaoscli.playbook.load import load_playbook

SHOP = """\
playbook: shop
parameters: { workers: 4, pace: 5/s }
services:
  inventory: { workers: "${workers}" }
  order: { workers: 9, calls: { inventory: { timeout: 300ms } } }
load:
  shoppers: { request: POST order /api/orders, rate: "${pace}" }
faults: [{ slow: inventory, by: 2x }]
lasts: 9s
"""
OWN = "playbook: own\nlasts: 3s\n"


def write(folder: Path, **files: str) -> Path:
    for name, text in files.items():
        (folder / f"{name}.yaml").write_text(text, encoding="utf-8")
    return folder / "own.yaml"


def said(path: Path) -> list[str]:
    with pytest.raises(PlaybookError) as caught:
        load_playbook(path)
    return [f"{Path(one.place.file).name}:{one.place.line}:{one.place.column} {one.message}" for one in caught.value.problems]


def test_services_are_included_with_their_parameters_and_a_load_where_there_is_none(tmp_path: Path) -> None:
    playbook = load_playbook(write(tmp_path, shop=SHOP, own=OWN + "include: shop.yaml\nparameters: { workers: 2 }\n"))
    (variant,) = playbook.variants
    assert [node.name for node in variant.topology.nodes] == ["inventory", "order", "shoppers"]
    assert variant.topology.node("inventory").settings["workers"] == 2
    assert (playbook.name, playbook.lasts_s, variant.faults) == ("own", 3.0, ())
    assert [one.name for one in playbook.parameters] == ["workers", "pace"]


def test_ones_own_services_win_and_ones_own_load_is_the_only_one(tmp_path: Path) -> None:
    own = OWN + "include: [shop.yaml]\nservices: { order: { workers: 1, calls: [inventory] } }\n"
    own += "load: { robots: { request: GET order / } }\n"
    (variant,) = load_playbook(write(tmp_path, shop=SHOP, own=own)).variants
    assert [node.name for node in variant.topology.nodes] == ["inventory", "order", "robots"]
    assert variant.topology.node("order").settings["workers"] == 1


def test_a_shipped_playbook_is_included_by_its_name(tmp_path: Path) -> None:
    (variant,) = load_playbook(write(tmp_path, own=OWN + "include: retries\n")).variants
    assert variant.topology.node("inventory").settings["queue"] == 190


def test_inclusions_go_through_and_paths_are_those_of_the_file_that_says_them(tmp_path: Path) -> None:
    (tmp_path / "parts").mkdir()
    write(tmp_path / "parts", shop=SHOP, middle="playbook: middle\ninclude: shop.yaml\n")
    (variant,) = load_playbook(write(tmp_path, own=OWN + "include: parts/middle.yaml\n")).variants
    assert len(variant.topology.nodes) == 3


def test_a_problem_of_what_is_included_has_its_place_there(tmp_path: Path) -> None:
    wrong = SHOP.replace("workers: 9", "wrokers: 9")
    own = write(tmp_path, shop=wrong, own=OWN + "include: shop.yaml\n")
    assert said(own) == ["shop.yaml:5:12 unknown key 'wrokers' in service 'order'"]
    write(tmp_path, shop="services: {a: [}\n")
    (found,) = said(own)
    assert found.startswith("shop.yaml:1:16 this is not YAML: did not find expected node content")


def test_an_included_services_problem_through_an_override_is_told_once(tmp_path: Path) -> None:
    own = OWN + "include: shop.yaml\nvariants: { one: { order.workers: none }, two: { order.workers: none } }\n"
    assert len(said(write(tmp_path, shop=SHOP, own=own))) == 2


@pytest.mark.parametrize(
    ("written", "problem"),
    [
        ("own.yaml", "'own.yaml' includes itself"),
        ("ring.yaml", "'own.yaml' includes itself, through ring.yaml"),
        ("http://x.org/a.yaml", "'http://x.org/a.yaml' is an address; what is included is a file of this machine"),
        ("missing.yaml", "there is no playbook 'missing.yaml' beside 'own.yaml'"),
        ("secret.txt", "there is no playbook 'secret.txt' beside 'own.yaml'"),
        ("partitoin", "there is no playbook 'partitoin' beside 'own.yaml'"),
        ("{ a: b }", "'include' names a playbook or a list of them, not a mapping"),
        ("[ [shop.yaml] ]", "'include' names a playbook or a list of them, not a list"),
    ],
)
def test_what_cannot_be_included_is_told_and_nothing_else(tmp_path: Path, written: str, problem: str) -> None:
    (tmp_path / "secret.txt").write_text("root:x:0\n", encoding="utf-8")
    own = write(tmp_path, own=f"{OWN}include: {written}\n", ring="playbook: ring\ninclude: own.yaml\n", shop=SHOP)
    (found,) = said(own)
    assert found.partition(" ")[2] == problem


def test_a_pile_that_is_too_deep_is_refused(tmp_path: Path) -> None:
    pile = {f"p{n}": f"playbook: p\ninclude: p{n + 1}.yaml\n" for n in range(DEEPEST + 3)}
    (found,) = said(write(tmp_path, own=OWN + "include: p0.yaml\n", **pile))
    assert found.partition(" ")[2] == f"inclusions go more than {DEEPEST} playbooks deep"


def test_many_that_include_many_are_bounded(tmp_path: Path) -> None:
    own = OWN + "include: [" + "shop.yaml, " * 9 + "]\n"
    assert said(write(tmp_path, shop=SHOP, own=own)) == ["own.yaml:3:10 9 playbooks to include are too many; at most 8"]


def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.yaml")
    (found,) = said(write(tmp_path, own=OWN + "include: pipe.yaml\n"))
    assert found.partition(" ")[2] == "there is no playbook 'pipe.yaml' beside 'own.yaml'"
