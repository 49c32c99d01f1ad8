"""A program of the user's own on a playground: called, harmed, killed, started again; and what is left when nobody closes it."""

from __future__ import annotations

import signal
import socket
import sys
from pathlib import Path

import pytest

import chaoscli
from tests.support.command import Command, wait_until

SITE = """\
playbook: site
services:
  site: {{ command: [{python}, -m, http.server, '${{port}}', --bind, 127.0.0.1], cwd: {folder}, health: {{ tcp: true }} }}
  inventory: {{}}
load:
  shoppers: {{ request: GET site /hello.txt, rate: 5/s }}
lasts: 5s
"""
OPEN = """\
import chaoscli, time
with chaoscli.playground("partition", variant="timeout") as shop:
    assert shop.call("GET order /actuator/health").ok
    print("open", flush=True)
    time.sleep(60)
"""


def test_a_command_is_called_by_any_client_and_harmed_like_a_service_of_ours(tmp_path: Path) -> None:
    (tmp_path / "hello.txt").write_text("hello")
    file = tmp_path / "site.yaml"
    file.write_text(SITE.format(python=sys.executable, folder=tmp_path))
    with chaoscli.playground(file, load=False) as shop:
        assert shop.call("GET site /hello.txt").text == "hello"
        with socket.create_connection(shop.address("site"), timeout=10) as client, shop.fault("latency 100ms on you -> site"):
            client.sendall(b"GET /hello.txt HTTP/1.0\r\n\r\n")
            assert b"200 OK" in client.recv(1000)
        shop.kill("site")
        assert not shop.call("GET site /hello.txt").ok
        shop.restart("site")
        assert shop.call("GET site /hello.txt").text == "hello"
    with pytest.raises(chaoscli.ChaosError, match="'site' cannot be simulated"), chaoscli.playground(file, world="sim"):
        pass


@pytest.mark.skipif(sys.platform != "linux", reason="finds processes through /proc")
def test_a_program_that_is_killed_leaves_nothing_behind(tmp_path: Path) -> None:
    command = Command((), tmp_path, program=("-c", OPEN)).start()
    assert wait_until(lambda: len(command.processes()) >= 5, within_s=30)
    ports = command.listening()
    assert command.process is not None
    assert command.process.stdout is not None
    assert command.process.stdout.readline() == "open\n"
    command.send(signal.SIGKILL)
    assert command.end().code == -signal.SIGKILL
    assert wait_until(lambda: not command.leftovers(ports), within_s=5), command.leftovers(ports)
