"""A whole shop under faults in the simulated world: with its safeguards every law holds, and without one its law is broken."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from chaoscli.checks.catalogue import LAWS
from chaoscli.messages import Headers, Request, Response
from chaoscli.outcome import Check
from chaoscli.services.broker import Broker
from tests.checks.whole_shop import WHOLE_SHOP
from tests.support.simulations import judged

EXPECTED = "".join(f"  - all: {law.name}\n" for law in LAWS)


def broken(folder: Path, *changed: str, seed: int = 1) -> Sequence[Check]:
    playbook = folder / "whole-shop.yaml"
    playbook.write_text(WHOLE_SHOP + EXPECTED)
    return judged(playbook, seed=seed, changed=changed).broken


@pytest.mark.parametrize("seed", range(1, 6))
def test_a_shop_with_its_safeguards_keeps_every_law_while_answers_are_lost(seed: int, tmp_path: Path) -> None:
    assert [(check.text, check.shown, check.reason) for check in broken(tmp_path, seed=seed)] == []


@pytest.mark.parametrize(
    ("changed", "law"),
    [
        ("order.compensation=none", "sagas atomic"),
        ("order.outbox=false", "every order published"),
        ("shipping.idempotent=false", "one effect per key"),
    ],
)
def test_without_a_safeguard_its_law_is_broken_and_requests_are_named(changed: str, law: str, tmp_path: Path) -> None:
    found = {check.text: check.guilty for check in broken(tmp_path, changed)}
    assert found[law]
    assert all(request.startswith("shoppers-") for request in found[law])


def test_a_broker_that_loses_what_it_accepted_is_named_by_those_who_published(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish = Broker._publish

    def forgetful(broker: Broker, request: Request, topic: str) -> Response:
        answer = publish(broker, request, topic)
        if json.loads(answer.body)["id"] % 5 == 0:
            broker._store.acknowledge(topic, "default", json.loads(answer.body)["id"])
        return answer

    monkeypatch.setattr(Broker, "_publish", forgetful)
    (check,) = broken(tmp_path)
    assert check.text == "every message delivered"
    assert len(check.guilty) > 10


def test_a_shipping_that_sends_out_what_nobody_ordered_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def misread(headers: Headers, message: Any) -> Request:
        body = json.dumps({**message, "orderId": message["orderId"][::-1]}).encode()
        return Request(method="POST", target="/api/shipments", headers=headers, body=body)

    monkeypatch.setattr("chaoscli.services.shipping._delivered", misread)
    (check,) = broken(tmp_path)
    assert check.text == "nothing invented"
    assert len(check.guilty) > 50
