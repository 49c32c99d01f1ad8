"""A playground in the simulated world, from plain code, from asyncio and from trio; real processes have one test of their own."""

from __future__ import annotations

import asyncio
import re
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
import trio

import chaoscli
from chaoscli.cli.replayed import replay_file
from chaoscli.errors import NotMadeError, PlaybookError, UsageError
from chaoscli.events import FaultHealed, FaultInjected, NodeChanged, RequestEnded
from chaoscli.faults.latency import Latency
from chaoscli.faults.slow import Slow
from chaoscli.messages import Result
from chaoscli.python.faces import Doors
from chaoscli.python.portal import Portal
from chaoscli.recording import digest_of
from chaoscli.topology import NodeSpec, Topology

ORDER = {"productId": "BOOK-001", "quantity": 1, "customerId": "C-1"}
PLAYBOOK = """
playbook: checkout
services:
  inventory: { workers: 4, service_time: 10ms, queue: 16 }
  order: { reserve: false, calls: { inventory: { timeout: 300ms } } }
load:
  shoppers: { request: GET order /actuator/health, rate: 20/s, arrivals: constant }
variants:
  naive: { order.calls.inventory.retry: { attempts: 1 } }
  patient: { order.calls.inventory.retry: { attempts: 3, backoff: constant, base: 100ms } }
lasts: 5s
"""


@pytest.fixture(scope="module")
def portal() -> Iterator[Portal]:
    """One for all tests here, so that processes are forked and not started."""
    with Portal() as portal:
        yield portal


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    file = tmp_path / "checkout.yaml"
    file.write_text(PLAYBOOK)
    return file


Opening = Doors[chaoscli.Shop, chaoscli.BlockingShop]


def quiet(play: Path | Topology, portal: Portal, **asked: object) -> Opening:
    return chaoscli.playground(play, world="sim", load=False, portal=portal, **asked)  # type: ignore[arg-type]


def order(shop: chaoscli.BlockingShop, timeout: float = 30.0) -> chaoscli.Reply:
    return shop.call("POST order /api/orders", json=ORDER, timeout=timeout)


# -- what one can do -------------------------------------------------------------------------------------------------------


def test_a_call_answers_with_what_came_of_it_and_how_long_it_took(checkout: Path, portal: Portal) -> None:
    with quiet(checkout, portal) as shop:
        order(shop)  # makes the connections
        reply = order(shop)
    assert (reply.ok, reply.status, reply.json()["status"], reply.request) == (True, 200, "CREATED", "you-2")
    # 10 ms of work at inventory, 5 ms at order, and four messages of 1 ms.
    assert reply.seconds == pytest.approx(0.019, abs=1e-6)
    assert "you-2: ok after 0.019s" in str(reply)


def test_a_reply_that_never_comes_is_a_value_too(checkout: Path, portal: Portal) -> None:
    with quiet(checkout, portal) as shop, shop.fault("silence on you -> order"):
        reply = order(shop, timeout=2.0)
    assert (reply.ok, reply.result, reply.status, reply.seconds) == (False, Result.TIMEOUT, 0, 2.0)


def test_a_fault_lasts_as_long_as_its_block(checkout: Path, portal: Portal) -> None:
    with quiet(checkout, portal) as shop:
        order(shop)
        before = order(shop).seconds
        with shop.fault("latency 50ms on order -> inventory") as name:
            harmed = order(shop).seconds
        after = order(shop).seconds
    assert name == "latency"
    assert harmed - before == pytest.approx(0.050, abs=1e-6)
    assert after == pytest.approx(before)


@pytest.mark.parametrize(
    ("fault", "on"),
    [
        (Latency(delay=0.05), "order -> inventory"),
        ("latency 50ms", "order -> inventory"),
        ("latency 50ms on * -> inventory", None),
        ("latency delay 50ms direction reply on order -> inventory, you -> inventory", None),
        (Slow(by=6.0), "inventory"),
        ("slow 6x on inventory", None),
    ],
)
def test_a_fault_is_said_in_several_ways(checkout: Path, portal: Portal, fault: object, on: str | None) -> None:
    with quiet(checkout, portal) as shop:
        order(shop)
        usual = order(shop).seconds
        with shop.fault(fault, on):  # type: ignore[arg-type]
            assert order(shop).seconds - usual == pytest.approx(0.050, abs=1e-6)


def test_a_fault_that_no_block_was_begun_with_says_that_it_does_nothing(checkout: Path, portal: Portal) -> None:
    words = r"'latency 1s on order -> inventory' was never entered, and does nothing: begin a block with `with ...:`"
    with quiet(checkout, portal) as shop:
        with pytest.warns(RuntimeWarning, match=re.escape(words)):
            shop.fault("latency 1s on order -> inventory")
        assert shop.call("POST order /api/orders", json=ORDER).seconds < 1.0


def test_a_partition_has_bars_between_its_groups(checkout: Path, portal: Portal) -> None:
    with quiet(checkout, portal) as shop:
        with shop.fault("partition mode refuse on order | inventory"):
            assert order(shop).json()["message"] == "Product not available: Inventory service unavailable"
        assert order(shop).ok
        (injected,) = shop.recording.variants["naive"].of(FaultInjected)
    assert injected.text == "partition order | inventory, refuse"


def test_two_faults_of_one_kind_have_names_of_their_own(checkout: Path, portal: Portal) -> None:
    with quiet(checkout, portal) as shop:
        with shop.fault("latency 10ms on you -> order") as one, shop.fault("latency 10ms on order -> inventory") as other:
            pass
        with shop.fault("latency 10ms on you -> order", name="lag") as named:
            pass
        healed = [event.fault for event in shop.recording.variants["naive"].of(FaultHealed)]
    assert (one, other, named) == ("latency", "latency-2", "lag")
    assert healed == ["latency-2", "latency", "lag"]


def test_services_are_killed_restarted_paused_and_resumed(checkout: Path, portal: Portal) -> None:
    with quiet(checkout, portal) as shop:
        shop.kill("inventory")
        assert not shop.call("GET inventory /actuator/health", timeout=1.0).ok
        shop.restart("inventory")
        assert order(shop).ok
        shop.pause("order")
        assert shop.call("GET order /actuator/health", timeout=1.0).result is Result.TIMEOUT
        shop.resume("order")
        assert order(shop).ok
        shop.restart("order")
        assert order(shop).ok
        states = [(one.node, one.state) for one in shop.recording.variants["naive"].of(NodeChanged) if one.at >= 0]
    assert states == [
        ("inventory", "killed"), ("inventory", "starting"), ("inventory", "ready"), ("order", "paused"), ("order", "resumed"),
        ("order", "killed"), ("order", "starting"), ("order", "ready"),
    ]  # fmt: skip


def test_what_it_came_to_is_measured_and_judged_in_the_words_of_a_playbook(checkout: Path, portal: Portal) -> None:
    with quiet(checkout, portal) as shop:
        order(shop)
        with shop.fault("error 503 on order -> inventory", name="broken"):
            order(shop)
        measured = shop.measures("success", "requests during broken", "amplification of order -> inventory")
        assert measured == {"success": 0.5, "requests during broken": 1.0, "amplification of order -> inventory": 0.5}
        assert shop.measures()["requests"] == 2.0
        assert shop.expect("success before broken is 100%").shown == "100% == 100%"
        with pytest.raises(AssertionError, match=r"success > 60%: measured 50% <= 60%"):
            shop.expect("success > 60%")
        with pytest.raises(AssertionError, match=r"no oversell: measured no data \(nothing was reserved\)"):
            shop.expect("no oversell")


def test_the_load_of_a_playbook_goes_on_meanwhile_and_a_second_counts_as_one(checkout: Path, portal: Portal) -> None:
    with chaoscli.playground(checkout, world="sim", portal=portal) as shop:
        shop.sleep(2.0)
        assert shop.now() == 2.0
        assert shop.measures("throughput(shoppers)")["throughput(shoppers)"] == pytest.approx(20.0, abs=1.0)
        shop.set_rate("shoppers", 200.0)
        shop.sleep(1.0)
        assert shop.measures("requests(shoppers)")["requests(shoppers)"] == pytest.approx(240.0, abs=5.0)
        with pytest.raises(UsageError, match="there is no load 'shopers'"):
            shop.set_rate("shopers", 1.0)


def test_a_recording_is_saved_for_the_command_to_read(
    checkout: Path, portal: Portal, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with quiet(checkout, portal) as shop:
        order(shop)
    shop.save(tmp_path / "run.jsonl")
    assert replay_file(tmp_path / "run.jsonl", show="plain", speed=1.0, since_s=0.0) == 0
    assert "checkout" in capsys.readouterr().out


@pytest.mark.parametrize("world", ["sim", "real"])
def test_services_that_look_at_signatures_and_certificates_know_you(world: str, tmp_path: Path, portal: Portal) -> None:
    file = tmp_path / "guarded.yaml"
    file.write_text(PLAYBOOK.replace("service_time: 10ms,", "service_time: 10ms, auth: {}, tls: true,"))
    with chaoscli.playground(file, world=world, load=False, portal=portal) as shop:  # type: ignore[arg-type]
        assert shop.call("GET inventory /api/inventory/check/BOOK-001").status == 200


def test_who_stands_by_is_started_when_it_is_asked_for(portal: Portal) -> None:
    spare = NodeSpec(name="spare", kind="inventory", standby=True)
    with quiet(Topology(nodes=(spare,)), portal) as shop:
        assert (
            shop.call("GET spare /actuator/health", timeout=1.0).result is Result.RESET
        )  # as one that is let in and finds nobody
        shop.restart("spare")
        assert shop.call("GET spare /actuator/health", timeout=1.0).ok


def test_a_topology_will_do_and_its_variant_is_called_default(portal: Portal) -> None:
    topology = Topology(nodes=(NodeSpec(name="inventory", kind="inventory", settings={"service_time": 0.010}),))
    with quiet(topology, portal) as shop:
        assert shop.call("GET inventory /api/inventory/check/BOOK-001").json()["currentStock"] == 100
        assert (shop.variant, shop.services, shop.links, shop.world) == ("default", ("inventory",), ("you -> inventory",), "sim")


def test_variants_overrides_and_seeds_are_as_on_the_command_line(checkout: Path, portal: Portal) -> None:
    changed = {"services.inventory.service_time": "40ms"}
    with quiet(checkout, portal, variant="patient", overrides=changed, seed=9) as shop:
        order(shop)
        usual = order(shop).seconds
        with shop.fault("error 503 on order -> inventory"):
            order(shop)
        assert shop.measures("attempts of order -> inventory") == {"attempts of order -> inventory": 5.0}
    assert usual == pytest.approx(0.049, abs=1e-6)
    assert (shop.variant, shop.seed) == ("patient", 9)


def test_the_same_seed_is_the_same_play_to_the_byte(checkout: Path, portal: Portal) -> None:
    def played(seed: int) -> str:
        with chaoscli.playground(checkout, world="sim", seed=seed, portal=portal) as shop:
            with shop.fault("latency 20ms jitter 15ms on order -> inventory"):
                order(shop)
            shop.sleep(0.5)
        return digest_of(shop.recording)

    assert played(1) == played(1)
    assert played(1) != played(2)


# -- what goes wrong -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fault", "says", "hint"),
    [
        ("latncy 50ms on order -> inventory", "unknown fault 'latncy'", "did you mean 'latency'?"),
        ("latency 50ms", "'latency 50ms' of what?", "say it like 'latency 50ms on order -> inventory'"),
        ("latency 50ms on order -> inventry", "'order' does not call 'inventry'", "did you mean 'order -> inventory'?"),
        ("latency 50ms on order", "'order' is not a link, like 'order -> inventory'", "the links here are order -> inventory"),
        ("latency 50ms for 2s on you -> order", "it lasts as long as the block it stands in", "leave out `for`"),
        ("slow 4x on ordr", "there is no service 'ordr'", "did you mean 'order'?"),
        ("partition on order", "'order' is not two groups", "write them like 'order, payment | inventory'"),
        ("partition on order | order", "no call crosses this partition", "the links here are order -> inventory"),
    ],
)
def test_a_fault_that_is_none_says_what_was_meant(checkout: Path, portal: Portal, fault: str, says: str, hint: str) -> None:
    with quiet(checkout, portal) as shop, pytest.raises(chaoscli.ChaosError) as raised, shop.fault(fault):
        pass
    assert says in raised.value.message
    assert hint in raised.value.hint
    # A traceback shows both, though nobody renders it.
    assert any(hint in note for note in raised.value.__notes__)


def test_what_cannot_be_played_is_refused_before_anything_starts(checkout: Path, portal: Portal) -> None:
    with pytest.raises(UsageError, match="'checkout' has no variant 'naiv'"), quiet(checkout, portal, variant="naiv"):
        pass
    with pytest.raises(PlaybookError, match="1 problem in --set"), quiet(checkout, portal, overrides=["order.x=1"]):
        pass
    you = Topology(nodes=(NodeSpec(name="you", kind="inventory"),))
    with pytest.raises(UsageError, match="nobody on a playground may be called 'you'"), quiet(you, portal):
        pass
    with pytest.raises(UsageError, match="there is no world 'paper'"), chaoscli.playground(checkout, world="paper"):  # type: ignore[arg-type]
        pass


def test_mistakes_inside_of_a_block_say_the_way_out(checkout: Path, portal: Portal) -> None:
    with quiet(checkout, portal) as shop:
        with pytest.raises(UsageError, match="there is no service 'inventry'"):
            shop.kill("inventry")
        with pytest.raises(UsageError, match="'order' is not paused"):
            shop.resume("order")
        shop.kill("order")
        with pytest.raises(UsageError, match="'order' is dead already"):
            shop.kill("order")
        with pytest.raises(UsageError, match="is 'GET order'; it names method, service and path"):
            shop.call("GET order")
        with pytest.raises(UsageError, match="'order' has no address in a simulation"):
            shop.url("order")
    with pytest.raises(UsageError, match="this playground is closed"):
        order(shop)
    assert shop.measures("requests") == {"requests": 0.0}


def test_the_error_of_a_block_comes_out_as_it_was(checkout: Path, portal: Portal) -> None:
    with pytest.raises(AssertionError, match="of my own"), quiet(checkout, portal):
        raise AssertionError("of my own")


def test_a_group_of_ones_own_stays_a_group(checkout: Path, portal: Portal) -> None:
    with pytest.raises(ExceptionGroup, match="mine"), quiet(checkout, portal):
        raise ExceptionGroup("mine", [ValueError("one"), ValueError("two")])


def test_a_service_that_dies_by_itself_ends_the_playground_with_the_reason(tmp_path: Path, portal: Portal) -> None:
    """What is not ours has clocks and sockets of its own, and is refused before it can."""
    strange = Topology(nodes=(NodeSpec(name="mine", kind="somebody-elses"),))
    with pytest.raises(NotMadeError, match="'mine' cannot be simulated"), quiet(strange, portal):
        pass


# -- from where ------------------------------------------------------------------------------------------------------------


async def test_tasks_of_trio_await_it_and_time_passes_while_all_of_them_wait(checkout: Path) -> None:
    took: dict[str, float] = {}

    async with chaoscli.playground(checkout, world="sim", load=False) as shop:

        async def ask(name: str, timeout: float) -> None:
            took[name] = (await shop.call("GET order /actuator/health", timeout=timeout)).seconds

        async with shop.fault("silence on you -> order"), trio.open_nursery() as nursery:
            nursery.start_soon(ask, "short", 1.0)
            nursery.start_soon(ask, "long", 3.0)
        assert shop.now() == 3.0
        with pytest.raises(AssertionError, match="measured 0% <= 50%"):
            await shop.expect("success > 50%")
    assert took == {"short": 1.0, "long": 3.0}


async def test_a_task_that_stops_waiting_leaves_the_others_theirs(checkout: Path) -> None:
    async with chaoscli.playground(checkout, world="sim", load=False) as shop:
        async with shop.fault("silence on you -> order"):
            with trio.CancelScope() as impatient:
                async with trio.open_nursery() as nursery:
                    nursery.start_soon(shop.call, "GET order /actuator/health")
                    await shop.sleep(1.0)
                    impatient.cancel()
        assert (await shop.call("GET order /actuator/health")).ok
        ended = [event.result for event in shop.recording.variants["naive"].of(RequestEnded)]
    assert ended == [Result.UNANSWERED, Result.OK]


async def test_an_error_in_a_task_of_trio_comes_out_bare(checkout: Path) -> None:
    with pytest.raises(KeyError, match="mine"):
        async with chaoscli.playground(checkout, world="sim", load=False):
            raise KeyError("mine")


def test_asyncio_awaits_it_and_its_loop_goes_on_meanwhile(checkout: Path, portal: Portal) -> None:
    async def main() -> tuple[float, int]:
        ticks = 0

        async def tick() -> None:
            nonlocal ticks
            while True:
                await asyncio.sleep(0)
                ticks += 1

        ticking = asyncio.ensure_future(tick())
        async with quiet(checkout, portal) as shop:
            async with shop.fault("latency 50ms on order -> inventory"):
                reply = await shop.call("POST order /api/orders", json=ORDER)
            await shop.kill("inventory")
        ticking.cancel()
        return reply.seconds, ticks

    seconds, ticks = asyncio.run(main())
    assert seconds >= 0.05
    assert ticks > 0


def test_any_thread_may_ask(checkout: Path, portal: Portal) -> None:
    replies: list[chaoscli.Reply] = []
    with quiet(checkout, portal) as shop:
        threads = [threading.Thread(target=lambda: replies.append(order(shop))) for _ in range(5)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert sorted(reply.request for reply in replies) == [f"you-{number}" for number in range(1, 6)]
    assert all(reply.ok for reply in replies)


def test_real_processes_answer_in_their_own_time(checkout: Path, portal: Portal) -> None:
    with chaoscli.playground(checkout, portal=portal) as shop:
        assert order(shop).ok
        with shop.fault("latency 200ms on order -> inventory", name="lag"):
            slow = order(shop)
        shop.kill("inventory")
        assert order(shop).status == 400
        shop.restart("inventory")
        assert order(shop).ok
        during = shop.measures("p99 of order -> inventory during lag")["p99 of order -> inventory during lag"]
        url = shop.url("order")
    assert slow.seconds >= 0.2
    assert during is not None
    assert during >= 0.2
    assert url.startswith("http://127.0.0.1:")
