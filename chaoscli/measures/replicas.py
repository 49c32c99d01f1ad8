"""Whether a node is meant by a name: its own, or that of the service it is a replica of."""

from __future__ import annotations


def is_meant(node: str, by: str) -> bool:
    """``shop-2`` is meant by ``shop-2`` and by ``shop``; by no name at all everybody is."""
    return by in ("", node) or is_replica(node, by)


def is_replica(node: str, service: str) -> bool:
    name, _, number = node.rpartition("-")
    return name == service and number.isdigit()
