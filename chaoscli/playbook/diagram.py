"""Who calls whom, drawn in lines of text: from the left to the right where there is room, as a tree that grows downwards where
there is not, and in layers where nobody could follow single arrows any more."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from itertools import groupby

from chaoscli.topology import Topology

# What is left of eighty columns beside an indented page.
WIDEST = 76
# A screen of lines, and some; what is longer is summed up.
MOST_LINES = 32
# Names of a layer that are told in full.
MOST_NAMES = 6

Calls = Mapping[str, tuple[str, ...]]


def diagram(topology: Topology) -> tuple[str, ...]:
    """The first of the three forms that fits. A node that was drawn with its calls before is named again in brackets.

    ::

        shoppers ──> order ─┬─> inventory
                            └─> payment ──> bank
    """
    calls = {node.name: tuple(node.calls) for node in topology.nodes}
    # Loads come first. Last come rings, where everybody is called by somebody; the first one written begins.
    nodes = [node.name for node in (*topology.loads, *topology.services)]
    called = {link.callee for link in topology.links}
    roots = [*(name for name in nodes if name not in called), *nodes]
    across = _drawn(roots, calls, _across)
    if len(across) <= MOST_LINES and max(map(len, across), default=0) <= WIDEST:
        return across
    down = _drawn(roots, calls, _down)
    if len(down) <= MOST_LINES and max(map(len, down)) <= WIDEST:
        return down
    return _layers(topology, calls)


def _drawn(roots: Sequence[str], calls: Calls, branch: Callable[[str, Calls, set[str]], list[str]]) -> tuple[str, ...]:
    drawn: set[str] = set()
    lines: list[str] = []
    for root in roots:
        if root not in drawn:
            lines += branch(root, calls, drawn)
    return tuple(lines)


def _across(name: str, calls: Calls, drawn: set[str]) -> list[str]:
    """The lines of one node and all it calls; the first begins with its name."""
    callees = calls.get(name, ())  # a port of a service that is not ours has no calls of its own
    if name in drawn and callees:
        return [f"[{name}]"]
    drawn.add(name)
    lines: list[str] = []
    for number, callee in enumerate(callees):
        below = _across(callee, calls, drawn)
        last = number == len(callees) - 1
        if number == 0:
            arrow = "──>" if last else "─┬─>"
            start = f"{name} {arrow} "
        else:
            start = " " * (len(name) + 2) + ("└─> " if last else "├─> ")
        carry = " " * (len(name) + 2) + ("  " if last else "│ ")
        lines += [start + below[0], *(carry.ljust(len(start)) + line for line in below[1:])]
    return lines or [name]


def _down(name: str, calls: Calls, drawn: set[str]) -> list[str]:
    """The same as a tree; four columns for each step down."""
    callees = calls.get(name, ())  # a port of a service that is not ours has no calls of its own
    if name in drawn and callees:
        return [f"[{name}]"]
    drawn.add(name)
    lines = [name]
    for number, callee in enumerate(callees):
        last = number == len(callees) - 1
        first, *below = _down(callee, calls, drawn)
        lines += [f"{'└' if last else '├'}─> {first}", *(f"{' ' if last else '│'}   {line}" for line in below)]
    return lines


def _layers(topology: Topology, calls: Calls) -> tuple[str, ...]:
    """A line for each number of steps from a load: how many are so far away, and what they are called."""
    depth = _depths([node.name for node in topology.loads] or [node.name for node in topology.nodes[:1]], calls)
    lost = [node.name for node in topology.nodes if node.name not in depth]
    lines: list[str] = []
    for step, names in groupby(sorted(depth, key=lambda name: depth[name]), key=lambda name: depth[name]):
        layer = list(names)
        indent = "    " * (step - 1) + "└─> " if step else ""
        lines.append(indent + _crowd(layer, "loads" if step == 0 else "services"))
    return (*lines, *([f"{_crowd(lost, 'services')}, which nobody calls"] if lost else []))


def _depths(first: Sequence[str], calls: Calls) -> dict[str, int]:
    """Steps from the nearest of ``first``, in the order in which they are reached."""
    depth = dict.fromkeys(first, 0)
    for name in (reached := list(first)):
        for callee in calls[name]:
            if callee not in depth:
                depth[callee] = depth[name] + 1
                reached.append(callee)
    return depth


def _crowd(names: Sequence[str], what: str) -> str:
    """Few by their names, many by their number and what they have in common."""
    if len(names) <= MOST_NAMES and sum(map(len, names)) < WIDEST // 2:
        return ", ".join(names)
    families = list(dict.fromkeys(re.sub(r"[-_]?\d+$", "", name) for name in names))
    if len(families) <= MOST_NAMES // 2:
        called = ", ".join(f"{family}-*" if family not in names else family for family in families)
    else:
        called = f"{names[0]}, {names[1]}, …, {names[-1]}"
    return f"{len(names)} {what}: {called}"
