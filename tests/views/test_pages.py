from __future__ import annotations

from dataclasses import dataclass

import pytest

from chaoscli.views.explanation import ExplanationPage
from chaoscli.views.listing import Listing
from tests.views.golden import check, drawn


@dataclass(frozen=True)
class _Line:
    name: str
    group: str
    title: str
    variants: tuple[str, ...]
    lasts_s: float


@dataclass(frozen=True)
class _Part:
    name: str
    kind: str
    doc: str


@dataclass(frozen=True)
class _Drawing:
    lines: tuple[str, ...]
    only_in: tuple[str, ...] = ()


@dataclass(frozen=True)
class _Moment:
    at_s: float
    until_s: float | None
    name: str
    text: str
    targets: tuple[str, ...] = ()
    only_in: tuple[str, ...] = ()


@dataclass(frozen=True)
class _Difference:
    name: str
    summary: str = ""
    changes: tuple[str, ...] = ()


@dataclass(frozen=True)
class _Parameter:
    name: str
    type: str
    default: str = ""
    help: str = ""
    one_of: tuple[str, ...] = ()


@dataclass(frozen=True)
class _Page:
    name: str = "storm"
    title: str = "What a storm does"
    lesson: str = "A sentence that is\nwritten over two lines.\n\nAnother, too long for one line of a terminal that has\neighty."
    drawings: tuple[_Drawing, ...] = (
        _Drawing(("shoppers ──> order ─┬─> inventory", "                    └─> payment ──> bank")),
        _Drawing(("shoppers ──> order",), only_in=("alone", "poor")),
    )
    parts: tuple[_Part, ...] = (
        _Part("shoppers", "load", "offers load: POST order /api/orders"),
        _Part("order", "order", "takes orders"),
        _Part("depot", "inventory", "knows the stock"),
        _Part("inventory", "inventory", "knows the stock"),
    )
    lasts_s: float = 12.0
    timeline: tuple[_Moment, ...] = (
        _Moment(0.0, 2.0, "fog", "order -> inventory takes 100ms longer", ("order -> inventory",)),
        _Moment(2.0, 2.5, "mist", "5ms more", ("order -> inventory", "payment -> bank")),
        _Moment(3.0, None, "storm", "nobody reaches bank", only_in=("naive",)),
    )
    variants: tuple[_Difference, ...] = (
        _Difference("naive"),
        _Difference(
            "careful", "waits and tries again", ("order.calls.inventory.timeout: 500ms", "order.calls.bank.retry: {attempts: 3}")
        ),
    )
    parameters: tuple[_Parameter, ...] = (
        _Parameter("pace", "rate", "20/s", "how many come"),
        _Parameter("whom", "text", "", "", ("order", "bank")),
    )
    expectations: tuple[str, ...] = ("careful: success >= 99%", "success(careful) > success(naive)")


LINES = (
    _Line("partition", "The eight fallacies", "A call without a timeout lasts as long as the outage", ("none", "timeout"), 10.0),
    _Line("clock-skew", "The eight fallacies", "A message from the future", ("wall", "lamport"), 8.0),
    _Line(
        "retries", "The pitfalls", "Naive retries make a slow service a dead one", ("naive", "backoff", "jitter", "budget"), 12.0
    ),
)


@pytest.mark.parametrize("width", [80, 120])
def test_the_list_of_playbooks(width: int) -> None:
    check(f"list-{width}", drawn(Listing(LINES), width))


@pytest.mark.parametrize("width", [80, 120])
def test_the_page_that_explains_a_playbook(width: int) -> None:
    check(f"explain-{width}", drawn(ExplanationPage(_Page()), width))


@pytest.mark.parametrize("width", [20, 40])
def test_pages_fit_narrow_terminals(width: int) -> None:
    for page in (Listing(LINES), ExplanationPage(_Page(drawings=(_Drawing(("a ──> b",)),)))):
        assert max(len(line) for line in drawn(page, width).splitlines()) <= width


def test_pages_can_be_shown_in_ascii() -> None:
    assert drawn(ExplanationPage(_Page()), 80, encoding="ascii").isascii()
    assert drawn(Listing(LINES), 80, encoding="ascii").isascii()


def test_those_who_are_alike_share_a_line_and_too_many_are_counted() -> None:
    parts = tuple(_Part(f"leaf-{number}", "hop", "a link of a chain") for number in range(700))

    lines = drawn(ExplanationPage(_Page(parts=parts)), 80).splitlines()

    told = [line.split() for line in lines if "leaf" in line]
    assert told == [["leaf-0,", "leaf-1,", "leaf-2", "and", "697", "hop", "a", "link", "of", "a", "chain"]]


def test_what_is_changed_alike_in_several_services_is_one_line() -> None:
    changes = (
        *(f"node-{number}.tracing: false" for number in range(3)),
        "node-1.workers: 2",
        "cues: [a.b]",
        "faults: []",
        "load: {}",
    )
    lines = drawn(ExplanationPage(_Page(variants=(_Difference("blind", "", changes),))), 80).splitlines()
    begin = next(number for number, line in enumerate(lines) if line.startswith("  blind"))
    assert [line.removeprefix("  blind").strip() for line in lines[begin : begin + 5]] == [
        "tracing: false (node-0, node-1, node-2)",
        "node-1.workers: 2",
        "cues: [a.b]",
        "faults: []",
        "load: {}",
    ]
