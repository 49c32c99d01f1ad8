"""Parameters are filled in wherever a value is written, checked where they are given, and chosen from outside."""

from __future__ import annotations

import pytest

from chaoscli.errors import PlaybookError
from chaoscli.playbook.explain import explain
from chaoscli.playbook.meaning import Playbook
from chaoscli.playbook.parameters import Parameter
from chaoscli.playbook.read import read_playbook
from chaoscli.units import parse_rate

BODY = """\
playbook: small
title: At ${pace}, they say
services:
  inventory: { workers: "${workers}" }
  order: { calls: { inventory: { timeout: "${wait}" } } }
load:
  shoppers: { request: "POST order /of/${who}/${n}", rate: "${pace}", values: { who: [a, b] } }
variants: { one: {}, two: { order.workers: "${workers}" } }
faults: [{ name: slow, slow: "${whom}", by: 4x, at: 1s, for: 1s }]
lasts: 10s
expect: ["success > ${least} before slow"]
parameters:
  workers: 4
  wait: { type: duration, default: 300ms, help: how long order waits }
  pace: 20/s
  whom: { default: inventory, one_of: [inventory, order] }
  least: 99%
"""


def read(*overrides: str, text: str = BODY) -> Playbook:
    return read_playbook(text.encode(), "small.yaml", overrides=overrides)


def said(*overrides: str, text: str = BODY) -> list[str]:
    with pytest.raises(PlaybookError) as caught:
        read(*overrides, text=text)
    return [f"{one.place.file}:{one.place.line}:{one.place.column} {one.message} | {one.hint}" for one in caught.value.problems]


def test_a_parameter_stands_wherever_a_value_is_written() -> None:
    playbook = read()
    one, two = playbook.variants
    assert one.topology.node("inventory").settings["workers"] == 4
    assert two.topology.node("order").settings["workers"] == 4
    assert one.topology.node("order").calls["inventory"]["timeout"] == 0.3
    assert one.topology.node("shoppers").settings["rate"] == 20.0
    assert one.faults[0].targets == ("inventory",)
    assert (playbook.title, playbook.expectations[0].text) == ("At 20/s, they say", "success > 99% before slow")


def test_blanks_that_are_no_parameters_are_left_to_the_load() -> None:
    assert read().variants[0].topology.node("shoppers").settings["request"] == "POST order /of/${who}/${n}"


def test_whoever_plays_it_chooses() -> None:
    playbook = read("pace=50/s", "workers=7", "order.workers=9")
    (shoppers,) = playbook.variants[0].topology.loads
    assert shoppers.settings["rate"] == parse_rate("50/s")
    assert [variant.topology.node("order").settings["workers"] for variant in playbook.variants] == [9, 9]
    assert playbook.variants[0].topology.node("inventory").settings["workers"] == 7


def test_an_override_may_use_a_parameter() -> None:
    assert read("order.workers=${workers}", "workers=6").variants[0].topology.node("order").settings["workers"] == 6


def test_what_they_are_is_known_and_explained() -> None:
    assert read("pace=50/s").parameters[1:4] == (
        Parameter(name="wait", type="duration", value="300ms", default="300ms", help="how long order waits"),
        Parameter(name="pace", type="rate", value="50/s", default="20/s"),
        Parameter(name="whom", type="text", value="inventory", default="inventory", one_of=("inventory", "order")),
    )
    assert explain(read()).parameters == read().parameters


@pytest.mark.parametrize(
    ("default", "kind"),
    [
        ("4", "integer"), ("4.5", "number"), ("true", "boolean"), ("5%", "share"), ("4x", "factor"), ("64KB", "size"),
        ("64KB/s", "bandwidth"), ("30/s", "rate"), ("2m", "duration"), ("inventory", "text"), ("'30/s'", "text"),
    ],
)  # fmt: skip
def test_without_a_type_it_is_written_as_its_default_is(default: str, kind: str) -> None:
    assert read(text=f"{BODY}  other: {default}\n").parameters[-1].type == kind


@pytest.mark.parametrize(
    ("override", "problem"),
    [
        ("wait=soon", "--set:1:6 parameter 'wait' should be a duration, not 'soon' | like 250ms"),
        ("workers=many", "--set:1:9 parameter 'workers' should be a whole number, not 'many' | "),
        ("whom=ordr", "--set:1:6 parameter 'whom' is 'ordr', which is not one of inventory, order | did you mean 'order'?"),
        ("wait=[1s]", "--set:1:6 the value of parameter 'wait' is one value, not a list | "),
        ("pac=3/s", "--set:1:1 there is no parameter 'pac' | did you mean 'pace'?"),
    ],
)
def test_a_value_that_does_not_fit_is_told_where_it_was_given_and_once(override: str, problem: str) -> None:
    assert said(override) == [problem]


def test_a_parameter_without_a_default_must_be_set() -> None:
    text = BODY.replace("pace: 20/s", "pace: { type: rate }")
    assert "parameter 'pace' has no default | say what it is: `--set pace=...`" in said(text=text)[0]
    assert read("pace=3/s", text=text).parameters[2] == Parameter(name="pace", type="rate", value="3/s")


def test_a_value_is_bounded_so_that_using_it_often_is_no_flood() -> None:
    assert said(f"pace={'9' * 501}") == ["--set:1:6 the value of parameter 'pace' has more than 500 characters | "]
