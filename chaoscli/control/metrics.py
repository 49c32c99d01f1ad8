"""The page that Prometheus reads, in its text format 0.0.4: Toxiproxy's two counters by their own names, and ours.

Everything is counted as it happens; the original counts a connection's bytes when it ends.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from chaoscli.control.proxies import Carried

Labels = Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkTotals:
    """What one link has carried since it was made; ``touched`` counts what each fault harmed, by its name."""

    proxy: str
    listener: str
    upstream: str
    carried: Carried
    udp: bool = False
    open: int = 0
    touched: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Family:
    name: str
    kind: str
    help: str
    samples: tuple[tuple[Labels, int], ...]


def page(links: Iterable[LinkTotals]) -> str:
    """The whole page; families and their samples in a fixed order."""
    return "".join(_written(family) for family in _families(sorted(links, key=lambda link: link.proxy)))


def _families(links: list[LinkTotals]) -> Iterable[_Family]:
    received = [sample for link in links for sample in _both_ways(link, link.carried.bytes_request, link.carried.bytes_reply)]
    sent = [sample for link in links for sample in _both_ways(link, link.carried.sent_request, link.carried.sent_reply)]
    yield _counter("toxiproxy_proxy_received_bytes_total", "Bytes read from the sending side.", received)
    yield _counter("toxiproxy_proxy_sent_bytes_total", "Bytes passed on to the receiving side.", sent)
    connections = [(_named(link), link.carried.connections) for link in links]
    yield _counter("chaos_connections_total", "Connections accepted.", connections)
    yield _Family(
        name="chaos_connections_open",
        kind="gauge",
        help="Connections open now.",
        samples=tuple((_named(link), link.open) for link in links),
    )
    requests = [(_named(link), link.carried.requests) for link in links]
    yield _counter("chaos_requests_total", "HTTP requests seen, on proxies made with http.", requests)
    datagrams = [link for link in links if link.udp]
    yield _counter("chaos_datagrams_total", "Datagrams received, on proxies of the protocol udp.", _datagrams(datagrams))
    yield _counter("chaos_datagrams_lost_total", "Datagrams lost although no toxic asked for it.", _lost(datagrams))
    touched = [({**_named(link), "toxic": name}, count) for link in links for name, count in sorted(link.touched.items())]
    yield _counter("chaos_toxic_touched_total", "Chunks of bytes, requests or datagrams that a toxic harmed.", touched)


def _both_ways(link: LinkTotals, upstream: int, downstream: int) -> list[tuple[Labels, int]]:
    labels = {"listener": link.listener, "proxy": link.proxy, "upstream": link.upstream}
    return [({"direction": "upstream", **labels}, upstream), ({"direction": "downstream", **labels}, downstream)]


def _datagrams(links: list[LinkTotals]) -> Iterable[tuple[Labels, int]]:
    for link in links:
        yield {"direction": "upstream", **_named(link)}, link.carried.datagrams_request
        yield {"direction": "downstream", **_named(link)}, link.carried.datagrams_reply


def _lost(links: list[LinkTotals]) -> Iterable[tuple[Labels, int]]:
    """By the proxy or the kernel for want of room or of a way, and by the upstream's host, where nobody listened."""
    for link in links:
        yield {**_named(link), "why": "dropped"}, link.carried.dropped
        yield {**_named(link), "why": "refused"}, link.carried.refused


def _named(link: LinkTotals) -> Labels:
    return {"proxy": link.proxy}


def _counter(name: str, help_: str, samples: Iterable[tuple[Labels, int]]) -> _Family:
    return _Family(name=name, kind="counter", help=help_, samples=tuple(samples))


def _written(family: _Family) -> str:
    """Nothing at all for a family without samples."""
    if not family.samples:
        return ""
    head = f"# HELP {family.name} {family.help}\n# TYPE {family.name} {family.kind}\n"
    return head + "".join(f"{family.name}{{{_labels(labels)}}} {count}\n" for labels, count in family.samples)


def _labels(labels: Labels) -> str:
    return ",".join(f'{name}="{_escaped(value)}"' for name, value in labels.items())


def _escaped(value: str) -> str:
    return value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
