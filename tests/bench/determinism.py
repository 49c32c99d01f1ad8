"""Is a simulated play the same to the byte wherever it is made? Digests of many seeds, compared between two processes.

``python -m tests.bench.determinism --seeds 200 [NAME ...]``: one process plays each seed twice; the other has its hashes fall
otherwise and Python's development mode on. The suite does this for one seed of each playbook; two hundred take hours.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence

from chaoscli.playbook.load import load_playbook, shipped
from chaoscli.recording import digest_of
from tests.support.simulations import simulated

OTHER_HASHES = "4242"


def main() -> int:
    options = _options()
    if options.worker:
        for line in digests(options.names, options.first, options.seeds, times=options.worker):
            print(line, flush=True)
        return 0
    names = options.names or [one.name for one in shipped()]
    different = sum(_differs(name, options.first, options.seeds) for name in names)
    seeds = f"{options.seeds} seeds from {options.first} on"
    print(f"{len(names) - different} of {len(names)} playbooks are the same to the byte, {seeds}")
    return 1 if different else 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.determinism", description=__doc__)
    parser.add_argument("names", nargs="*", help="these playbooks; all that are shipped without")
    parser.add_argument("--seeds", type=int, default=20, help="so many seeds of each (20)")
    parser.add_argument("--first", type=int, default=1, help="from this one on (1): a long sweep may be made in parts")
    parser.add_argument("--worker", type=int, default=0, help=argparse.SUPPRESS)
    return parser.parse_args()


def digests(names: Sequence[str], first: int, seeds: int, *, times: int) -> Iterator[str]:
    """A line for each seed: its digest, or those that differ when it is played several times in this process."""
    for name in names:
        playbook = load_playbook(name)
        for seed in range(first, first + seeds):
            found = {digest_of(simulated(playbook, seed=seed)) for _ in range(times)}
            yield f"{name} {seed} {' and '.join(sorted(found))}"


def _differs(name: str, first: int, seeds: int) -> bool:
    began = time.perf_counter()
    words = [name, "--first", str(first), "--seeds", str(seeds)]
    here = _worker([], words, times=2, hashes="0")
    there = _worker(["-X", "dev"], words, times=1, hashes=OTHER_HASHES)
    ours, theirs = (process.communicate()[0].splitlines() for process in (here, there))
    pairs = list(zip(ours, theirs, strict=False))
    wrong = [f"  {one}\n  {other}" for one, other in pairs if one != other]
    complete = len(ours) == len(theirs) == seeds and not here.returncode and not there.returncode
    print(f"{'differs' if wrong else 'same' if complete else 'broke off'}: {name}, {len(pairs)} seeds,"
          f" {time.perf_counter() - began:.0f} s")  # fmt: skip
    print("\n".join(wrong[:3]), end="\n" if wrong else "")
    return bool(wrong) or not complete


def _worker(flags: Sequence[str], words: Sequence[str], *, times: int, hashes: str) -> subprocess.Popen[str]:
    command = [sys.executable, *flags, "-m", "tests.bench.determinism", *words, "--worker", str(times)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env={**os.environ, "PYTHONHASHSEED": hashes})


if __name__ == "__main__":
    raise SystemExit(main())
