"""Every policy says where it comes from and what is usual elsewhere, beside what it really takes here."""

from __future__ import annotations

import re
from dataclasses import fields
from functools import cache

import pytest

from chaoscli.playbook.reference import page
from chaoscli.playbook.reference_rows import Section
from chaoscli.resilience.elsewhere import ELSEWHERE, LIBRARIES
from chaoscli.resilience.policy import LAYERS, Breaker, Policy

# What is a switch of a call, and no mapping of its own, is on its page.
OF_A_CALL = {"timeout", "deadline", "pass_deadline", "fallback"}


@cache
def sections() -> dict[str, Section]:
    return {section.heading: section for topic in ("policies", "services") for section in page(topic).sections}


def test_every_layer_is_told_of() -> None:
    of_a_call = {one.setting for one in ELSEWHERE["a call"].beside}
    assert of_a_call >= OF_A_CALL
    assert set(LAYERS) <= set(ELSEWHERE) | of_a_call
    mappings = {field.name for field in fields(Policy)} & {section.heading for section in page("policies").sections}
    assert mappings <= set(ELSEWHERE)


@pytest.mark.parametrize("heading", ELSEWHERE)
def test_a_source_can_be_looked_up(heading: str) -> None:
    """A year, or the number of a standard; and it is shown."""
    source = ELSEWHERE[heading].source
    assert re.search(r"\b(19|20)\d\d\b|\bRFC \d+", source)
    assert sections()[heading].source == source


def test_what_holds_here_is_read_off_the_policies_themselves() -> None:
    head, *rows = sections()["breaker"].beside
    assert head == ("", "here", *LIBRARIES)
    here = {row[0]: row[1] for row in rows}
    assert (here["calls"], here["trials"]) == (str(Breaker.__dataclass_fields__["calls"].default), "3")
    assert here["failures"] == "50%"
    assert here["within"] == "none"


@pytest.mark.parametrize("heading", [heading for heading, known in ELSEWHERE.items() if known.beside])
def test_every_setting_that_is_compared_exists(heading: str) -> None:
    section = sections()[heading]
    assert {row[0] for row in section.beside[1:]} <= {row.name for row in section.rows}
    assert all(cell for row in section.beside[1:] for cell in row)
