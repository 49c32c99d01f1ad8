"""What ``chaos up`` does: opens one world without load, says how to reach it, prints what arrives, waits for Ctrl-C."""

from __future__ import annotations

import signal
from dataclasses import replace

import trio

from chaoscli.cli.output import Output
from chaoscli.cli.reach import API_PORT
from chaoscli.environment import Environment
from chaoscli.errors import ExitCode, NotMadeError
from chaoscli.events import Answered, Event, FaultHealed, FaultInjected, NodeChanged
from chaoscli.playbook.load import load_playbook
from chaoscli.services.foreign import ADDRESS, is_foreign
from chaoscli.topology import NodeSpec, Topology
from chaoscli.units import format_duration
from chaoscli.worlds.processes import open_spawner
from chaoscli.worlds.real import RealWorld, open_real_world

# The two that have a contract keep their numbers; the others of a playbook follow in the order they are written.
FIXED_PORTS = {"order": 8080, "inventory": 8081}
FIRST_OTHER_PORT = 8082
PLAIN_SHOP = Topology(
    nodes=(
        NodeSpec(name="inventory", kind="inventory"),
        NodeSpec(name="order", kind="order", calls={"inventory": {}}),
    )
)


def stay_up(name: str, variant: str, seed: int, api_port: int | None, environment: Environment) -> int:
    topology = with_fixed_ports(_topology_of(name, variant))
    trio.run(_serve, topology, seed, api_port, environment)
    return ExitCode.HELD


def with_fixed_ports(topology: Topology) -> Topology:
    """Without the loads, every service on a port that can be told in advance."""
    topology = topology.at_first
    others = iter(range(FIRST_OTHER_PORT, FIRST_OTHER_PORT + len(topology.services)))
    nodes = [replace(node, port=node.port or FIXED_PORTS.get(node.name) or next(others)) for node in topology.services]
    return replace(topology, nodes=tuple(nodes))


def _topology_of(name: str, variant: str) -> Topology:
    if not name:
        return PLAIN_SHOP
    playbook = load_playbook(name, variants=(variant,) if variant else ())
    playbook.check_world("real")
    return playbook.variants[0].topology


async def _open_api(stage: RealWorld, topology: Topology, port: int | None) -> tuple[str, int]:
    """Toxiproxy's API over the links of the world, on its usual port or else on any, unless one was asked for; where it is."""
    addresses = (await stage.ask_proxy("links"))["addresses"]
    links = [
        {
            "name": str(link),
            "address": addresses[str(link)],
            "upstream": stage.address_of(link.callee),
            "http": topology.protocol(link) == "http",
        }
        for link in topology.links
        if topology.protocol(link) != "udp"
    ]
    try:
        opened = await stage.ask_proxy("api", port=API_PORT if port is None else port, links=links)
    except NotMadeError:
        if port is not None:
            raise
        opened = await stage.ask_proxy("api", port=0, links=links)
    host, bound = opened["address"]
    return host, bound


async def _serve(topology: Topology, seed: int, api_port: int | None, environment: Environment) -> None:
    console = Output()
    async with open_spawner() as spawner:
        await spawner.wait_ready()
        printer = _Printer(console)
        world = open_real_world(topology, printer, seed=seed, spawner=spawner, lasts_s=0.0, name="up", environment=environment)
        async with world as stage:
            await stage.raise_curtain()
            address = await _open_api(stage, topology, api_port)
            console.print(_welcome(topology, address), soft_wrap=True)  # a command to paste must stay one line
            with trio.open_signal_receiver(signal.SIGINT, signal.SIGTERM) as signals:
                async for _number in signals:
                    break
    console.print("down: every process and port is gone")


def _welcome(topology: Topology, api: tuple[str, int]) -> str:
    """Where everything is, and what to paste."""
    lines = [f"  {node.name:<12} {_where(node)}" for node in topology.services]
    ports = {node.kind: node.port for node in topology.services}
    tries = []
    if "inventory" in ports:
        tries.append(f"curl 'http://127.0.0.1:{ports['inventory']}/api/inventory/check/BOOK-001?quantity=1'")
        tries.append(f"curl -X POST 'http://127.0.0.1:{ports['inventory']}/api/inventory/reserve/BOOK-001?quantity=2'")
    if "order" in ports:
        body = '{"productId":"BOOK-001","quantity":1,"customerId":"CUST-1"}'
        tries.append(f"curl -X POST http://127.0.0.1:{ports['order']}/api/orders -H 'Content-Type: application/json' -d '{body}'")
    tries += [f"curl http://127.0.0.1:{node.port}/actuator/health" for node in topology.services[:1] if not is_foreign(node.kind)]
    if topology.links:
        at = f" --port {api[1]}" if api[1] != API_PORT else ""
        tries += [f"chaos fault '{topology.links[0]}' latency 300ms for 10s{at}", f"chaos ps{at}"]
    lines.append(f"  {'the proxy':<12} http://{api[0]}:{api[1]}  (Toxiproxy's API)")
    return "\n".join(["up, until Ctrl-C:", *lines, "", "try:", *(f"  {one}" for one in tries), ""])


def _where(node: NodeSpec) -> str:
    """As a person would reach it, past the proxy."""
    if node.kind == ADDRESS:
        return f"{node.settings['address']}  (runs elsewhere)"
    protocol = node.settings.get("protocol", "http")
    return f"{protocol}://127.0.0.1:{node.port}" if protocol == "http" else f"127.0.0.1:{node.port}  ({protocol})"


class _Printer:
    """A recorder that keeps nothing: one line for each request answered."""

    def __init__(self, console: Output) -> None:
        self._console = console

    def record(self, event: Event) -> None:
        match event:
            case Answered(node=node, caller=caller, status=status, worked_s=worked, queued_s=queued, at=at):
                said = f"{at:8.2f}s  {caller or 'somebody':>10} -> {node:<10} {status}  {format_duration(worked)}"
                self._console.print(said + (f" after {format_duration(queued)} in the queue" if queued > 0.001 else ""))
            case FaultInjected(fault=fault, text=text):
                self._console.print(f"{event.at:8.2f}s  {fault}: {text}")
            case FaultHealed(fault=fault):
                self._console.print(f"{event.at:8.2f}s  {fault}: healed")
            case NodeChanged(node=node, state="died", detail=detail):
                self._console.print(f"{event.at:8.2f}s  {node} died: {detail}")
