"""How fast the simulated world is, where its time goes, how it grows, and whether its queues obey queueing theory.

``python -m tests.bench.simulation`` prints it; a quiet machine gives the truest figures.
"""

from __future__ import annotations

import argparse
import cProfile
import gc
import math
import pstats
import time
import tracemalloc
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import chaoscli
from chaoscli.checks.judge import judge
from chaoscli.events import Answered, CallEnded, CallStarted, RequestEnded
from chaoscli.playbook.meaning import Playbook
from chaoscli.playbook.read import read_playbook
from tests.support.simulations import simulated

SPARSE = """
playbook: sparse
title: Two services, thirty seconds, a request a second
services:
  inventory: { workers: 4, service_time: 20ms }
  order: { calls: { inventory: { timeout: 500ms, retry: { attempts: 3, backoff: exponential, base: 100ms, jitter: full } } } }
load:
  shoppers: { request: POST order /api/orders, json: { productId: BOOK-001, quantity: 1, customerId: CUST-1 }, rate: 1/s }
variants:
  retry: { summary: three tries }
faults:
  - { name: cut, at: 10s, for: 3s, partition: [[order], [inventory]] }
lasts: 30s
expect:
  - retry: success > 50%
  - all: no oversell
"""
SPARSER = SPARSE.replace("rate: 1/s", "rate: 0.5/s")
# Ten clients, each of whom has something to ask three times in two seconds.
BUSY = SPARSE.replace("rate: 1/s", "rate: 15/s").replace("playbook: sparse", "playbook: busy")
QUEUE = """
playbook: queue
title: One worker, Poisson arrivals, exponential work
services:
  server: {{ kind: hop, workers: 1, queue: 1000000, service_time: 10ms, distribution: exponential }}
load:
  clients: {{ request: GET server /work, rate: {rate}/s, arrivals: poisson, max_in_flight: 2048 }}
variants:
  one: {{ summary: one worker }}
lasts: {lasts}s
expect:
  - one: success == 100%
"""
LAYERED = """
playbook: layered
title: Layers of services
worlds: [sim]
layers: {{ sizes: {sizes}, fanout: 3, service: {{ service_time: 2ms }}, calls: {{ timeout: 1s }} }}
load:
  clients: {{ request: 'GET gateway /s1-${{n % {first}}}/', rate: 20/s, arrivals: constant }}
variants:
  one: {{ summary: layers }}
lasts: 10s
expect:
  - one: success == 100%
"""
# Ten, a hundred and a thousand services; the same calls for each request, so that only their number grows.
SIZES = ((1, 3, 3, 3), (10, 30, 30, 30), (100, 300, 300, 300))
SERVICE_S = 0.010
LONGEST_PLAY_S = 3000.0
ROOT = Path(chaoscli.__file__).parent


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=100, help="runs of the sparse playbook")
    parser.add_argument("--requests", type=int, default=200_000, help="requests for each utilisation of the queue")
    parser.add_argument("--only", choices=("speed", "queue", "growth"), help="this part, and not the others")
    options = parser.parse_args()
    for part, measure in (("speed", _speed), ("queue", _queue), ("growth", _growth)):
        if options.only in (None, part):
            measure(options)
    return 0


def _speed(options: argparse.Namespace) -> None:
    sparse, busy = read(SPARSE), read(BUSY)
    speed("an order every two seconds, 30 s, with recording and checks", read(SPARSER), options.seeds)
    speed("an order every second, 30 s, with recording and checks", sparse, options.seeds)
    speed("ten busy clients, 30 s, with recording and checks", busy, 2)
    for layer, share in shares(sparse, 20):
        print(f"  {share:6.1%}  {layer}")


def _queue(options: argparse.Namespace) -> None:
    for utilisation in (0.5, 0.8):
        mean_s, expected_s = response(utilisation, options.requests)
        print(f"utilisation {utilisation}: mean response {mean_s * 1e3:.2f} ms, S / (1 - rho) {expected_s * 1e3:.2f} ms, "
              f"off by {mean_s / expected_s - 1:+.2%}")  # fmt: skip


def _growth(_options: argparse.Namespace) -> None:
    for sizes in SIZES:
        print(growth(sizes))


def read(text: str) -> Playbook:
    return read_playbook(text.encode(), "bench.yaml", overrides=(), name="bench")


def speed(what: str, playbook: Playbook, seeds: int) -> None:
    """Wall time, and the processor's own, which other programs disturb less."""
    began, cpu = time.perf_counter(), time.process_time()
    messages = 0
    for seed in range(seeds):
        run = simulated(playbook, seed=seed)
        judge(run, playbook.expectations)
        for recording in run.variants.values():
            messages += len(recording.of(CallStarted)) + len(recording.of(CallEnded))
    wall_s, cpu_s = time.perf_counter() - began, time.process_time() - cpu
    faster = playbook.lasts_s * seeds / cpu_s
    print(f"{what}: {seeds / wall_s:.1f} seeds/s ({seeds / cpu_s:.1f} of processor time), {messages / cpu_s:,.0f} messages/s, "
          f"{faster:,.0f} times faster than real time")  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Growth:
    """What a topology costs, per request of the load and per call of it."""

    services: int
    read_s: float
    start_s: float
    request_s: float
    calls: float
    request_bytes: float
    service_bytes: float

    def __str__(self) -> str:
        return (
            f"{self.services:5} services: read in {self.read_s * 1e3:.0f} ms, up in {self.start_s * 1e3:.0f} ms and"
            f" {self.service_bytes / 1024:.0f} KiB each; a request of {self.calls:.0f} calls takes {self.request_s * 1e3:.2f} ms"
            f" ({self.request_s / self.calls * 1e6:.0f} us a call) and {self.request_bytes / 1024:.0f} KiB of recording"
        )


def growth(sizes: Sequence[int]) -> Growth:
    """One run of so many services, and one of the same that is over at once: what differs is the requests'."""
    text = LAYERED.format(sizes=list(sizes), first=sizes[0])
    began = time.process_time()
    playbook = read(text)
    read_s = time.process_time() - began
    idle_s, idle_bytes, _, _ = _cost(read(text.replace("lasts: 10s", "lasts: 0.1s").replace("20/s", "0.001/s")))
    busy_s, busy_bytes, requests, calls = _cost(playbook)
    services = sum(sizes) + 1
    return Growth(
        services=services, read_s=read_s, start_s=idle_s, request_s=(busy_s - idle_s) / requests, calls=calls / requests,
        request_bytes=max(0.0, busy_bytes - idle_bytes) / requests, service_bytes=idle_bytes / services,
    )  # fmt: skip


def _cost(playbook: Playbook) -> tuple[float, float, int, int]:
    """Processor seconds of a run, the most memory at once in bytes (of a second run: tracing is slow), requests, calls."""
    began = time.process_time()
    simulated(playbook)
    took_s = time.process_time() - began
    gc.collect()
    tracemalloc.start()
    run = simulated(playbook)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    recording = run.variants["one"]
    return took_s, peak, len(recording.of(RequestEnded)), len(recording.of(CallStarted))


def shares(playbook: Playbook, seeds: int) -> list[tuple[str, float]]:
    """The share of each layer in the time of its own functions, by a profiler that slows small functions most."""
    profile = cProfile.Profile()
    profile.enable()
    for seed in range(seeds):
        judge(simulated(playbook, seed=seed), playbook.expectations)
    profile.disable()
    times: Counter[str] = Counter()
    for (file, _line, _name), (_calls, _primitive, own_s, _cumulative, _callers) in pstats.Stats(profile).stats.items():  # type: ignore[attr-defined]
        times[_layer(file)] += own_s
    total = sum(times.values())
    return [(layer, own_s / total) for layer, own_s in times.most_common()]


def _layer(file: str) -> str:
    path = Path(file)
    if path.is_relative_to(ROOT):
        inner = path.relative_to(ROOT)
        return inner.parts[0] if len(inner.parts) > 1 else "words"
    return "trio" if "trio" in path.parts else "python"


def response(utilisation: float, requests: int, *, longest_s: float = LONGEST_PLAY_S) -> tuple[float, float]:
    """The mean response time of a one-worker service, measured and by theory, in seconds; over several plays, none of which
    may last for ever."""
    rate = utilisation / SERVICE_S
    plays = math.ceil(requests / rate / longest_s)
    playbook = read(QUEUE.format(rate=f"{rate:g}", lasts=f"{requests / rate / plays:g}"))
    runs = (simulated(playbook, seed=seed).variants["one"] for seed in range(plays))
    took_s = [one.queued_s + one.worked_s for run in runs for one in run.of(Answered)]
    return sum(took_s) / len(took_s), SERVICE_S / (1.0 - utilisation)


if __name__ == "__main__":
    raise SystemExit(main())
