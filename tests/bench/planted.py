"""Seven planted mistakes, searched for: the first seed that finds each, and whether thousands find anything once it is mended.

``python -m tests.bench.planted --seeds 2000``. The suite does this for the seeds around the first; all of them take minutes.
"""

from __future__ import annotations

import argparse
import os
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor

from chaoscli.explore.trial import try_seed
from chaoscli.services.catalogue import KINDS
from tests.explore.planted.catalogue import PLANTED, PLANTED_KINDS, Planted

# About two seconds of a core each, so that all are busy to the end.
CHUNK = 100


def main() -> int:
    options = _options()
    chosen = [one for one in PLANTED if not options.only or one.name in options.only]
    with ProcessPoolExecutor(os.cpu_count(), initializer=_stage_them) as pool:
        return max([_searched(pool, planted, options.seeds) for planted in chosen], default=0)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.planted", description=__doc__)
    parser.add_argument("--seeds", type=int, default=2000, help="seeds of each, from 0 on (2000)")
    parser.add_argument("--only", nargs="+", choices=[one.name for one in PLANTED], help="these mistakes")
    return parser.parse_args()


def _searched(pool: ProcessPoolExecutor, planted: Planted, seeds: int) -> int:
    """Prints a line; 1 when the mistake is not found, or something is when there is none, or a dangerous moment never came."""
    began = time.perf_counter()
    found = [seed for chunk in _in_chunks(pool, planted.name, seeds, mended=False) for seed in chunk[0]]
    wrong: list[int] = []
    reached: Counter[str] = Counter()
    for broke, counted in _in_chunks(pool, planted.name, seeds, mended=True):
        wrong += broke
        reached.update(counted)
    missed = [moment for moment in planted.dangerous if not reached[moment]]
    moments = ", ".join(f"{moment} {reached[moment]}x" for moment in planted.dangerous)
    print(f"{planted.name}: found by {len(found)} of {seeds} seeds, first {min(found, default=None)}; mended, by {len(wrong)};"
          f" reached: {moments}; {time.perf_counter() - began:.0f} s", flush=True)  # fmt: skip
    return 1 if wrong or missed or not found else 0


def _in_chunks(pool: ProcessPoolExecutor, name: str, seeds: int, *, mended: bool) -> Iterator[tuple[list[int], Counter[str]]]:
    futures = [pool.submit(tried, name, first, min(first + CHUNK, seeds), mended) for first in range(0, seeds, CHUNK)]
    return (future.result() for future in futures)


def tried(name: str, first: int, last: int, mended: bool) -> tuple[list[int], Counter[str]]:
    """The seeds that broke the promise, and how often each moment was reached."""
    planted = next(one for one in PLANTED if one.name == name)
    subject = planted.mended if mended else planted.broken
    broke: list[int] = []
    reached: Counter[str] = Counter()
    for seed in range(first, last):
        trial = try_seed(subject, seed)
        reached.update(trial.reached)
        if any(one.invariant == planted.invariant or mended for one in trial.violations):
            broke.append(seed)
    return broke, reached


def _stage_them() -> None:
    KINDS.update(PLANTED_KINDS)


if __name__ == "__main__":
    _stage_them()
    raise SystemExit(main())
