"""Direct against proxied, in interleaved rounds, as a table and as JSON. A quiet machine gives the truest figures."""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
import tempfile
from collections.abc import Sequence
from contextlib import ExitStack, closing
from pathlib import Path

from chaoscli.proxy.descriptors import allow_many
from tests.bench import subjects
from tests.bench.figures import Results, Sample, aligned, bounds, document, table
from tests.bench.load import Load, NoCompilerError
from tests.bench.measures import MEASURES, Measure
from tests.bench.subjects import Subject

POLL = "200us"


def main() -> int:
    options = _options()
    allow_many()  # what is started from here inherits it
    chosen = [measure for measure in MEASURES if not options.only or measure.__name__ in options.only]
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        try:
            load = stack.enter_context(closing(Load(folder)))
        except NoCompilerError as error:
            print(error, file=sys.stderr)
            return 3
        found = [subjects.direct(load.port), subjects.chaoscli(load.port), subjects.chaoscli(load.port, poll=POLL)]
        toxiproxy = subjects.toxiproxy(load.port)
        for subject in [*found, *([toxiproxy] if toxiproxy else [])]:
            stack.enter_context(closing(subject))
        results = Results(_measure(load, [*found, *([toxiproxy] if toxiproxy else [])], chosen, options.rounds, options.seconds))
    print(aligned(table(results)))
    print()
    for held in bounds(results):
        mark = {True: "held", False: "MISSED", None: "-"}[held.holds]
        print(f"{mark:>6}  {held.bound}  {held.measured}")
    if options.json:
        options.json.write_text(json.dumps(document(results, _machine()), indent=1) + "\n")
    return 1 if any(held.holds is False for held in bounds(results)) else 0


def _options() -> argparse.Namespace:
    names = [measure.__name__ for measure in MEASURES]
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("--rounds", type=int, default=5, help="medians are of so many (5)")
    parser.add_argument("--seconds", type=float, default=1.0, help="how long each measure takes (1)")
    parser.add_argument("--only", nargs="+", choices=names, help="these measures")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write everything there as well")
    return parser.parse_args()


def _measure(load: Load, found: Sequence[Subject], chosen: Sequence[Measure], rounds: int, seconds: float) -> list[Sample]:
    samples = []
    for turn in range(rounds):
        for measure in chosen:
            print(f"round {turn + 1} of {rounds}: {measure.__name__.replace('_', ' ')}", file=sys.stderr)
            for place in range(len(found)):
                subject = found[(place + turn) % len(found)]  # each is first in some round
                for figure, value in measure(load, subject, seconds).items():
                    samples.append(Sample(round=turn, subject=subject.name, figure=figure, value=value))
    order = [subject.name for subject in found]
    return sorted(samples, key=lambda one: (one.round, order.index(one.subject)))


def _machine() -> dict[str, str]:
    congestion = Path("/proc/sys/net/ipv4/tcp_congestion_control")
    return {
        "system": platform.platform(),
        "python": platform.python_version(),
        "processors": str(os.cpu_count()),
        "congestion control": congestion.read_text().strip() if congestion.exists() else "unknown",
    }


if __name__ == "__main__":
    sys.exit(main())
