"""Services of a whole shop are killed at random moments under load, and started again: no law is broken, whoever it was."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from random import Random

import pytest

from chaoscli.checks.catalogue import LAWS
from chaoscli.events import NodeChanged, RequestEnded
from chaoscli.messages import Result
from chaoscli.playbook.load import load_playbook
from chaoscli.recording import Recording
from chaoscli.services.order_book import Order, OrderBook
from chaoscli.topology import Topology
from chaoscli.worlds.base import CURTAIN_DELAY_S
from chaoscli.worlds.clock import Kernel, simulate
from chaoscli.worlds.simulated import SimulatedWorld, open_simulated_world
from tests.checks.whole_shop import WHOLE_SHOP

LASTS_S = 3.0
KEEPING_BOOKS = ("order", "inventory", "payment", "bank", "broker", "shipping")


class Told:
    def __init__(self) -> None:
        self.recording = Recording("crashes")
        self.record = self.recording.add


@dataclass(frozen=True, slots=True)
class Books:
    """What is in the databases at the end: of which requests orders were made, and of which orders what was done."""

    requests: frozenset[str]
    orders: frozenset[str]
    charged: frozenset[str]
    reserved: frozenset[str]
    shipped: frozenset[str]


def books(world: SimulatedWorld) -> Books:
    def column(node: str, database: str, select: str) -> frozenset[str]:
        return frozenset(str(row[0]) for row in world._disks[node].open(database).execute(select).fetchall())

    return Books(
        requests=column("order", "orders", "SELECT request FROM orders WHERE state = 'created'"),
        orders=column("order", "orders", "SELECT id FROM orders WHERE state = 'created'"),
        charged=column("payment", "charges", "SELECT key FROM charges WHERE state = 'charged'"),
        reserved=column("inventory", "stock", "SELECT key FROM reservations WHERE state = 'reserved'"),
        shipped=column("shipping", "shipments", "SELECT id FROM shipments"),
    )


def played(topology: Topology, victims: tuple[str, ...], seed: int) -> tuple[Recording, Books]:
    """Each victim is killed at a moment of its own within two seconds and is back within half a second."""
    told, dice, kept = Told(), Random(f"crashes {seed}"), list[Books]()

    async def play(kernel: Kernel) -> None:
        async with open_simulated_world(topology, told, seed=seed, kernel=kernel, lasts_s=LASTS_S) as world:
            await world.raise_curtain()
            for number, victim in enumerate(victims):
                await world.sleep_until(2.0 * (number + dice.random()) / len(victims))
                await world.kill(victim)
                await kernel.sleep(dice.uniform(0.01, 0.3))
                await world.start(victim)
            await world.sleep_until(LASTS_S)
            await world.drain()
            await kernel.sleep(2.0)  # until all that is due has been done
            kept.append(books(world))
            await world.finish(complete=True)

    simulate(play, seed=seed, starts_at=-CURTAIN_DELAY_S)
    return told.recording, kept[0]


def broken(folder: Path, victims: tuple[str, ...], seed: int, *changed: str) -> dict[str, tuple[str, ...]]:
    playbook = folder / "whole-shop.yaml"
    playbook.write_text(WHOLE_SHOP + "  - all: no oversell\n")
    topology = load_playbook(playbook, overrides=changed).variants[0].topology
    recording, kept = played(topology, victims, seed)
    assert sum(change.state == "killed" for change in recording.of(NodeChanged)) == len(victims)
    found = {law.name: law.judge(recording).guilty for law in LAWS} | forgotten(recording, kept)
    return {name: guilty for name, guilty in found.items() if guilty}


def forgotten(recording: Recording, kept: Books) -> dict[str, tuple[str, ...]]:
    """What somebody was told is done and is not in the books, and what is in the one and not in the others."""
    promised = {one.request for one in recording.of(RequestEnded) if one.result is Result.OK}
    assert len(promised) > 20
    return {
        "orders forgotten": tuple(sorted(promised - kept.requests)),
        "orders unpaid": tuple(sorted(kept.orders - kept.charged)),
        "payments of nothing": tuple(sorted(kept.charged - kept.orders)),
        "orders without stock": tuple(sorted(kept.orders ^ kept.reserved)),
        "orders never sent out": tuple(sorted(kept.orders ^ kept.shipped)),
    }


@pytest.mark.parametrize("victim", KEEPING_BOOKS)
@pytest.mark.parametrize("seed", range(1, 5))
def test_no_law_is_broken_by_killing_a_service_five_times(victim: str, seed: int, tmp_path: Path) -> None:
    assert broken(tmp_path, (victim,) * 5, seed) == {}


@pytest.mark.parametrize("seed", range(1, 11))
def test_no_law_is_broken_by_killing_one_after_the_other(seed: int, tmp_path: Path) -> None:
    victims = Random(seed).sample(KEEPING_BOOKS, len(KEEPING_BOOKS))
    assert broken(tmp_path, tuple(victims), seed) == {}


def test_compensation_at_once_does_not_survive_a_crash_in_the_middle(tmp_path: Path) -> None:
    found = broken(tmp_path, ("order",) * 5, 1, "order.compensation=at_once")
    assert list(found) == ["sagas atomic", "payments of nothing", "orders without stock"]


def test_an_order_book_that_forgets_what_it_has_promised_is_found_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    create = OrderBook.create

    def forgetful(book: OrderBook, order: Order, *, to_outbox: bool) -> None:
        if not order.id.startswith("0"):
            create(book, order, to_outbox=to_outbox)

    monkeypatch.setattr(OrderBook, "create", forgetful)
    assert "orders forgotten" in broken(tmp_path, ("broker",), 1)
