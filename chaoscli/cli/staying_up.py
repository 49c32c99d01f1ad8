"""What ``chaos up`` does: opens one world without load, says how to reach it, prints what arrives, waits for Ctrl-C."""

from __future__ import annotations

import signal
from dataclasses import replace

import trio

from chaoscli.cli.output import Output
from chaoscli.errors import ExitCode
from chaoscli.events import Answered, Event, NodeChanged
from chaoscli.playbook.load import load_playbook
from chaoscli.topology import NodeSpec, Topology
from chaoscli.units import format_duration
from chaoscli.worlds.processes import open_spawner
from chaoscli.worlds.real import open_real_world

# The two that have a contract keep their numbers; the others of a playbook follow in the order they are written.
FIXED_PORTS = {"order": 8080, "inventory": 8081}
FIRST_OTHER_PORT = 8082
PLAIN_SHOP = Topology(
    nodes=(
        NodeSpec(name="inventory", kind="inventory"),
        NodeSpec(name="order", kind="order", calls={"inventory": {}}),
    )
)


def stay_up(name: str, variant: str, seed: int) -> int:
    topology = with_fixed_ports(_topology_of(name, variant))
    trio.run(_serve, topology, seed)
    return ExitCode.HELD


def with_fixed_ports(topology: Topology) -> Topology:
    """Without the loads, every service on a port that can be told in advance."""
    others = iter(range(FIRST_OTHER_PORT, FIRST_OTHER_PORT + len(topology.services)))
    nodes = [replace(node, port=FIXED_PORTS.get(node.name) or next(others)) for node in topology.services]
    return Topology(nodes=tuple(nodes))


def _topology_of(name: str, variant: str) -> Topology:
    if not name:
        return PLAIN_SHOP
    return load_playbook(name, variants=(variant,) if variant else ()).variants[0].topology


async def _serve(topology: Topology, seed: int) -> None:
    console = Output()
    async with open_spawner() as spawner:
        await spawner.wait_ready()
        world = open_real_world(topology, _Printer(console), seed=seed, spawner=spawner, lasts_s=0.0, name="up")
        async with world as stage:
            await stage.raise_curtain()
            console.print(_welcome(topology), soft_wrap=True)  # a command to paste must stay one line
            with trio.open_signal_receiver(signal.SIGINT, signal.SIGTERM) as signals:
                async for _number in signals:
                    break
    console.print("down: every process and port is gone")


def _welcome(topology: Topology) -> str:
    """Where everything is, and what to paste."""
    lines = [f"  {node.name:<12} http://127.0.0.1:{node.port}" for node in topology.services]
    ports = {node.kind: node.port for node in topology.services}
    tries = []
    if "inventory" in ports:
        tries.append(f"curl 'http://127.0.0.1:{ports['inventory']}/api/inventory/check/BOOK-001?quantity=1'")
        tries.append(f"curl -X POST 'http://127.0.0.1:{ports['inventory']}/api/inventory/reserve/BOOK-001?quantity=2'")
    if "order" in ports:
        body = '{"productId":"BOOK-001","quantity":1,"customerId":"CUST-1"}'
        tries.append(f"curl -X POST http://127.0.0.1:{ports['order']}/api/orders -H 'Content-Type: application/json' -d '{body}'")
    tries += [f"curl http://127.0.0.1:{node.port}/actuator/health" for node in topology.services[:1]]
    return "\n".join(["up, until Ctrl-C:", *lines, "", "try:", *(f"  {one}" for one in tries), ""])


class _Printer:
    """A recorder that keeps nothing: one line for each request answered."""

    def __init__(self, console: Output) -> None:
        self._console = console

    def record(self, event: Event) -> None:
        match event:
            case Answered(node=node, caller=caller, status=status, worked_s=worked, queued_s=queued, at=at):
                said = f"{at:8.2f}s  {caller or 'somebody':>10} -> {node:<10} {status}  {format_duration(worked)}"
                self._console.print(said + (f" after {format_duration(queued)} in the queue" if queued > 0.001 else ""))
            case NodeChanged(node=node, state="died", detail=detail):
                self._console.print(f"{event.at:8.2f}s  {node} died: {detail}")
