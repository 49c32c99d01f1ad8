from __future__ import annotations

import pytest

from chaoscli.traffic import Harm, LinksState, LinkState
from chaoscli.views.links import links_picture
from tests.views.golden import check, drawn

WEB = LinkState(
    name="web",
    listen="127.0.0.1:9000",
    upstream="localhost:8080",
    enabled=True,
    connections=100,
    open=12,
    requests=500,
    bytes_request=100_000,
    bytes_reply=2_000_000,
    harms=(
        Harm(name="lag", text="latency 20ms ± 5ms", touched=812, way="<-"),
        Harm(name="thin", text="bandwidth 64KB/s", touched=40, way="<->"),
        Harm(name="lost", text="drop reply 5%", touched=3),
    ),
)
DB = LinkState(name="orders-db", listen="localhost:15432", upstream="db.internal:5432", enabled=False)
BEFORE = LinksState(at=10.0, links=(WEB, DB), api="127.0.0.1:8474")
# Two seconds later: 10 connections and 300 requests more, 50 KB there and 1 MB back.
LATER = LinksState(
    at=12.0,
    links=(
        LinkState(
            name="web",
            listen=WEB.listen,
            upstream=WEB.upstream,
            enabled=True,
            connections=110,
            open=9,
            requests=800,
            bytes_request=150_000,
            bytes_reply=3_000_000,
            harms=WEB.harms,
        ),
        DB,
    ),
    api="127.0.0.1:8474",
    notes=("    1.20s  web/lag: latency 20ms ± 5ms, downstream", "    9.87s  web/thin: bandwidth 64KB/s, both"),
)


@pytest.mark.parametrize("width", [80, 120])
def test_a_table_shows_each_link_with_its_rates_and_faults(width: int) -> None:
    check(f"links-{width}", drawn(links_picture(BEFORE, LATER), width))


def test_the_first_picture_has_no_rates_yet() -> None:
    lines = drawn(links_picture(None, LinksState(at=0.0, links=(DB,))), 120).splitlines()
    assert lines[0].rstrip() == "chaos proxy  up 0ms"
    assert lines[3].split() == ["orders-db", "localhost:15432", "->", "db.internal:5432", "(disabled)", "0", "-", "-", "-"]


def test_without_links_it_says_so() -> None:
    assert "no links yet" in drawn(links_picture(None, LinksState(at=0.0, links=(), api="127.0.0.1:8474")), 80)


@pytest.mark.parametrize("width", [20, 40, 60, 200])
def test_it_fits_any_width(width: int) -> None:
    assert max(len(line) for line in drawn(links_picture(BEFORE, LATER), width).splitlines()) <= width
