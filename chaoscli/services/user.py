"""User: says whether a customer may order."""

from __future__ import annotations

from dataclasses import dataclass

from chaoscli.faults.base import BadSetting
from chaoscli.messages import Request, Response
from chaoscli.services.base import Service
from chaoscli.services.node import Node
from chaoscli.services.replies import reply, segments, unknown
from chaoscli.services.work import Capacity
from chaoscli.settings import setting

PLACES = ("GET /api/users/validate/{customer}",)


@dataclass(frozen=True, slots=True, kw_only=True)
class UserSettings(Capacity):
    """Who is a customer. Loads number theirs, so the names are known by how they begin."""

    prefix: str = setting("how the names of all customers begin", "CUST-")
    blocked: tuple[str, ...] = setting("customers who may not order", ())

    def __post_init__(self) -> None:
        for name in self.blocked:
            if not name.startswith(self.prefix):
                raise BadSetting("blocked", f"has '{name}', who is no customer: their names begin with '{self.prefix}'")


class User(Service):
    """Knows customers by name, and keeps nothing."""

    parameters = ()

    def __init__(self, node: Node, settings: UserSettings) -> None:
        self._settings = settings

    async def handle(self, request: Request) -> Response:
        match request.method, segments(request):
            case "GET", ["api", "users", "validate", customer]:
                return self._validate(customer)
        return unknown(request, PLACES)

    def _validate(self, customer: str) -> Response:
        if not customer.startswith(self._settings.prefix):
            return _answer(customer, False, "Customer not found")
        if customer in self._settings.blocked:
            return _answer(customer, False, "Customer is blocked")
        return _answer(customer, True, "Customer is valid")


def _answer(customer: str, valid: bool, message: str) -> Response:
    return reply(200, {"customerId": customer, "valid": valid, "message": message})
