"""How long a request takes when all is well, added up by hand."""

from __future__ import annotations

import pytest

from chaoscli.load.settings import Load
from chaoscli.playbook.read import read_playbook
from chaoscli.playbook.usual import usual_s
from chaoscli.settings import from_plain


def usual_ms(services: str, request: str = "GET a /") -> float:
    written = request if request.startswith("requests:") else f'request: "{request}"'
    text = f"playbook: x\nservices:\n{services}\nload: {{ us: {{ {written} }} }}\nlasts: 5s\n"
    found = usual(text)
    assert found is not None
    return found * 1e3


def usual(text: str) -> float | None:
    topology = read_playbook(text.encode(), "x.yaml").variants[0].topology
    return usual_s(topology, from_plain(Load, topology.node("us").settings))


CHAIN = """\
  a: { kind: hop, service_time: 10ms, calls: [b, c] MORE }
  b: { kind: hop, service_time: 20ms }
  c: { kind: hop, service_time: 30ms, items: 2 }"""


def chain(more: str) -> str:
    return CHAIN.replace(" MORE", more)


@pytest.mark.parametrize(
    ("more", "takes_ms"),
    [
        ("", 10 + 20 + 2 * 30),
        (", parallel: true", 10 + 60),
        (", times: 3", 10 + 3 * 20 + 3 * 60),
        (", times: 3, parallel: true", 10 + 60),
        # A batch is one call with the work of three.
        (", times: 3, batch: true", 10 + (20 + 2 * 20) + (60 + 2 * 30)),
        (", paths: { c: /c }", 10 + 20),
    ],
)
def test_a_hop_and_those_below_it(more: str, takes_ms: float) -> None:
    assert usual_ms(chain(more)) == pytest.approx(takes_ms)


def test_an_order_asks_inventory_twice_when_it_reserves() -> None:
    shop = "  inventory: { service_time: 20ms }\n  order: { service_time: 5ms, calls: [inventory] SOME }"
    assert usual_ms(shop.replace(" SOME", ""), "POST order /api/orders") == pytest.approx(45)
    assert usual_ms(shop.replace(" SOME", ", reserve: false"), "POST order /api/orders") == pytest.approx(25)
    assert usual_ms(shop.replace(" SOME", ""), "GET order /actuator/health") == 0.0


def test_of_ways_that_a_blank_decides_between_one_is_taken() -> None:
    assert usual_ms(chain(", paths: { b: /b, c: /c }"), "GET a /${n}") == pytest.approx(10 + 60)
    assert usual_ms(chain(", paths: { b: /b, c: /c }"), "GET a /b-${n}") == pytest.approx(10 + 20)


def test_a_mix_is_the_mean_by_weight() -> None:
    mix = "requests: [{ request: GET b /, weight: 3 }, { request: GET a / }]"
    assert usual_ms(chain(""), mix) == pytest.approx((3 * 20 + 90) / 4)


def test_a_ring_is_gone_round_once() -> None:
    ring = "  a: { kind: hop, service_time: 10ms, calls: [b] }\n  b: { kind: hop, service_time: 20ms, calls: [a] }"
    assert usual_ms(ring) == pytest.approx(30)


@pytest.mark.parametrize(
    "services",
    [
        "  a: { command: [./a] }",
        "  a: { address: 127.0.0.1:8000, protocol: http }",
        "  a: { kind: hop, calls: [b] }\n  b: { command: [./b] }",
    ],
)
def test_what_a_program_of_ones_own_takes_nobody_knows(services: str) -> None:
    assert usual(f"playbook: x\nservices:\n{services}\nload: {{ us: {{ request: GET a / }} }}\nlasts: 5s\n") is None


def test_nor_what_a_command_takes() -> None:
    services = "services:\n  a: { kind: hop }\n"
    assert usual(f"playbook: x\n{services}load: {{ us: {{ command: [./ask], calls: [a] }} }}\nlasts: 5s\n") is None
