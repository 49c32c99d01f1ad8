"""The table of a proxy that stands alone: rates are taken from two states, one after the other."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from chaoscli.traffic import LinksState, LinkState
from chaoscli.units import format_byte_rate, format_duration, format_rate


def links_picture(before: LinksState | None, now: LinksState) -> RenderableType:
    """What to draw: rates are taken from the two states, and are missing in the first picture."""
    head = Text.assemble(("chaos proxy", "bold"), f"  up {format_duration(now.at)}")
    if now.api:
        head.append(f"  API http://{now.api}", "dim")
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
    table.add_column("link")
    table.add_column("from -> to, and its faults", ratio=1)
    counts_requests = any(link.requests for link in now.links)
    for title in ("open", "new", *(["reqs"] if counts_requests else []), "in", "back"):
        table.add_column(title, justify="right", no_wrap=True)
    earlier = {link.name: link for link in before.links} if before is not None else {}
    elapsed_s = now.at - before.at if before is not None else 0.0
    for link in now.links:
        table.add_row(link.name, _way(link), str(link.open), *_rates(earlier.get(link.name), link, elapsed_s, counts_requests))
    if not now.links:
        table.add_row("no links yet")
    notes = [Text(note, style="dim", no_wrap=True, overflow="ellipsis") for note in now.notes]
    return Group(head, Text(), table, Text(), *notes)


def _way(link: LinkState) -> Text:
    way = Text(f"{link.listen} -> {link.upstream}")
    if link.udp:
        way.append(" udp", "dim")
    if not link.enabled:
        way.append(" (disabled)", "yellow")
    for harm in link.harms:
        way.append(f"\n{harm.way:>3} {harm.text}", "red").append(f", {harm.touched} touched", "dim")
    return way


def _rates(before: LinkState | None, now: LinkState, elapsed_s: float, counts_requests: bool) -> Sequence[str]:
    """New connections, requests where any link has some, and bytes each way."""
    if before is None or elapsed_s <= 0.0:
        return ("-",) * (4 if counts_requests else 3)
    asked = [format_rate((now.requests - before.requests) / elapsed_s)] if counts_requests else []
    return (
        format_rate((now.connections - before.connections) / elapsed_s),
        *asked,
        format_byte_rate((now.bytes_request - before.bytes_request) / elapsed_s),
        format_byte_rate((now.bytes_reply - before.bytes_reply) / elapsed_s),
    )
