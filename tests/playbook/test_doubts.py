"""What is right and cannot work: each doubt is told at its place, and is silent where there is no reason for it."""

from __future__ import annotations

import pytest

from chaoscli.playbook.checking import checked
from chaoscli.playbook.doubts.catalogue import DOUBTS
from chaoscli.playbook.read import read_whole

# Right in every way: three tries of 100 ms fit into a second, and everybody has more than enough workers.
CALM = """\
playbook: calm
services:
  inventory: { workers: 8, service_time: 10ms, queue: 40 }
  payment: { workers: 8 }
  order:
    calls:
      inventory: { timeout: 100ms, retry: { attempts: 3, backoff: none } }
      payment: { timeout: 200ms }
load:
  shoppers: { request: POST order /api/orders, rate: 20/s, timeout: 1s }
variants:
  one: {}
  two: { order.workers: 40 }
faults:
  - { name: slow, at: 2s, for: 3s, slow: inventory, by: 4x }
expect:
  - recovery < 2s after slow
  - success > 9% during slow
lasts: 10s
"""


def doubted(*overrides: str, text: str = CALM) -> list[tuple[str, int, str]]:
    """The name of each warning, the line it is told at, and its words."""
    found = checked(read_whole(text.encode(), "calm.yaml", overrides=overrides)).warnings
    return [(name.rstrip("]"), one.place.line, said) for one in found for said, _, name in [one.message.partition(" [")]]


def names(*overrides: str, text: str = CALM) -> set[str]:
    return {name for name, _, _ in doubted(*overrides, text=text)}


def replaced(old: str, new: str) -> str:
    assert old in CALM
    return CALM.replace(old, new)


def test_of_a_calm_playbook_there_is_no_doubt() -> None:
    assert doubted() == []


def test_a_warning_points_at_what_was_written_and_says_the_way_out() -> None:
    text = replaced("timeout: 100ms", "timeout: 800ms")
    (found,) = checked(read_whole(text.encode(), "calm.yaml")).warnings
    assert found.render() == (
        "calm.yaml:7:36: 'order' may wait up to 2.4s for 'inventory', and 'shoppers' gives up on it after 1s [outlasting]\n"
        "  7 |       inventory: { timeout: 800ms, retry: { attempts: 3, backoff: none } }\n"
        "    |                                    ^~~~~  a callee's patience, tries and pauses included, fits into its caller's"
    )


def test_a_warning_of_a_variants_change_points_at_the_change() -> None:
    text = replaced("two: { order.workers: 40 }", "two: { order.calls.payment.timeout: none }")
    assert doubted(text=text) == [
        ("outlasting", 13, "'order' may wait for ever for 'payment', and 'shoppers' gives up on it after 1s")
    ]


@pytest.mark.parametrize(
    ("name", "override", "words"),
    [
        (
            "outlasting",
            "order.calls.payment.timeout=2s",
            "'order' may wait up to 2s for 'payment', and 'shoppers' gives up on it after 1s",
        ),
        (
            "never-hedged",
            "order.calls.inventory.hedge={ after: 150ms }",
            "a copy is sent after 150ms, and the call is over after 100ms: none ever will be",
        ),
        (
            "tries-cut-off",
            "order.calls.inventory.deadline=90ms",
            "the whole call is given up after 90ms, before its first try is, after 100ms: no try that hangs is followed by"
            " another",
        ),
        (
            "stale-queue",
            "inventory.queue=400",
            "a full queue of 'inventory' takes 500ms to work off, and 'order' gives up after 100ms: whoever is behind is answered"
            " too late",
        ),
        (
            "retries-multiply",
            "shoppers.retry={ attempts: 3, backoff: none }",
            "retries multiply: 3 x 3 tries in shoppers -> order and order -> inventory make 9x the calls of 'inventory' when it"
            " fails",
        ),
        (
            "repeated-write",
            "order.calls.payment.retry={ attempts: 2, backoff: none }",
            "'order' may ask 'payment' twice for the same thing: a try without an answer may have worked",
        ),
        (
            "overload",
            "inventory.service_time=300ms",
            "'inventory' can answer 26.7/s and is asked 40/s, with nothing wrong at all",
        ),
        (
            "breaker-never-opens",
            "order.calls.payment.breaker={ at_least: 300, within: 5s }",
            "the breaker of 'order -> payment' opens after 300 calls at the earliest, and looks back on 100: it never will",
        ),
        (
            "unreached",
            "services.depot={ kind: inventory }",
            "no request ever comes to 'depot': nobody who is asked calls it",
        ),
        (
            "after-the-load",
            "shoppers.stops=2s",
            "'slow' comes when nobody asks any more: the load ends at 2s",
        ),
        (
            "no-time-to-recover",
            "slow.for=7.5s",
            "nothing can be seen to recover: 'slow' leaves less than 1s of load",
        ),
        (
            "stages-never-come",
            "shoppers.stages=[{ for: 4s }, { for: 6s }, { for: 1s }]",
            "stage 3 of 'shoppers' would begin at 10s, and the load ends at 10s",
        ),
        (
            "never-produced",
            "two:faults.slow=none",
            "'recovery after slow' has no data in 'two': there is no 'slow' there",
        ),
        (
            "same-twice",
            "order.workers=40",
            "'two' plays just the same as 'one'",
        ),
    ],
)  # fmt: skip
def test_each_doubt_is_told_in_its_words(name: str, override: str, words: str) -> None:
    assert (name, words) in {(found, said) for found, _, said in doubted(override)}


def test_every_doubt_there_is_has_its_words_above() -> None:
    (marks,) = [mark for mark in test_each_doubt_is_told_in_its_words.pytestmark if mark.name == "parametrize"]  # type: ignore[attr-defined]
    assert {row[0] for row in marks.args[1]} == set(DOUBTS)


@pytest.mark.parametrize(
    ("name", "override"),
    [
        ("outlasting", "order.calls.payment={ timeout: 2s, pass_deadline: true }"),
        ("outlasting", "shoppers.timeout=none"),
        ("stale-queue", "inventory={ workers: 8, service_time: 10ms, queue: 400, drop_expired: true }"),
        ("stale-queue", "inventory={ workers: 8, service_time: 10ms, queue: 400, discipline: lifo }"),
        ("retries-multiply", "shoppers.retry={ attempts: 3, backoff: none, budget: 10% }"),
        ("repeated-write", "order.calls.payment={ timeout: 90ms, retry: { attempts: 2 }, idempotency_key: true }"),
        ("breaker-never-opens", "order.calls.payment.breaker={ at_least: 90, within: 5s }"),
        ("never-hedged", "order.calls.inventory.hedge={ after: 50ms }"),
        ("overload", "inventory.service_time=200ms"),
        ("no-time-to-recover", "slow.for=6.9s"),
    ],
)
def test_where_there_is_no_reason_there_is_no_doubt(name: str, override: str) -> None:
    assert name not in names(override)


@pytest.mark.parametrize(
    ("sentence", "words"),
    [
        ("retries(order -> payment) > 3", "'retries(order -> payment)' is always nothing in 'one': no policy there has a retry"),
        ("breaker_open > 5%", "'breaker_open' is always nothing in 'one': no policy there has a breaker"),
        ("count(shipped) > 3", "'shipped' never happens in 'one': there is no shipping"),
    ],
)  # fmt: skip
def test_an_expectation_of_what_nobody_produces(sentence: str, words: str) -> None:
    text = replaced("expect:\n", f"expect:\n  - one: {sentence}\n")
    assert doubted(text=text) == [("never-produced", 17, words)]


@pytest.mark.parametrize(
    "sentence", ["no retries(order -> payment)", "hedges(order -> payment) == 0", "retries > 3", "count(charged) > 3"]
)
def test_an_expectation_of_nothing_or_of_what_somebody_produces_is_fine(sentence: str) -> None:
    assert doubted(text=replaced("expect:\n", f"expect:\n  - {sentence}\n")) == []


def test_a_fault_where_nobody_comes_by() -> None:
    text = replaced("faults:\n", "faults:\n  - { name: lag, latency: depot -> payment, delay: 1s }\n")
    text = text.replace("services:\n", "services:\n  depot: { kind: hop, calls: [payment] }\n")
    assert {name for name, _, said in doubted(text=text) if "'lag' strikes where no request comes by" in said} == {"unreached"}


def test_what_is_meant_is_said_to_be_and_a_name_that_is_none_is_told() -> None:
    text = replaced("timeout: 100ms", "timeout: 800ms")
    assert names(text=text) == {"outlasting"}
    assert doubted(text=text + "deliberate: [outlasting]\n") == []
    ((_, line, said),) = doubted(text=CALM + "deliberate: [outlastin]\n")
    assert (line, said) == (20, "there is no warning called 'outlastin'")


def test_one_thing_is_told_once_however_many_variants_have_it() -> None:
    assert len(doubted("inventory.queue=400")) == 1


@pytest.mark.parametrize(
    ("sentence", "silent"),
    [
        ("calls(order -> web) < 100", "web"),
        ("peak(web) < 50/s", "web"),
        ("amplification(order -> web) < 2", "web"),
        ("attempts(web -> inventory) < 100", "web"),
        ("amplification(web -> inventory) < 2", "web"),
        ("attempts(order -> web) < 100", ""),
        ("calls(web -> inventory) < 100", ""),
        ("connections(web -> inventory) < 100", ""),
        ("uptime(web) > 5s", ""),
    ],
)
def test_what_only_a_program_of_ones_own_could_tell_is_never_told(sentence: str, silent: str) -> None:
    text = f"""\
playbook: mine
services:
  inventory: {{ workers: 8 }}
  web: {{ command: [./web], calls: [inventory] }}
  order: {{ kind: hop, calls: {{ web: {{ timeout: 200ms }} }} }}
load:
  shoppers: {{ request: GET order /, rate: 20/s, timeout: 1s }}
expect:
  - {sentence}
lasts: 10s
"""
    expected = (
        f"'{sentence.partition(')')[0]})' has no data here: '{silent}' is a program of your own, and tells nobody of its calls"
    )
    assert doubted(text=text) == ([("never-produced", 9, expected)] if silent else [])
