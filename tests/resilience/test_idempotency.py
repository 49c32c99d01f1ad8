from __future__ import annotations

import uuid

import pytest

from chaoscli.messages import IDEMPOTENCY_KEY, REQUEST_ID, Request
from chaoscli.resilience.idempotency import with_key


def key(
    method: str = "POST", target: str = "/charge", name: str = "r1", callee: str = "payment", number: int = 1, attempt: str = "1"
) -> str:
    headers = ((REQUEST_ID, name), ("x-attempt", attempt))
    return with_key(Request(method=method, target=target, headers=headers), callee, number).header(IDEMPOTENCY_KEY)


def test_a_key_is_a_uuid_and_the_same_for_every_attempt() -> None:
    assert uuid.UUID(key()).version == 5
    assert key(attempt="1") == key(attempt="2")


def test_another_operation_has_another_key() -> None:
    keys = {
        key(), key(method="PATCH"), key(target="/refund"), key(name="r2"), key(callee="bank"), key(number=2),
    }  # fmt: skip

    assert len(keys) == 6


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "DELETE"])
def test_what_may_be_repeated_anyhow_needs_none(method: str) -> None:
    assert key(method=method) == ""


def test_a_key_that_is_there_already_stays() -> None:
    request = Request(method="POST", target="/", headers=((IDEMPOTENCY_KEY, "mine"),))

    assert with_key(request, "payment", 1) is request
