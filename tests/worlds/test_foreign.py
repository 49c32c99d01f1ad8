"""Programs that are not ours in a service's place: started, looked after, paused, killed, and nothing of them left behind."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import trio

from chaoscli.environment import Environment
from chaoscli.errors import NotMadeError, leaves
from chaoscli.events import Noted, RequestEnded
from chaoscli.faults.base import Direction
from chaoscli.faults.datagrams.loss import DatagramLoss
from chaoscli.faults.silence import Silence
from chaoscli.load.settings import Load
from chaoscli.messages import CallError, Request, Result
from chaoscli.net.http_client import HttpTransport
from chaoscli.services.foreign import AddressService, CommandService, Health
from chaoscli.settings import to_plain
from chaoscli.topology import Link, NodeSpec, Topology
from chaoscli.worlds import foreign
from chaoscli.worlds.base import NodeDied
from chaoscli.worlds.processes import Spawner, open_spawner
from chaoscli.worlds.real import RealWorld, open_real_world
from tests.support.command import wait_until
from tests.worlds.test_real import Kept

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")

# A server that answers each connection with what it was told, and tells its process id in a file.
SERVER = """
import os, socket, sys
open("pid", "w").write(str(os.getpid()))
with socket.create_server(("127.0.0.1", int(sys.argv[1]))) as server:
    print("listening", flush=True)
    while True:
        sock, _ = server.accept()
        with sock:
            sock.recv(65536)
            body = " ".join(os.environ.get(name, "-") for name in sys.argv[2:]).encode()
            sock.sendall(b"HTTP/1.1 200 OK\\r\\nconnection: close\\r\\ncontent-length: %d\\r\\n\\r\\n%s" % (len(body), body))
"""
ROOT = Request(method="GET", target="/")
# Nothing here takes longer than a second on a calm machine.
LONGEST_S = 30.0


def command(*words: str, name: str = "it", calls: tuple[str, ...] = (), **settings: Any) -> NodeSpec:
    plain = to_plain(CommandService(command=words, **settings))
    return NodeSpec(name=name, kind="command", settings=plain, calls={callee: {} for callee in calls})


def server(folder: Path, *tells: str, **settings: Any) -> NodeSpec:
    return command(sys.executable, "-SEc", SERVER, "${port}", *tells, cwd=str(folder), **settings)


def shell(script: str, folder: Path, **settings: Any) -> NodeSpec:
    return command("sh", "-c", script, cwd=str(folder), **settings)


@asynccontextmanager
async def stage(*nodes: NodeSpec, kept: Kept | None = None, environment: Environment | None = None) -> AsyncIterator[RealWorld]:
    async with theatre() as spawner, on_stage(spawner, *nodes, kept=kept, environment=environment) as world:
        yield world


@asynccontextmanager
async def theatre() -> AsyncIterator[Spawner]:
    with trio.fail_after(LONGEST_S):
        async with open_spawner() as spawner:
            yield spawner


@asynccontextmanager
async def on_stage(
    spawner: Spawner, *nodes: NodeSpec, kept: Kept | None = None, environment: Environment | None = None
) -> AsyncIterator[RealWorld]:
    world = open_real_world(
        Topology(nodes=nodes), kept or Kept(), seed=1, spawner=spawner, lasts_s=0.0, name="stage", environment=environment
    )
    async with world as opened:
        await opened.raise_curtain()
        yield opened


async def failure(spawner: Spawner, *nodes: NodeSpec, environment: Environment | None = None) -> NotMadeError:
    """Why these nodes cannot be brought on stage."""
    with pytest.raises(BaseExceptionGroup) as caught:
        async with on_stage(spawner, *nodes, environment=environment):
            pass
    return next(leaf for leaf in leaves(caught.value) if isinstance(leaf, NotMadeError))


async def ask(world: RealWorld, node: str = "it") -> str:
    transport = HttpTransport({node: world.address_of(node)})
    try:
        with trio.fail_after(5):
            return (await transport.exchange(node, ROOT)).body.decode()
    finally:
        await transport.aclose()


def is_alive(pid: int) -> bool:
    return state_of(pid) not in "ZX"


def state_of(pid: int) -> str:
    """As proc(5) has it: T is stopped, Z ended and not yet reaped; X when it is gone."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return "X"


def most_memory_kb(pid: int) -> int:
    """The most that it ever had in memory (VmHWM in proc(5))."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return int(next(line.split()[1] for line in lines if line.startswith("VmHWM")))


def pid_in(file: Path) -> int:
    assert wait_until(lambda: file.is_file() and file.read_text().strip(), within_s=5)
    return int(file.read_text())


# -- what it is told -------------------------------------------------------------------------------------------------------


COUNTER = """
import socket, sys
sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
sock.bind(("127.0.0.1", int(sys.argv[1])))
print("up", flush=True)
while True:
    data, address = sock.recvfrom(100)
    sock.sendto(b"heard " + data, address)
"""


async def datagram(world: RealWorld, link: Link, data: bytes) -> bytes:
    """What is answered over a link within a moment; nothing if nothing is."""
    with trio.socket.socket(trio.socket.AF_INET, trio.socket.SOCK_DGRAM) as sock:
        await sock.sendto(data, world.link_address(link))
        with trio.move_on_after(0.3):
            return await sock.recv(100)
    return b""


async def test_it_is_told_its_ports_and_its_neighbours_proxies_which_carry_whatever_they_speak(tmp_path: Path) -> None:
    told = ("PORT", "PORT_MORE", "INVENTORY_URL", "INVENTORY_HOST", "INVENTORY_PORT", "STATS_URL", "DB_ADMIN_URL", "SEES")
    it = server(
        tmp_path, *told, calls=("inventory", "stats", "db:admin"), ports={"more": "tcp"},
        env={"SEES": "${url.inventory}/x of ${name}"},
    )  # fmt: skip
    # It listens on its further port alone: whoever is let in by the link's proxy has come to the right one.
    db = command(
        sys.executable, "-SEc", SERVER, "${port.admin}", "PORT_ADMIN", cwd=str(tmp_path), name="db", protocol="tcp",
        ports={"admin": "http"}, health=Health(log="listening"),
    )  # fmt: skip
    stats = command(
        sys.executable, "-SEc", COUNTER, "${port}", name="stats", protocol="udp", health=Health(log="up"), cwd=str(tmp_path)
    )
    async with stage(NodeSpec(name="inventory", kind="inventory"), stats, db, it) as world:
        port, more, url, host, its_port, stats_url, admin_url, sees = (await ask(world)).split(" ", 7)
        assert (int(port), int(more)) == (world.address_of("it")[1], world.address_of("it:more")[1])
        # Its neighbours are behind proxies: the addresses are not the neighbours' own.
        assert int(its_port) != world.address_of("inventory")[1]
        assert (url, host, sees) == (f"http://127.0.0.1:{its_port}", "127.0.0.1", f"{url}/x of it")
        to_admin, to_stats = Link("it", "db:admin"), Link("it", "stats")
        assert admin_url == f"http://127.0.0.1:{world.link_address(to_admin)[1]}"
        assert stats_url == f"udp://127.0.0.1:{world.link_address(to_stats)[1]}"

        transport = HttpTransport({"db": world.link_address(to_admin)})
        assert (await transport.exchange("db", ROOT)).body.decode() == str(world.address_of("db:admin")[1])
        await transport.aclose()

        both = [(to_stats, way) for way in Direction]
        assert await datagram(world, to_stats, b"one") == b"heard one"
        # The loss of datagrams has another setting than that of a stream's segments, and the same name.
        await world.board.inject("loss", both, DatagramLoss(rate=1.0))
        assert await datagram(world, to_stats, b"two") == b""
        await world.board.heal("loss")
        # What a partition does to streams it does to datagrams in its way: what is sent meanwhile is lost.
        await world.board.inject("partition", both, Silence())
        assert await datagram(world, to_stats, b"three") == b""
        await world.board.heal("partition")
        assert await datagram(world, to_stats, b"four") == b"heard four"


async def test_a_service_of_ours_calls_it_and_it_calls_one_of_ours(tmp_path: Path) -> None:
    """The order service asks an inventory that is a program of the user's, which is unlike ours: order says what it heard."""
    order = NodeSpec(name="order", kind="order", calls={"inventory": {}})
    inventory = server(tmp_path, "PORT", name="inventory")
    async with stage(order, inventory) as world:
        transport = HttpTransport({"order": world.address_of("order")})
        body = b'{"productId":"BOOK-001","quantity":1,"customerId":"C"}'
        reply = await transport.exchange("order", Request(method="POST", target="/api/orders", body=body))
        assert (reply.status, b"Inventory service error" in reply.body) == (400, True)
        await transport.aclose()


async def test_what_runs_elsewhere_is_reached_through_a_proxy(tmp_path: Path) -> None:
    listener = (await trio.open_tcp_listeners(0, host="127.0.0.1"))[0]
    address = f"127.0.0.1:{listener.socket.getsockname()[1]}"
    there = NodeSpec(name="there", kind="address", settings=to_plain(AddressService(address=address)))
    it = server(tmp_path, "THERE_PORT", calls=("there",))
    async with listener, stage(there, it) as world, await trio.open_tcp_stream("127.0.0.1", int(await ask(world))) as through:
        await (await listener.accept()).aclose()  # whoever looked whether it is there
        async with await listener.accept() as inside:
            await through.send_all(b"hello")
            assert await inside.receive_some(10) == b"hello"


# -- ready, or not ---------------------------------------------------------------------------------------------------------


async def test_each_is_ready_when_its_health_check_says_so(tmp_path: Path) -> None:
    ways = {
        "tcp": Health(tcp=True),
        "http": Health(http="/"),
        "log": Health(log="^listen(ing)?$"),
        "command": Health(command=("sh", "-c", 'test -s pid && test "$PORT" = ${port}')),
    }
    kept = Kept()
    folders = [tmp_path / name for name in ways]
    for folder in folders:
        folder.mkdir()
    nodes = [server(tmp_path / name, "PORT", name=name, health=health) for name, health in ways.items()]
    async with stage(*nodes, kept=kept) as world:
        assert [kept.states_of(name) for name in ways] == [["starting", "ready"]] * 4
        for name in ("tcp", "http", "log"):
            assert await ask(world, name) == str(world.address_of(name)[1])


async def test_those_that_do_not_get_ready_are_explained_and_gone_and_tell_no_secret(tmp_path: Path) -> None:
    environment = Environment(os.environ, {"PASSWORD": "open sesame"})
    async with theatre() as spawner:
        telling = shell('echo "the password is $PASSWORD, again $AGAIN"; exit 3', tmp_path, env={"AGAIN": "<${env.PASSWORD}>"})
        error = await failure(spawner, telling, environment=environment)
        assert error.hint == "it printed last:\n    the password is ***, again <***>"

        error = await failure(spawner, shell("echo $$ >pid; echo warming up; exec sleep 100", tmp_path, start_timeout=0.4))
        assert error.message.startswith("service 'it' was not ready within 400ms: nobody takes connections at 127.0.0.1:")
        assert error.hint == "it printed last:\n    warming up"
        assert wait_until(lambda: not is_alive(pid_in(tmp_path / "pid")), within_s=2)

        began = time.monotonic()
        error = await failure(spawner, shell("echo no such table >&2; exit 3", tmp_path, start_timeout=20.0))
        assert (error.message, error.hint) == (
            "service 'it' ended with exit code 3 before it was ready",
            "it printed last:\n    no such table",
        )
        assert time.monotonic() - began < 10  # its twenty seconds were not waited for

        never = shell("exec sleep 100", tmp_path, health=Health(command=("sh", "-c", "echo not yet; exit 7")), start_timeout=0.4)
        error = await failure(spawner, never)
        assert (error.message, error.hint) == (
            "service 'it' was not ready within 400ms: `sh -c 'echo not yet; exit 7'` ended with exit code 7: not yet",
            "it printed nothing",
        )


def test_what_is_missing_is_told_all_at_once(tmp_path: Path) -> None:
    taken = socket.create_server(("127.0.0.1", 0))
    nodes = (
        command("no-such-program", name="first"),
        command("sh", name="second", cwd=str(tmp_path / "gone")),
        command("sh", "-c", "${env.NO_SUCH_SECRET}", name="third"),
        replace(command("sh", name="fourth"), port=taken.getsockname()[1]),
    )
    with taken, pytest.raises(NotMadeError) as caught:
        foreign.check(nodes, Environment(os.environ))
    assert caught.value.message == "this machine lacks what the playbook needs"
    assert caught.value.hint.splitlines() == [
        "'first' needs the program 'no-such-program', which is not there (install it, or write its path)",
        f"  'second' is to run in the folder '{tmp_path / 'gone'}', which is not there",
        "  'third' needs the variable NO_SUCH_SECRET (`export NO_SUCH_SECRET=...`, or --env-file with it)",
        f"  port {nodes[3].port} of 'fourth' is taken (leave `port` out: any free one is told it by ${{port}})",
    ]


def test_the_clock_of_a_program_is_not_skewed_without_libfaketime(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CHAOS_LIBFAKETIME", str(tmp_path / "not there"))
    it = NodeSpec(name="it", kind="command", settings=shell("exit", tmp_path).settings, skewed=True)
    with pytest.raises(NotMadeError, match="the clock of 'it' cannot be skewed: it is a program of its own, and libfaketime is"):
        foreign.check((it,), Environment(os.environ))


# -- its life --------------------------------------------------------------------------------------------------------------


async def test_it_is_paused_and_resumed_killed_and_started_again_at_the_same_address(tmp_path: Path) -> None:
    async with stage(server(tmp_path, "PORT")) as world:
        before, first = world.address_of("it"), pid_in(tmp_path / "pid")
        await world.pause("it")
        assert wait_until(lambda: state_of(first) == "T", within_s=2)
        await world.resume("it")
        assert await ask(world) == str(before[1])
        await world.pause("it")  # one that stands still is killed like any other
        await world.kill("it")
        assert not is_alive(first)
        with pytest.raises(CallError):
            await ask(world)
        await world.start("it")
        assert (world.address_of("it"), await ask(world)) == (before, str(before[1]))
        second = pid_in(tmp_path / "pid")
        assert second != first
    assert not is_alive(second)


async def test_one_that_dies_in_mid_run_ends_the_run_with_its_last_words(tmp_path: Path) -> None:
    kept = Kept()

    async def play() -> None:
        async with stage(server(tmp_path, "PORT"), kept=kept):
            os.kill(pid_in(tmp_path / "pid"), signal.SIGSEGV)
            await trio.sleep_forever()

    with pytest.raises(BaseExceptionGroup) as caught:
        await play()
    error = next(leaf for leaf in leaves(caught.value) if isinstance(leaf, NodeDied))
    assert "'it' (stage) ended in mid-run: killed by signal 11 (SIGSEGV) at" in error.message
    assert error.hint == "it printed last:\n    listening"
    assert kept.states_of("it") == ["starting", "ready", "died"]


# -- its end ---------------------------------------------------------------------------------------------------------------


async def test_it_is_asked_to_end_politely_and_killed_when_it_will_not(tmp_path: Path) -> None:
    kept = Kept()
    polite = "trap 'echo bye >said; exit 0' INT; echo up; while :; do sleep 0.01; done"
    deaf = "echo $$ >pid; trap '' TERM; echo up; while :; do sleep 0.01; done"
    up = Health(log="up")
    nodes = (
        shell(polite, tmp_path, name="polite", health=up, stop_signal="SIGINT", stop_grace=20.0),
        shell(deaf, tmp_path, name="deaf", health=up, stop_grace=0.2),
    )
    async with stage(*nodes, kept=kept):
        began = time.monotonic()
    assert 0.2 <= time.monotonic() - began < 10
    assert (tmp_path / "said").read_text() == "bye\n"
    assert not is_alive(pid_in(tmp_path / "pid"))
    notes = [(event.source, event.text, event.level) for event in kept.events if isinstance(event, Noted)]
    assert notes == [("deaf", "did not end within 200ms of being asked to, and was killed", "warning")]


FORKING = """
sh -c 'echo $$ >child; trap "" TERM; exec sleep 100' &
setsid sh -c 'echo $$ >daemon; exec sleep 100' >/dev/null 2>&1 &
echo $$ >pid; echo up; wait
"""


def family(folder: Path) -> list[int]:
    return [pid_in(folder / name) for name in ("pid", "child", "daemon")]


async def test_one_that_forks_children_and_daemons_leaves_none_of_them(tmp_path: Path) -> None:
    folders = [tmp_path / name for name in ("stopped", "killed")]
    for folder in folders:
        folder.mkdir()
    nodes = [shell(FORKING, folder, name=folder.name, health=Health(log="up"), stop_grace=0.2) for folder in folders]
    async with stage(*nodes) as world:
        stopped, killed = map(family, folders)
        assert all(map(is_alive, [*stopped, *killed]))
        await world.kill("killed")
        assert not any(map(is_alive, killed))
    assert not any(map(is_alive, stopped))


async def test_what_its_keeper_leaves_behind_goes_to_the_warm_parent_and_is_ended(tmp_path: Path) -> None:
    pids: list[int] = []

    async def play() -> None:
        async with stage(shell(FORKING, tmp_path, health=Health(log="up"))) as world:
            pids.extend(family(tmp_path))
            os.kill(world.process_of("it"), signal.SIGKILL)
            await trio.sleep_forever()

    with pytest.raises(BaseExceptionGroup):
        await play()
    assert len(pids) == 3
    assert wait_until(lambda: not any(map(is_alive, pids)), within_s=5)


async def test_one_that_prints_a_hundred_megabytes_goes_on_and_only_the_end_is_kept(tmp_path: Path) -> None:
    script = "head -c 100000000 /dev/zero; echo; echo done; exec sleep 100"
    async with stage(shell(script, tmp_path, health=Health(log="^done$"), start_timeout=20.0)) as world:
        resident_kb = most_memory_kb(world.process_of("it"))
    assert resident_kb < 150_000  # what a child of the warm parent has anyway, and a few chunks


# -- loads of commands -----------------------------------------------------------------------------------------------------

# Its number decides: 1, 4, ... connect to the proxy they are told of; 2, 5, ... fail; 3, 6, ... hang, with a child.
PROBE = """
case $1 in
  1) exec 3<>/dev/tcp/$IT_HOST/$IT_PORT && echo "$CHAOS_REQUEST at $${2}" >>"$3/well";;
  2) echo out of luck >&2; exit 9;;
  0) sleep 100 & echo $! >>"$3/hanging"; echo $$ >>"$3/hanging"; wait;;
esac
"""


@pytest.mark.skipif(shutil.which("bash") is None, reason="its connections are made by bash")
async def test_a_load_runs_commands_whose_exit_code_and_duration_are_the_result(tmp_path: Path) -> None:
    argv = ["bash", "-c", PROBE, "probe", "${n % 3}", "${url.it}", str(tmp_path)]
    load = Load(command=tuple(argv), calls=("it",), rate=15.0, arrivals="constant", timeout=0.3)
    probe = NodeSpec(name="probe", kind="load", settings=to_plain(load), calls={"it": to_plain(load.policy)})
    kept = Kept()
    async with theatre() as spawner:
        nodes = Topology(nodes=(server(tmp_path, "PORT", protocol="tcp"), probe))
        async with open_real_world(nodes, kept, seed=1, spawner=spawner, lasts_s=0.6, name="stage") as world:
            await world.raise_curtain()
            await world.sleep_until(0.6)
            await world.drain()
            await world.finish(complete=True)
            url = f"tcp://127.0.0.1:{world.link_address(Link('probe', 'it'))[1]}"
    ended = [(event.request, event.result, event.detail) for event in kept.events if isinstance(event, RequestEnded)]
    assert sorted(ended)[:9] == [
        ("probe-1", Result.OK, ""),
        ("probe-2", Result.FAILED, "exit code 9: out of luck"),
        ("probe-3", Result.TIMEOUT, "no answer within 300ms"),
        ("probe-4", Result.OK, ""),
        ("probe-5", Result.FAILED, "exit code 9: out of luck"),
        ("probe-6", Result.TIMEOUT, "no answer within 300ms"),
        ("probe-7", Result.OK, ""),
        ("probe-8", Result.FAILED, "exit code 9: out of luck"),
        ("probe-9", Result.TIMEOUT, "no answer within 300ms"),
    ]
    assert (tmp_path / "well").read_text().splitlines()[0] == f"probe-1 at {url}"
    assert not any(is_alive(int(pid)) for pid in (tmp_path / "hanging").read_text().split())
