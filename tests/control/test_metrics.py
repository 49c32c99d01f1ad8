from __future__ import annotations

from chaoscli.control.metrics import LinkTotals, page
from chaoscli.control.proxies import Carried


def test_a_page_has_toxiproxy_s_counters_and_ours_in_a_fixed_order() -> None:
    web = LinkTotals(
        proxy="web",
        listener="127.0.0.1:20000",
        upstream="localhost:20002",
        carried=Carried(connections=3, requests=7, bytes_request=100, bytes_reply=2000, sent_request=90, sent_reply=1800),
        open=1,
        touched={"slow": 5, "lag": 0},
    )
    labels = 'listener="127.0.0.1:20000",proxy="web",upstream="localhost:20002"'
    assert page([web]) == (
        "# HELP toxiproxy_proxy_received_bytes_total Bytes read from the sending side.\n"
        "# TYPE toxiproxy_proxy_received_bytes_total counter\n"
        f'toxiproxy_proxy_received_bytes_total{{direction="upstream",{labels}}} 100\n'
        f'toxiproxy_proxy_received_bytes_total{{direction="downstream",{labels}}} 2000\n'
        "# HELP toxiproxy_proxy_sent_bytes_total Bytes passed on to the receiving side.\n"
        "# TYPE toxiproxy_proxy_sent_bytes_total counter\n"
        f'toxiproxy_proxy_sent_bytes_total{{direction="upstream",{labels}}} 90\n'
        f'toxiproxy_proxy_sent_bytes_total{{direction="downstream",{labels}}} 1800\n'
        "# HELP chaos_connections_total Connections accepted.\n"
        "# TYPE chaos_connections_total counter\n"
        'chaos_connections_total{proxy="web"} 3\n'
        "# HELP chaos_connections_open Connections open now.\n"
        "# TYPE chaos_connections_open gauge\n"
        'chaos_connections_open{proxy="web"} 1\n'
        "# HELP chaos_requests_total HTTP requests seen, on proxies made with http.\n"
        "# TYPE chaos_requests_total counter\n"
        'chaos_requests_total{proxy="web"} 7\n'
        "# HELP chaos_toxic_touched_total Chunks of bytes, requests or datagrams that a toxic harmed.\n"
        "# TYPE chaos_toxic_touched_total counter\n"
        'chaos_toxic_touched_total{proxy="web",toxic="lag"} 0\n'
        'chaos_toxic_touched_total{proxy="web",toxic="slow"} 5\n'
    )  # fmt: skip


def test_names_cannot_break_out_of_their_quotes() -> None:
    odd = LinkTotals(proxy='a"b\\c\nd', listener="", upstream="", carried=Carried())
    assert 'chaos_connections_total{proxy="a\\"b\\\\c\\nd"} 0\n' in page([odd])


def test_without_links_there_is_nothing_to_say() -> None:
    assert page([]) == ""
