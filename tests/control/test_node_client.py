"""A Toxiproxy client from npm (toxiproxy-node-client) drives the API, where node and the package are there.

NODE_PATH says where: ``npm install --prefix DIRECTORY toxiproxy-node-client`` and ``NODE_PATH=DIRECTORY/node_modules``.
"""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import pytest
import trio

from chaoscli.control.addresses import join
from tests.control.live import PATIENCE_S, Live

SCRIPT = Path(__file__).with_name("drive.js")


def has_client() -> bool:
    if shutil.which("node") is None:
        return False
    found = subprocess.run(["node", "-e", "require('toxiproxy-node-client')"], capture_output=True, check=False)
    return found.returncode == 0


@pytest.mark.skipif(not has_client(), reason="node or toxiproxy-node-client is not there")
async def test_it_creates_populates_poisons_updates_and_resets(live: Live) -> None:
    with trio.fail_after(PATIENCE_S):
        ended = await trio.run_process(["node", str(SCRIPT), f"http://{join(live.api)}", live.echo], capture_stdout=True)
    steps = [json.loads(line) for line in ended.stdout.splitlines()]

    def toxic(kind: str, toxicity: float = 0.25, **attributes: int) -> dict[str, object]:
        return {"attributes": attributes, "name": kind, "stream": "upstream", "toxicity": toxicity, "type": kind}

    def refused(status: int) -> str:
        return f"Request failed with status code {status}"

    assert steps == [
        ["version", '{"version": "2.12.0"}\n'],
        ["create", ["web", live.echo, True]],
        ["create again", refused(409)],
        ["get what is not there", refused(404)],
        ["populate", ["a", "b"]],
        ["latency", toxic("latency", latency=10, jitter=2)],
        ["bandwidth", toxic("bandwidth", rate=100)],
        ["slow_close", toxic("slow_close", delay=100)],
        ["timeout", toxic("timeout", timeout=1000)],
        ["reset_peer", toxic("reset_peer", timeout=100)],
        ["slicer", toxic("slicer", average_size=64, size_variation=32, delay=10)],
        ["limit_data", toxic("limit_data", bytes=1000)],
        ["a type that is none", refused(400)],
        ["update toxic", toxic("latency", 1, latency=20, jitter=2)],
        ["a removed toxic", refused(404)],
        ["disable", False],
        ["after reset", [True, ["a", "b", "web"]]],
        ["after remove", ["a", "b"]],
    ]
