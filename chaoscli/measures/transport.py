"""What a link carried, whatever it was about: connections, bytes, and what they would cost.

Links are counted by the proxy, in totals told about once a second, so that these measures know no windows.
"""

from __future__ import annotations

from collections.abc import Mapping

from chaoscli.events import LinkCounted, RequestStarted
from chaoscli.measures.base import NoData, Scope
from chaoscli.recording import Recording

# A price list of AWS (us-east-1, on-demand, as published in 2025): between two zones a gigabyte costs a cent on its way out and
# another on its way in. A load balancer's capacity unit costs 0.8 cents an hour and is 25 new connections a second, or a
# gigabyte an hour. Of a unit's dimensions AWS bills the largest; all are added up here, so that saving any of them shows.
ZONES_PER_BYTE = 0.02 / 1e9
BALANCER_PER_BYTE = 0.008 / 1e9
BALANCER_PER_CONNECTION = 0.008 / (25 * 3600)
# A single request costs too little for anybody to have a feeling for it.
COST_OF_REQUESTS = 1e6


def connections(recording: Recording, scope: Scope) -> float:
    """Connections that callers made. Without a link: of all links."""
    return float(sum(one.connections for one in _counts(recording, scope)))


def carried(recording: Recording, scope: Scope) -> float:
    """Bytes, both ways together, headers and handshakes included. Without a link: of all links."""
    return float(sum(one.bytes_request + one.bytes_reply for one in _counts(recording, scope)))


def cost(recording: Recording, scope: Scope) -> float:
    """Dollars for a million requests of the loads, if each link went through a load balancer into another zone."""
    requests = len(recording.of(RequestStarted))
    if not requests:
        raise NoData("no request was sent")
    by_bytes = carried(recording, scope) * (ZONES_PER_BYTE + BALANCER_PER_BYTE)
    return (by_bytes + connections(recording, scope) * BALANCER_PER_CONNECTION) * COST_OF_REQUESTS / requests


def _counts(recording: Recording, scope: Scope) -> list[LinkCounted]:
    latest = recording.derived(_latest)
    found = [one for link, one in latest.items() if scope.link is None or link == str(scope.link)]
    if not found:
        raise NoData(f"{scope.link or 'no link'} was not counted")
    return found


def _latest(recording: Recording) -> Mapping[str, LinkCounted]:
    """The last totals of each link."""
    return {one.link: one for one in recording.of(LinkCounted)}
