"""What is measured: the upstream itself, this proxy, this proxy polling, and toxiproxy-server where it is installed."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
import urllib.request
from pathlib import Path
from typing import Any

from tests.bench.load import free_port

DELAYS_MS = (1, 5, 20, 100)
BANDWIDTH_BYTES_PER_S = 1_000_000
STARTS_WITHIN_S = 10.0

CLEAN, ZERO, LIMITED = "clean", "zero", "limited"


def delayed(delay_ms: int) -> str:
    return f"delayed {delay_ms}"


class Subject:
    """``ports`` has one for each kind of link."""

    def __init__(self, name: str, ports: dict[str, int], process: subprocess.Popen[bytes] | None = None) -> None:
        self.name = name
        self.ports = ports
        self._process = process

    @property
    def memory_bytes(self) -> int:
        """Resident memory; 0 where the system does not tell."""
        return self._proc("statm", 1) * os.sysconf("SC_PAGE_SIZE")

    @property
    def cpu_s(self) -> float:
        """Processor time so far, in user and kernel mode."""
        return (self._proc("stat", 13) + self._proc("stat", 14)) / os.sysconf("SC_CLK_TCK")

    def _proc(self, file: str, field: int) -> int:
        path = Path(f"/proc/{self._process.pid}/{file}") if self._process is not None else None
        if path is None or not path.exists():
            return 0
        return int(path.read_text().rpartition(")")[2].split()[field - (2 if file == "stat" else 0)])

    def close(self) -> None:
        if self._process is not None:
            self._process.terminate()
            self._process.wait()


def direct(upstream: int) -> Subject:
    return Subject("direct", {CLEAN: upstream})


def chaoscli(upstream: int, *, poll: str = "") -> Subject:
    name = f"chaoscli --poll {poll}" if poll else "chaoscli"
    words = ["--poll", poll] if poll else []
    return _over_api(name, lambda port: [sys.executable, "-m", "chaoscli", "proxy", "--port", str(port), *words], upstream)


def toxiproxy(upstream: int) -> Subject | None:
    program = shutil.which("toxiproxy-server")
    if program is None:
        return None
    return _over_api("toxiproxy", lambda port: [program, "-port", str(port)], upstream)


def _over_api(name: str, command: Any, upstream: int) -> Subject:
    """Started and set up through the API that both speak."""
    port = free_port()
    environment = {**os.environ, "LOG_LEVEL": "error"}
    process = subprocess.Popen(command(port), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=environment)
    api = f"http://127.0.0.1:{port}"
    _wait_for(api, process)
    ports = {CLEAN: _link(api, CLEAN, upstream), ZERO: _link(api, ZERO, upstream), LIMITED: _link(api, LIMITED, upstream)}
    _poison(api, ZERO, "latency", latency=0)
    _poison(api, LIMITED, "bandwidth", rate=BANDWIDTH_BYTES_PER_S // 1000)
    for delay_ms in DELAYS_MS:
        ports[delayed(delay_ms)] = _link(api, f"delayed-{delay_ms}", upstream)
        _poison(api, f"delayed-{delay_ms}", "latency", latency=delay_ms)
    return Subject(name, ports, process)


def _wait_for(api: str, process: subprocess.Popen[bytes]) -> None:
    until = time.monotonic() + STARTS_WITHIN_S
    while True:
        try:
            urllib.request.urlopen(f"{api}/version").close()
        except OSError:
            if time.monotonic() > until or process.poll() is not None:
                raise
            time.sleep(0.05)
        else:
            return


def _link(api: str, name: str, upstream: int) -> int:
    made = _post(f"{api}/proxies", {"name": name, "listen": "127.0.0.1:0", "upstream": f"127.0.0.1:{upstream}"})
    return int(made["listen"].rpartition(":")[2])


def _poison(api: str, link: str, kind: str, **attributes: int) -> None:
    _post(f"{api}/proxies/{link}/toxics", {"type": kind, "attributes": attributes})


def _post(url: str, body: dict[str, Any]) -> dict[str, Any]:
    with urllib.request.urlopen(urllib.request.Request(url, json.dumps(body).encode(), method="POST")) as reply:
        answer: dict[str, Any] = json.load(reply)
    return answer
