"""The fence: what would differ from run to run is refused, with the place and the way out; whatever else runs on as ever."""

from __future__ import annotations

import os
import random
import socket
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Callable

import pytest

from chaoscli.messages import Request, Response
from chaoscli.services.base import Service
from chaoscli.services.catalogue import KINDS, ServiceKind
from chaoscli.services.node import Node
from chaoscli.services.work import Capacity, Workers
from chaoscli.worlds.clock import Kernel, simulate
from chaoscli.worlds.fence import FenceError
from tests.worlds.simulation import Stage, node, on_stage


@pytest.mark.parametrize(
    ("ask", "called"),  # a lambda each: the functions themselves would be those from before the fence
    [
        (lambda: time.time(), "time.time()"),  # noqa: PLW0108
        (lambda: time.monotonic(), "time.monotonic()"),  # noqa: PLW0108
        (lambda: time.sleep(0), "time.sleep()"),
        (lambda: random.random(), "random.random()"),  # noqa: PLW0108
        (lambda: random.choice([1]), "random.choice()"),
        (lambda: uuid.uuid4(), "uuid.uuid4()"),  # noqa: PLW0108
        (lambda: os.urandom(1), "os.urandom()"),
        (lambda: socket.socket(), "socket.socket()"),  # noqa: PLW0108
        (lambda: threading.Thread().start(), "Thread.start()"),
        (lambda: subprocess.Popen([sys.executable, "-V"]), "subprocess.Popen()"),
    ],
)
def test_what_differs_from_run_to_run_is_refused(ask: Callable[[], object], called: str) -> None:
    async def play(kernel: Kernel) -> None:
        ask()

    with pytest.raises(FenceError) as refused:
        simulate(play, seed=1)
    assert refused.value.message.startswith(f"{called} in test_sim_fence.py:")
    assert refused.value.message.endswith("cannot be simulated")


def test_it_is_gone_afterwards() -> None:
    async def play(kernel: Kernel) -> None:
        time.time()

    before = time.time, random.random, uuid.uuid4, socket.socket.__init__
    with pytest.raises(FenceError):
        simulate(play, seed=1)
    assert before == (time.time, random.random, uuid.uuid4, socket.socket.__init__)


def test_dice_and_libraries_of_ones_own_are_let_through() -> None:
    async def play(kernel: Kernel) -> float:
        return random.Random("mine").random()

    assert simulate(play, seed=1) == random.Random("mine").random()


class Forgetful(Service):
    """Looks at the host's clock, and swallows whatever comes of it."""

    def __init__(self, node: Node, settings: Capacity) -> None:
        self._node = node

    async def handle(self, request: Request) -> Response:
        try:
            return Response(status=200, body=str(time.time()).encode())
        except Exception:
            return Response(status=500)

    async def run(self, workers: Workers) -> None:
        return


def test_a_service_that_swallows_its_errors_ends_the_run_all_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(KINDS, "forgetful", ServiceKind(settings=Capacity, make=Forgetful, doc="a test's"))

    async def script(stage: Stage) -> None:
        await stage.ask("/")
        await stage.kernel.sleep(1.0)

    with pytest.raises(FenceError) as refused:
        on_stage(script, node("inventory", "forgetful"))
    assert refused.value.hint == "a service's time comes from its node: node.now(), node.clock.time(), node.sleep()"


def test_what_another_thread_asks_for_is_no_part_of_the_simulation() -> None:
    simulating, asked, told = threading.Event(), threading.Event(), []

    def elsewhere() -> None:
        simulating.wait(10.0)
        told.append(time.time() > 0)
        asked.set()

    thread = threading.Thread(target=elsewhere)
    thread.start()

    async def play(kernel: Kernel) -> None:
        simulating.set()
        asked.wait(10.0)

    simulate(play, seed=1)
    thread.join()
    assert told == [True]
