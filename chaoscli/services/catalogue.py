"""Every kind of service there is: its settings, what makes one, and what it is in a line."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from chaoscli.services.bank import Bank, BankSettings
from chaoscli.services.base import Service
from chaoscli.services.broker import Broker, BrokerSettings
from chaoscli.services.coordinator import Coordinator, CoordinatorSettings
from chaoscli.services.gateway import Gateway, GatewaySettings
from chaoscli.services.holder import LOCK, VAULT, Holder, HolderSettings
from chaoscli.services.hop import Hop, HopSettings
from chaoscli.services.inventory import Inventory, InventorySettings
from chaoscli.services.lock import Lock, LockSettings
from chaoscli.services.monolith import ModularMonolith, ModularMonolithSettings, Monolith, MonolithSettings
from chaoscli.services.node import Node
from chaoscli.services.order import Order, OrderSettings
from chaoscli.services.participant import Participant, ParticipantSettings
from chaoscli.services.payment import Payment, PaymentSettings
from chaoscli.services.pricing import Pricing, PricingSettings
from chaoscli.services.register import Register, RegisterSettings
from chaoscli.services.registrar import REGISTRY
from chaoscli.services.registry import Registry, RegistrySettings
from chaoscli.services.replica import Replica
from chaoscli.services.replica_member import ReplicaSettings
from chaoscli.services.shipping import Shipping, ShippingSettings
from chaoscli.services.user import User, UserSettings
from chaoscli.services.vault import Vault, VaultSettings
from chaoscli.services.work import Capacity


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceKind:
    """``make`` takes the node and an instance of ``settings``, which always extends ``Capacity``. ``asks`` names the only
    services it knows how to ask; None: whomever it is joined to."""

    settings: type[Capacity]
    make: Callable[[Node, Any], Service]
    doc: str
    asks: tuple[str, ...] | None = None


KINDS: dict[str, ServiceKind] = {
    "order": ServiceKind(
        settings=OrderSettings,
        make=Order,
        doc="takes orders: POST /api/orders; calls user, inventory, pricing, payment and broker, if joined to them",
        asks=("user", "inventory", "pricing", "payment", "broker", REGISTRY),
    ),
    "inventory": ServiceKind(
        settings=InventorySettings,
        make=Inventory,
        doc="knows the stock: GET /api/inventory/check/..., POST .../reserve/...",
        asks=(REGISTRY,),
    ),
    "payment": ServiceKind(
        settings=PaymentSettings,
        make=Payment,
        doc="charges customers: POST /payment/charge; honours Idempotency-Key; asks the bank, if joined to it",
        asks=("bank", REGISTRY),
    ),
    "bank": ServiceKind(
        settings=BankSettings,
        make=Bank,
        doc="the outside party, slow and rate limited: POST /bank/charge, /bank/refund",
        asks=(),
    ),
    "user": ServiceKind(
        settings=UserSettings,
        make=User,
        doc="knows the customers: GET /api/users/validate/{customer}",
        asks=(REGISTRY,),
    ),
    "pricing": ServiceKind(
        settings=PricingSettings, make=Pricing, doc="knows what things cost: GET /api/prices/{product}", asks=(REGISTRY,)
    ),
    "shipping": ServiceKind(
        settings=ShippingSettings,
        make=Shipping,
        doc="sends out the orders that the broker has, at its own pace: POST and GET /api/shipments",
        asks=("broker", REGISTRY),
    ),
    "monolith": ServiceKind(
        settings=MonolithSettings,
        make=Monolith,
        doc="the whole shop in one program: order, user, inventory, pricing and payment share one pool of workers",
        asks=("bank", "broker", REGISTRY),
    ),
    "modular-monolith": ServiceKind(
        settings=ModularMonolithSettings,
        make=ModularMonolith,
        doc="the whole shop in one program, in which each module has workers and a queue of its own",
        asks=("bank", "broker", REGISTRY),
    ),
    "gateway": ServiceKind(settings=GatewaySettings, make=Gateway, doc="hands each request to one of the replicas it calls"),
    "registry": ServiceKind(
        settings=RegistrySettings,
        make=Registry,
        doc="lists who serves what: PUT /registry/{service}/{instance} again and again, GET /registry",
        asks=(),
    ),
    "hop": ServiceKind(
        settings=HopSettings, make=Hop, doc="a link of a chain: does its work, then asks the services it calls; any path"
    ),
    "broker": ServiceKind(
        settings=BrokerSettings,
        make=Broker,
        doc="topics, at-least-once: POST /topics/T to publish, .../lease, .../ack/ID",
        asks=(),
    ),
    "replica": ServiceKind(
        settings=ReplicaSettings,
        make=Replica,
        doc="one copy of a store with a primary: GET and PUT /store/KEY?client=NAME; its group are all it calls",
    ),
    "lock": ServiceKind(
        settings=LockSettings,
        make=Lock,
        doc="grants leases with tokens that grow: POST, DELETE and GET /locks/NAME",
        asks=(REGISTRY,),
    ),
    "holder": ServiceKind(
        settings=HolderSettings,
        make=Holder,
        doc="asks the lock for a lease, and works on the vault for as long as it believes to have it",
        asks=(LOCK, VAULT),
    ),
    "vault": ServiceKind(
        settings=VaultSettings,
        make=Vault,
        doc="what a lease protects: POST /vault/NAME with the token of the lease",
        asks=(REGISTRY,),
    ),
    "coordinator": ServiceKind(
        settings=CoordinatorSettings,
        make=Coordinator,
        doc="takes from several participants, from all or from none: POST /transactions; they are all it calls",
    ),
    "participant": ServiceKind(
        settings=ParticipantSettings,
        make=Participant,
        doc="holds amounts of things, and takes part in transactions: POST /things/NAME/take for who does not",
        asks=(REGISTRY,),
    ),
    "register": ServiceKind(
        settings=RegisterSettings, make=Register, doc="replicated values, last write wins: GET and PUT /register/KEY"
    ),
}
