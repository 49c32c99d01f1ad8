"""The reference has a section or a row for everything there is, and for nothing that is not."""

from __future__ import annotations

from typing import get_args

import pytest

from chaoscli.checks.catalogue import INVARIANTS
from chaoscli.checks.expectation import parse_expectation
from chaoscli.checks.sentence import Names, Relation
from chaoscli.faults.catalogue import FAULTS
from chaoscli.faults.datagrams.catalogue import DATAGRAM_FAULTS
from chaoscli.measures.base import EVERY_WINDOW
from chaoscli.measures.catalogue import MEASURES
from chaoscli.playbook.cue_kinds import CUES
from chaoscli.playbook.doubts.catalogue import DOUBTS
from chaoscli.playbook.load import shipped
from chaoscli.playbook.one_service import service_part
from chaoscli.playbook.read import read_playbook
from chaoscli.playbook.reference import TOPICS, nearest_topic, page
from chaoscli.playbook.reference_rows import Page, Section
from chaoscli.playbook.schema import playbook_schema
from chaoscli.services.catalogue import KINDS
from chaoscli.topology import Link
from tests.playbook.texts import SMALL

DEFINITIONS = playbook_schema()["$defs"]


def section(of: Page, heading: str) -> Section:
    (found,) = [one for one in of.sections if one.heading == heading]
    return found


def names(of: Section) -> set[str]:
    return {row.name for row in of.rows}


def keys(model: str) -> set[str]:
    """What the schema lets one write there."""
    return set(DEFINITIONS[model]["properties"])


def test_every_fault_has_its_section_with_every_key_that_may_be_written() -> None:
    made = page("faults")
    assert [one.heading for one in made.sections] == [
        "every fault",
        *FAULTS,
        *(f"{kind} (of a link that carries udp)" for kind in DATAGRAM_FAULTS),
    ]
    shared = names(section(made, "every fault"))
    for kind, row in FAULTS.items():
        own = names(section(made, kind))
        assert kind in own
        assert own <= keys(row.settings.__name__) <= own | shared, kind


def test_every_cue_has_its_section_with_every_key_that_may_be_written() -> None:
    made = page("cues")
    assert [one.heading for one in made.sections] == ["every cue", *CUES]
    shared = names(section(made, "every cue"))
    for kind in CUES:
        own = names(section(made, kind))
        assert kind in own
        assert own <= keys(f"{kind.capitalize()}Cue") <= own | shared, kind


def test_every_key_of_a_playbook_and_every_warning_has_its_row() -> None:
    made = page("playbook")
    assert names(section(made, "a playbook")) == set(playbook_schema()["properties"])
    assert names(section(made, "parameters")) == keys("Parameter")
    (only,) = page("warnings").sections
    assert [row.name for row in only.rows] == list(DOUBTS)


def test_every_cue_has_its_section_with_every_key() -> None:
    made = page("cues")
    shared = names(section(made, "every cue"))
    assert {one.heading for one in made.sections} == {"every cue", *CUES}
    for kind in CUES:
        assert names(section(made, kind)) <= keys(f"{kind.capitalize()}Cue") <= names(section(made, kind)) | shared


def test_the_playbook_that_is_shown_is_right() -> None:
    text = page("playbook").example.replace("include: retries", SMALL.partition("services:")[1] + SMALL.partition("services:")[2])
    text = text.replace(SMALL[SMALL.index("load:") :], "")
    assert len(read_playbook(text.encode(), "x.yaml").variants) == 4


def test_every_measure_has_its_row() -> None:
    (only,) = page("measures").sections
    assert [row.name for row in only.rows] == list(MEASURES)


def test_every_service_has_its_section_with_every_key() -> None:
    made = page("services")
    shared = names(section(made, "every service"))
    for kind in KINDS:
        assert names(section(made, kind)) | shared == keys(service_part(kind).__name__), kind
    assert {one.heading for one in made.sections} > set(KINDS)
    assert names(section(made, "gateway: move")) == keys("Move")


def test_every_key_of_a_policy_is_there_and_so_are_the_keys_inside() -> None:
    made = page("policies")
    assert names(section(made, "a call")) == keys("Policy")
    inside = {"retry": "Retry", "hedge": "Hedge", "breaker": "Breaker", "bulkhead": "Bulkhead", "throttle": "Throttle"}
    inside |= {"rate_limit": "RateLimit", "cache": "Cache", "fallback_reply": "Reply"}
    assert {one.heading for one in made.sections} == {"a call", *inside}
    for heading, model in inside.items():
        assert names(section(made, heading)) == keys(model)


def test_every_key_of_a_load_is_there_or_on_the_page_of_policies() -> None:
    made = page("load")
    own = names(section(made, "a load"))
    assert own - keys("Load") == set()
    assert own | names(section(page("policies"), "a call")) >= keys("Load")
    assert "rate" in own
    inside = {"requests": "Asked", "values": "Value", "stages": "Step", "bursts": "Bursts"}
    assert {one.heading for one in made.sections} == {"a load", *inside}
    for heading, model in inside.items():
        assert names(section(made, heading)) == keys(model)


def test_the_loads_that_are_shown_are_right() -> None:
    text = SMALL.partition("load:")[0] + page("load").example + "\nlasts: 9s\n"
    assert [node.name for node in read_playbook(text.encode(), "x.yaml").variants[0].topology.loads] == ["shoppers", "office"]


def test_expectations_tell_every_law_relation_and_window() -> None:
    made = page("expectations")
    assert names(section(made, "laws of the shop")) == set(INVARIANTS)
    signs = [row.name for row in section(made, "comparisons").rows]
    assert signs == [*get_args(Relation), "between A and B", "within 10% of A", "no X"]
    assert section(made, "how to say it").text.startswith("sentence   = ")
    assert {word for name in names(section(made, "windows")) for word in name.split()} >= EVERY_WINDOW


def test_the_sentences_that_are_shown_are_understood() -> None:
    known = Names(
        variants=("jitter", "budget", "naive"), links=(Link("order", "inventory"),), loads=("shoppers",), faults=("slow",)
    )
    for line in page("expectations").example.splitlines()[1:]:
        assert parse_expectation(line.removeprefix("  - "), known)


@pytest.mark.parametrize("topic", TOPICS)
def test_nothing_is_without_words(topic: str) -> None:
    made = page(topic)
    assert made.lead
    for one in made.sections:
        assert one.doc or one.text or one.rows, one.heading
        assert [row.name for row in one.rows if not row.doc] == [], one.heading
        assert not any("``" in text for text in (one.doc, *(row.doc for row in one.rows)))


def test_no_playbook_is_called_like_a_topic() -> None:
    assert {one.name for one in shipped()} & set(TOPICS) == set()


@pytest.mark.parametrize(("word", "topic"), [("policy", "policies"), ("fault", "faults"), ("metrics", ""), ("partition", "")])
def test_a_topic_that_was_nearly_named(word: str, topic: str) -> None:
    assert nearest_topic(word) == topic
