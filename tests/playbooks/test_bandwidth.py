"""Bandwidth: small answers and packed ones pass; made large again, they queue as the others do."""

from __future__ import annotations

import pytest

from tests.support.simulations import broken


def test_every_expectation_holds() -> None:
    assert broken("bandwidth") == []


@pytest.mark.parametrize(
    ("variant", "taken_away", "times"),
    [("compressed", "catalog.compress=false", "> 3 *"), ("identifiers", "catalog.payload=40KB", "> 15 *")],
)
def test_without_its_cure_a_page_is_as_large_as_any(variant: str, taken_away: str, times: str) -> None:
    assert broken("bandwidth", changed=[f"{variant}:{taken_away}"]) == [
        f"{variant}: p90 during thin < 200ms",
        f"bytes(large, page -> catalog) {times} bytes({variant}, page -> catalog)",
    ]


def test_through_a_wide_link_even_large_pages_pass() -> None:
    assert broken("bandwidth", changed=["faults.thin.rate=4MB/s"]) == ["large: p90 during thin > 800ms"]
