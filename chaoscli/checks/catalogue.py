"""All laws of the shop, by the words in which an expectation names them."""

from __future__ import annotations

from chaoscli.checks.laws import Invariant
from chaoscli.checks.no_double_charge import NO_DOUBLE_CHARGE
from chaoscli.checks.no_oversell import NO_OVERSELL
from chaoscli.checks.stock_conserved import STOCK_CONSERVED

INVARIANTS: dict[str, Invariant] = {law.name: law for law in (NO_OVERSELL, NO_DOUBLE_CHARGE, STOCK_CONSERVED)}
