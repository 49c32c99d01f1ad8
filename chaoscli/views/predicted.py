"""After a run: what was predicted of each chain of calls beside what was measured."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from rich.table import Table
from rich.text import Text

from chaoscli.measures.catalogue import MEASURES
from chaoscli.outcome import Outcome, VariantOutcome
from chaoscli.units import format_duration, format_factor
from chaoscli.views.final import grid
from chaoscli.views.glyphs import STYLES
from chaoscli.views.plan import Chain, left_out, telling

TITLES = ("", "chain", "takes", "p50", "waits at most", "slowest", "calls for one", "measured")


def differ(chains: Sequence[Chain]) -> bool:
    """Is there anything to predict? Where nothing can multiply, and all variants wait and take the same, the picture says it
    all."""
    figures: dict[object, set[float]] = {}
    for chain in chains:
        figures.setdefault(chain.path, set()).add(chain.waits_s)
        if chain.usual_s is not None:
            figures.setdefault(chain.path[0], set()).add(chain.usual_s)
    return any(chain.most > chain.least for chain in chains) or any(len(one) > 1 for one in figures.values())


def predicted_table(chains: Sequence[Chain], outcome: Outcome) -> Table:
    """A row for each chain. How long a load's requests took stands with the first of its chains, the slowest of all loads with
    the first of each variant."""
    table = grid()
    for title in TITLES:
        table.add_column(header=Text(title, STYLES["faint"]), overflow="fold", no_wrap=not title)
    table.show_header = True
    variants = {variant.name: variant for variant in outcome.variants}
    before = ""
    shown, more = telling(chains)
    for chain in shown:
        variant = variants[chain.variant]
        first = chain.variant != before
        slowest = MEASURES["slowest"].show(variant.measures.get("slowest")) if first else ""
        calls = calls_for_one(variant, chain, chains)
        table.add_row(
            Text(chain.variant if first else "", STYLES["lane"]),
            Text(" -> ".join(chain.path)),
            "" if chain.usual_s is None else format_duration(chain.usual_s),
            "" if chain.usual_s is None else MEASURES["p50"].show(variant.links.get(_link(chain.path[:2]), {}).get("p50")),
            "for ever" if math.isinf(chain.waits_s) else format_duration(chain.waits_s),
            slowest,
            format_factor(chain.least) + (f" to {format_factor(chain.most)}" if chain.most != chain.least else ""),
            "no data" if calls is None else format_factor(calls),
        )
        before = chain.variant
    if more:
        table.add_row("", Text(left_out(more), STYLES["faint"]))
    return table


def calls_for_one(variant: VariantOutcome, chain: Chain, chains: Sequence[Chain]) -> float | None:
    """Calls that reached the last of the chain, for each request of the loads whose chains end with the same call."""
    alike = [one for one in chains if one.variant == chain.variant and one.path[-2:] == chain.path[-2:]]
    requests = sum(_started(variant.links.get(_link(first), {})) for first in {one.path[:2] for one in alike})
    found = [_calls(variant.links.get(link, {})) for link in chain.ends or (_link(chain.path[-2:]),)]
    reached = [calls for calls in found if calls is not None]
    return None if not reached or not requests else sum(reached) / requests


def _calls(measures: Mapping[str, float | None]) -> float | None:
    """Those that arrived, or, at a program that tells nothing of what reaches it, those that were sent."""
    arrived = measures.get("calls")
    return measures.get("attempts") if arrived is None else arrived


def _started(measures: Mapping[str, float | None]) -> float:
    """Requests of a load: what it started, without what it only tried again."""
    return (measures.get("attempts") or 0.0) - (measures.get("retries") or 0.0)


def _link(pair: Sequence[str]) -> str:
    return f"{pair[0]} -> {pair[1]}"
