"""All laws of the shop, by the words in which an expectation names them."""

from __future__ import annotations

from chaoscli.checks.every_message_delivered import EVERY_MESSAGE_DELIVERED
from chaoscli.checks.every_order_published import EVERY_ORDER_PUBLISHED
from chaoscli.checks.laws import Invariant
from chaoscli.checks.no_double_charge import NO_DOUBLE_CHARGE
from chaoscli.checks.no_oversell import NO_OVERSELL
from chaoscli.checks.nothing_invented import NOTHING_INVENTED
from chaoscli.checks.one_effect_per_key import ONE_EFFECT_PER_KEY
from chaoscli.checks.sagas_atomic import SAGAS_ATOMIC
from chaoscli.checks.stock_conserved import STOCK_CONSERVED

LAWS = (
    NO_OVERSELL,
    NO_DOUBLE_CHARGE,
    STOCK_CONSERVED,
    NOTHING_INVENTED,
    SAGAS_ATOMIC,
    ONE_EFFECT_PER_KEY,
    EVERY_MESSAGE_DELIVERED,
    EVERY_ORDER_PUBLISHED,
)
INVARIANTS: dict[str, Invariant] = {law.name: law for law in LAWS}
