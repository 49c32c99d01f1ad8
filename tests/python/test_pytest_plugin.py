"""The pytest plugin, by running pytest on files that use it, in processes of their own."""

from __future__ import annotations

import importlib.util
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from chaoscli.cli.recordings import read_file
from chaoscli.events import RequestEnded
from tests.support.command import CHECKOUT

LONGEST_S = 120.0
PLAYBOOK = """\
playbook: checkout
title: A checkout that is in a hurry
services:
  inventory: { workers: 4, service_time: 10ms, queue: 16 }
  order: { reserve: false, calls: { inventory: { timeout: 300ms } } }
load:
  shoppers: { request: GET order /actuator/health, rate: 20/s, arrivals: constant }
variants:
  naive: { order.calls.inventory.retry: { attempts: 1 } }
  patient: { order.calls.inventory.retry: { attempts: 3, backoff: constant, base: 100ms } }
lasts: 1s
expect:
  - all: success is 100%
  - patient: requests > 1000
  - no timeouts
"""
SIMULATED = """\
import asyncio
import pytest

ORDER = {"productId": "BOOK-001", "quantity": 1, "customerId": "C-1"}
pytestmark = pytest.mark.chaos(playbook="checkout.yaml", load=False)

def test_plain(chaos_sim):
    with chaos_sim.fault("latency 50ms on order -> inventory"):
        assert chaos_sim.call("POST order /api/orders", json=ORDER).ok
    assert (chaos_sim.variant, chaos_sim.seed, chaos_sim.world) == ("naive", 1, "sim")

@pytest.mark.chaos(variant="patient", seed=7, set={"services.inventory.service_time": "40ms"})
class TestMarked:
    def test_marks_add_up(self, chaos_sim):
        chaos_sim.call("POST order /api/orders", json=ORDER)
        assert 0.04 <= chaos_sim.measures("p50(inventory)")["p50(inventory)"] < 0.05
        assert (chaos_sim.variant, chaos_sim.seed) == ("patient", 7)

async def test_of_trio(chaos_sim):
    import trio
    trio.lowlevel.current_task()
    async with chaos_sim.fault("partition on order | inventory"):
        assert not (await chaos_sim.call("POST order /api/orders", json=ORDER)).ok

@pytest.mark.chaos(seed=3)
def test_that_fails(chaos_sim):
    with chaos_sim.fault("latency 2s on order -> inventory", name="lag"):
        chaos_sim.call("POST order /api/orders", json=ORDER)
    chaos_sim.expect("success(you) > 50%")

@pytest.mark.chaos(colour="red")
def test_marked_wrong(chaos_sim):
    pass
"""
ASYNCIO = """\
import asyncio
import pytest

@pytest.mark.asyncio
@pytest.mark.chaos("checkout.yaml")
async def test_of_asyncio(chaos_sim):
    asyncio.get_running_loop()
    async with chaos_sim.fault("latency 50ms on order -> inventory"):
        assert (await chaos_sim.call("GET inventory /actuator/health")).ok
"""
REAL = """\
import http.client
import pytest

def get(port):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    connection.request("GET", "/actuator/health")
    status = connection.getresponse().status
    connection.close()
    return status

@pytest.mark.chaos(playbook="checkout.yaml", load=False)
def test_of_processes(chaos, chaos_proxy):
    assert chaos.call("GET inventory /actuator/health").ok
    port = int(chaos.url("inventory").rpartition(":")[2])
    proxy = chaos_proxy(f"127.0.0.1:{port}", http=True)
    assert get(proxy.port) == 200
    with proxy.fault("error 503"):
        assert get(proxy.port) == 503
    chaos.kill("inventory")
    assert not chaos.call("GET inventory /actuator/health").ok
"""
UNUSED = """\
import sys

def test_nothing_of_weight_is_imported():
    assert [name for name in ("trio", "pydantic", "rich", "yaml", "chaoscli.python") if name in sys.modules] == []
"""


def pytest_on(folder: Path, *words: str, ini: str = "", trio_mode: str = "true", **files: str) -> tuple[int, str]:
    """Exit code and what pytest said, of these files in a folder of their own."""
    for name, text in files.items():
        (folder / f"{name}.py").write_text(text)
    (folder / "checkout.yaml").write_text(PLAYBOOK)
    (folder / "pytest.ini").write_text(f"[pytest]\ntrio_mode = {trio_mode}\n{ini}")
    environment = {
        key: value for key, value in os.environ.items() if not key.startswith(("PYTEST_", "COV_", "PYTHONDONTWRITEBYTECODE"))
    }
    # Compiled once for all of these runs, and nowhere else.
    environment["PYTHONPYCACHEPREFIX"] = str(folder.parent / "compiled")
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "--color=no", "-rA", *words],
        cwd=folder, env={**environment, "COLUMNS": "120"}, capture_output=True, text=True, timeout=LONGEST_S, check=False,
    )  # fmt: skip
    return done.returncode, done.stdout + done.stderr


def readme_blocks(language: str) -> list[str]:
    text = (CHECKOUT / "README.md").read_text(encoding="utf-8")
    return re.findall(rf"^```{language}\n(.*?)^```", text, flags=re.M | re.S)


def ended(said: str) -> dict[str, str]:
    """Each test and how it ended, from the summary at the end."""
    summary = said.rpartition("short test summary info")[2]
    found = re.findall(r"^(PASSED|FAILED|ERROR|SKIPPED) (?:\[\d+\] )?(\S+?)(?: - .*|: .*)?$", summary, re.MULTILINE)
    return {name.rpartition("::")[2]: word for word, name in found}


def section(said: str, title: str) -> str:
    """What stands under a heading of a failure."""
    return re.split(r"^[-=_]{3,}", said.partition(f" {title} ")[2].partition("\n")[2], maxsplit=1, flags=re.MULTILINE)[0]


def test_fixtures_serve_plain_functions_and_trio_and_a_failure_tells_its_story(tmp_path: Path) -> None:
    code, said = pytest_on(tmp_path, "--chaos-recordings", "kept", test_shop=SIMULATED)
    assert code == 1
    assert ended(said) == {
        "test_plain": "PASSED",
        "test_marks_add_up": "PASSED",
        "test_of_trio": "PASSED",
        "test_that_fails": "FAILED",
        "test_marked_wrong": "ERROR",
    }
    assert "success(you) > 50%: measured 0% <= 50%" in said
    assert section(said, "chaos") == (
        "checkout, variant naive, seed 3, world sim\n"
        "   0.00s  lag: latency 2s (order -> inventory)\n"
        "   0.31s  order gives up waiting for inventory after 300ms\n"
        "   0.31s  you get a first no: 400\n"
        "   0.31s  lag heals\n"
        "again: pytest test_shop.py::test_that_fails --chaos-seed 3\n"
        f"kept: chaos replay {tmp_path}/kept/test_shop.py_test_that_fails.jsonl\n"
    )
    (kept,) = (tmp_path / "kept").iterdir()
    assert len(read_file(kept).variants["naive"].of(RequestEnded)) == 1
    assert section(said, "ERROR at setup of test_marked_wrong").startswith(
        "the mark 'chaos' has no 'colour'\n  it has playbook, variant, seed, set, load\n"
    )


@pytest.mark.skipif(not all(map(importlib.util.find_spec, ("pytest_asyncio", "xdist"))), reason="a plugin is not installed")
def test_fixtures_serve_tasks_of_asyncio_and_workers_of_xdist(tmp_path: Path) -> None:
    code, said = pytest_on(tmp_path, "-n", "1", "-W", "ignore", "--chaos-seed", "5", trio_mode="false", test_shop=ASYNCIO)
    assert (code, ended(said)) == (0, {"test_of_asyncio": "PASSED"})


def test_real_processes_and_proxies_before_services_of_ones_own_and_what_the_readme_shows(tmp_path: Path) -> None:
    (tmp_path / "readme.yaml").write_text(next(block for block in readme_blocks("yaml") if "jitter:" in block))
    shown = next(block for block in readme_blocks("python") if "pytest.mark.chaos" in block)
    code, said = pytest_on(tmp_path, test_shop=REAL, test_readme=shown.replace("checkout.yaml", "readme.yaml"))
    assert (code, ended(said)) == (0, {"test_of_processes": "PASSED", "test_orders_survive_losses": "PASSED"})


def test_playbooks_of_a_folder_are_tests_an_item_for_each_expectation(tmp_path: Path) -> None:
    (tmp_path / "chaos").mkdir()
    (tmp_path / "chaos" / "wrong.yaml").write_text("playbook: wrong\nlasts: 5s\nservices: { inventory: {} }\nload: {}\n")
    (tmp_path / "chaos" / "checkout.yaml").write_text(PLAYBOOK)
    words = ("--continue-on-collection-errors", "--chaos-seed", "7", "chaos", "checkout.yaml::the run")
    code, said = pytest_on(tmp_path, *words, ini="chaos_playbooks = chaos", test_shop="")
    assert code == 1
    assert "chaos/wrong.yaml:4:1: 'load' has nobody in it" in said
    # One that is named on the command line is collected as well, wherever it is.
    assert "1 failed, 4 passed, 1 error" in said
    failure = section(said, "checkout: patient: requests > 1000")
    assert failure == (
        "patient: requests > 1000: measured 20 <= 1000\n"
        "\n"
        "A checkout that is in a hurry (seed 7, world sim)\n"
        "again: chaos run chaos/checkout.yaml --world sim --seed 7\n"
    )


def test_who_does_not_use_it_imports_nothing_of_it(tmp_path: Path) -> None:
    others = ("trio", "asyncio", "hypothesispytest", "xdist", "anyio")
    code, said = pytest_on(tmp_path, *(word for name in others for word in ("-p", f"no:{name}")), test_unused=UNUSED)
    assert (code, ended(said)) == (0, {"test_nothing_of_weight_is_imported": "PASSED"}), said
