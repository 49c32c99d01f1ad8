"""One round of each measure on one subject. Every figure has a name and goes into the table and the JSON under it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

from tests.bench.load import Figures, Load
from tests.bench.subjects import BANDWIDTH_BYTES_PER_S, CLEAN, DELAYS_MS, LIMITED, ZERO, Subject, delayed

# A pause before each round trip of a delay, so that the machine has gone to sleep.
GAP_US = 2000
BUSY = 50
AT_ONCE = 16
# A closed connection keeps its port for a second at least. Whoever comes right after fourteen thousand finds few that are
# free, and pays for the search.
PORTS_FREE_AFTER_S = 2.0
HELD = 2000
LIMITED_S = 5.0

Measure = Callable[[Load, Subject, float], Figures]


def round_trips(load: Load, subject: Subject, seconds: float) -> Figures:
    cpu_s = subject.cpu_s
    many = load.round_trips(subject.ports[CLEAN], connections=BUSY, seconds=seconds)
    return {
        "round trips/s": many["count"] / many["seconds"],
        "cpu us/round trip": (subject.cpu_s - cpu_s) / many["count"] * 1e6,
    }


def round_trips_through_a_fault(load: Load, subject: Subject, seconds: float) -> Figures:
    if ZERO not in subject.ports:
        return {}
    many = load.round_trips(subject.ports[ZERO], connections=BUSY, seconds=seconds)
    return {"round trips/s, 0 ms": many["count"] / many["seconds"]}


def one_round_trip(load: Load, subject: Subject, seconds: float) -> Figures:
    one = load.round_trips(subject.ports[CLEAN], connections=1, seconds=seconds)
    return {"p50 us": one["p50_us"], "p99 us": one["p99_us"]}


def connections(load: Load, subject: Subject, seconds: float) -> Figures:
    time.sleep(PORTS_FREE_AFTER_S)
    made = load.connections(subject.ports[CLEAN], at_once=AT_ONCE, seconds=seconds)
    return {"connections/s": made["count"] / made["seconds"]}


def bulk(load: Load, subject: Subject, seconds: float) -> Figures:
    port = subject.ports[CLEAN]
    return {
        "down GB/s": load.bulk(port, "d", seconds) / 1e9,
        "up GB/s": load.bulk(port, "k", seconds) / 1e9,
        "both GB/s": load.bulk(port, "b", seconds) / 1e9,
    }


def delays(load: Load, subject: Subject, seconds: float) -> Figures:
    """The delay achieved less the delay asked for, in ms, less what the clean link takes."""
    return dict(_delays(load, subject, seconds, "")) if delayed(1) in subject.ports else {}


def delays_under_load(load: Load, subject: Subject, seconds: float) -> Figures:
    if delayed(1) not in subject.ports:
        return {}
    busy = load.background(subject.ports[CLEAN], connections=BUSY, seconds=60.0)
    try:
        return dict(_delays(load, subject, seconds, ", busy"))
    finally:
        busy.kill()
        busy.communicate()


def _delays(load: Load, subject: Subject, seconds: float, when: str) -> Iterator[tuple[str, float]]:
    for delay_ms in DELAYS_MS:
        # At least twenty samples, or a quantile is only a name.
        for_s = max(seconds, 20 * (delay_ms / 1000 + GAP_US / 1e6))
        # The clean link rests as long between its round trips as the delayed one does: the machine wakes from the same sleep.
        rest_us = GAP_US + 1000 * delay_ms
        clean = load.round_trips(subject.ports[CLEAN], connections=1, seconds=for_s, gap_us=rest_us)
        late = load.round_trips(subject.ports[delayed(delay_ms)], connections=1, seconds=for_s, gap_us=GAP_US)
        asked_us = 1000.0 * delay_ms + clean["p50_us"]
        yield f"error p50 ms at {delay_ms} ms{when}", (late["p50_us"] - asked_us) / 1000
        yield f"error mean ms at {delay_ms} ms{when}", (late["mean_us"] - 1000.0 * delay_ms - clean["mean_us"]) / 1000
        yield f"error p99 ms at {delay_ms} ms{when}", (late["p99_us"] - asked_us) / 1000
        yield f"error max ms at {delay_ms} ms{when}", (late["max_us"] - asked_us) / 1000


def bandwidth(load: Load, subject: Subject, seconds: float) -> Figures:
    if LIMITED not in subject.ports:
        return {}
    achieved = load.bulk(subject.ports[LIMITED], "d", LIMITED_S)
    return {"bandwidth error %": (achieved / BANDWIDTH_BYTES_PER_S - 1) * 100}


def memory(load: Load, subject: Subject, seconds: float) -> Figures:
    before = subject.memory_bytes
    if not before:
        return {}
    holding = load.hold(subject.ports[CLEAN], HELD)
    each = (subject.memory_bytes - before) / HELD
    holding.kill()
    holding.communicate()
    return {"memory MB": before / 1e6, "memory KB/connection": each / 1e3}


# Memory first: later, what a busy run has left behind would be taken for what an idle one needs.
MEASURES: tuple[Measure, ...] = (
    memory,
    round_trips,
    one_round_trip,
    round_trips_through_a_fault,
    connections,
    bulk,
    delays,
    delays_under_load,
    bandwidth,
)
