from __future__ import annotations

import pytest

from chaoscli.faults.base import BadSetting
from chaoscli.services.user import UserSettings
from tests.services.shop import Shop


@pytest.mark.parametrize(
    ("customer", "valid", "message"),
    [
        ("CUST-1", True, "Customer is valid"),
        ("CUST-13", False, "Customer is blocked"),
        ("MALLORY", False, "Customer not found"),
        ("cust-1", False, "Customer not found"),
    ],
)
async def test_who_may_order(customer: str, valid: bool, message: str) -> None:
    shop = Shop()
    shop.open("user", "user", blocked=("CUST-13",))
    assert await shop.ask("user", "GET", f"/api/users/validate/{customer}") == (
        200,
        {"customerId": customer, "valid": valid, "message": message},
    )


async def test_a_name_that_no_log_could_bear_is_refused() -> None:
    shop = Shop()
    shop.open("user", "user")
    answer = await shop.ask("user", "GET", f"/api/users/validate/CUST-{'1' * 300}")
    assert answer == (400, {"error": "a name must have at most 256 characters"})


def test_only_a_customer_can_be_blocked() -> None:
    with pytest.raises(BadSetting, match="'BOB', who is no customer"):
        UserSettings(blocked=("BOB",))
