"""Insecure: each protection, taken away, lets the very thing happen again that it was there against."""

from __future__ import annotations

import pytest

from chaoscli.event_lines import encode
from chaoscli.events import Overheard
from tests.support.simulations import broken, simulated


def test_every_expectation_holds() -> None:
    assert broken("insecure") == []


@pytest.mark.parametrize(
    ("taken_away", "claims"),
    [
        (
            "signed:payment.auth=none",
            [
                "signed: mischarged == 0",
                "signed: duplicates(charged) == 0",
                "signed: success(shoppers) during changes < 50%",
                "signed: success(forger) == 0%",
            ],
        ),
        (
            "mutual-tls:payment.tls=false",
            [
                "mutual-tls: overheard(order -> payment) == 0",
                "mutual-tls: mischarged == 0",
                "mutual-tls: success(forger) == 0%",
            ],
        ),
        ("mutual-tls:payment.validates=false", ["mutual-tls: success(insider) == 0%"]),
    ],
)
def test_without_it_the_thief_is_back(taken_away: str, claims: list[str]) -> None:
    assert broken("insecure", changed=[taken_away]) == claims


def test_the_bytes_are_shown_as_they_passed_and_no_card_number_is_written_down() -> None:
    recording = simulated("insecure", variants=["open", "mutual-tls"])
    caught = [one for one in recording.variants["open"].of(Overheard) if one.what == "card number"]
    assert caught[0].text.endswith('"amount":20,"card":"411111******1111"}')
    sealed = recording.variants["mutual-tls"].of(Overheard)
    assert [one.what for one in sealed] == ["first bytes"]
    lines = [encode(event) for of in recording.variants.values() for event in of.events]
    assert [line for line in lines if "4111111111111111" in line] == []
