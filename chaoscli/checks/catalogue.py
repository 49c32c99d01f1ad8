"""All laws of the shop, by the words in which an expectation names them."""

from __future__ import annotations

from chaoscli.checks.every_message_delivered import EVERY_MESSAGE_DELIVERED
from chaoscli.checks.every_order_published import EVERY_ORDER_PUBLISHED
from chaoscli.checks.laws import Invariant
from chaoscli.checks.linearizable import LINEARIZABLE
from chaoscli.checks.no_double_charge import NO_DOUBLE_CHARGE
from chaoscli.checks.no_oversell import NO_OVERSELL
from chaoscli.checks.no_step_back import NO_STEP_BACK
from chaoscli.checks.no_write_lost import NO_WRITE_LOST
from chaoscli.checks.nothing_invented import NOTHING_INVENTED
from chaoscli.checks.one_effect_per_key import ONE_EFFECT_PER_KEY
from chaoscli.checks.one_owner import ONE_OWNER
from chaoscli.checks.one_primary import ONE_PRIMARY
from chaoscli.checks.reads_own_writes import READS_OWN_WRITES
from chaoscli.checks.recovers import RECOVERS
from chaoscli.checks.sagas_atomic import SAGAS_ATOMIC
from chaoscli.checks.shipped_in_time import SHIPPED_IN_TIME
from chaoscli.checks.stock_conserved import STOCK_CONSERVED
from chaoscli.checks.transactions_atomic import TRANSACTIONS_ATOMIC

# Of the shop itself: what must never happen, or be true at rest.
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
# What must happen in the end, once nothing is broken any more.
LIVENESS = (SHIPPED_IN_TIME, RECOVERS)
# Of stores, of what leases protect, and of transactions over several participants.
LAWS_OF_STORES = (LINEARIZABLE, READS_OWN_WRITES, NO_STEP_BACK, ONE_PRIMARY, NO_WRITE_LOST, ONE_OWNER, TRANSACTIONS_ATOMIC)
INVARIANTS: dict[str, Invariant] = {law.name: law for law in (*LAWS, *LIVENESS, *LAWS_OF_STORES)}
