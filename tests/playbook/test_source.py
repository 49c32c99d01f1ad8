"""Bytes become a tree that knows its places; whatever the bytes are, there is a tree or a problem, soon."""

from __future__ import annotations

import time
import tracemalloc
from collections.abc import Sequence
from contextlib import suppress

import pytest
import yaml
from hypothesis import example, given, settings
from hypothesis import strategies as st

from chaoscli.errors import PlaybookError, Problem
from chaoscli.playbook.nodes import MappingNode, ScalarNode, SequenceNode, value_of
from chaoscli.playbook.read import read_playbook
from chaoscli.playbook.source import MAX_BYTES, MAX_DEPTH, MAX_NODES, read_source, read_value
from tests.playbook.texts import SMALL

# The promise is a message within a second; on a noisy machine the limit is generous, a quadratic reader still misses it.
SOON_S = 5.0


SHOP = SMALL.encode()
HEAD = b"playbook: hostile\nlasts: 5s\n"
VARIANTS = b"variants: {" + b"".join(b"v%d: {}, " % n for n in range(8)) + b"}\n"


def problem_of(data: bytes) -> Problem:
    with pytest.raises(PlaybookError) as caught:
        read_source(data, "some.yaml")
    (problem,) = caught.value.problems
    return problem


def test_every_key_and_value_knows_its_line_column_and_width() -> None:
    tree = read_source(b"name: storm\nteaches: [one, 'two']\n", "some.yaml")
    name, teaches = tree.entries["name"], tree.entries["teaches"]
    assert (name.key.line, name.key.column, name.key.width, name.key.text) == (1, 1, 4, "name: storm")
    assert (name.value.place.line, name.value.place.column, name.value.place.width) == (1, 7, 5)
    assert isinstance(teaches.value, SequenceNode)
    assert [(item.place.line, item.place.column, item.place.width) for item in teaches.value.items] == [(2, 11, 3), (2, 16, 5)]


def test_text_of_several_lines_is_placed_on_its_first() -> None:
    tree = read_source(b"lesson: |\n  one\n  two\nlasts: 3s\n", "some.yaml")
    lesson = tree.entries["lesson"].value
    assert isinstance(lesson, ScalarNode)
    assert (lesson.text, lesson.place.line, lesson.place.column, lesson.place.width) == ("one\ntwo\n", 1, 9, 1)


def test_columns_count_characters_and_not_bytes() -> None:
    tree = read_source("größe: {weiß: 1}".encode(), "some.yaml")
    inner = tree.get("größe")
    assert isinstance(inner, MappingNode)
    assert inner.entries["weiß"].key.column == 9


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("true", True),
        ("FALSE", False),
        ("no", "no"),
        ("on", "on"),
        ("yes", "yes"),
        ("~", None),
        ("null", None),
        ("", None),
        ("42", 42),
        ("-7", -7),
        ("0x1f", "0x1f"),
        ("010", 10),
        ("1_000", "1_000"),
        ("12:30", "12:30"),
        ("2024-01-02", "2024-01-02"),
        ("1.5", 1.5),
        ("1e3", 1000.0),
        (".5", 0.5),
        (".inf", ".inf"),
        ("250ms", "250ms"),
        ("'42'", "42"),
        ('"true"', "true"),
        ("[1, no, {a: ~}]", [1, "no", {"a": None}]),
    ],
)
def test_plain_values_are_those_of_yaml_1_2(written: str, value: object) -> None:
    assert value_of(read_value(written, "--set")) == value


def test_an_integer_too_long_for_anybody_is_text() -> None:
    assert value_of(read_value("9" * 5000, "--set")) == "9" * 5000


def test_an_alias_is_what_it_names() -> None:
    tree = read_source(b"one: &x {a: 1}\ntwo: *x\n", "some.yaml")
    assert value_of(tree) == {"one": {"a": 1}, "two": {"a": 1}}


def test_a_byte_order_mark_is_no_part_of_the_first_key() -> None:
    assert value_of(read_source(b"\xef\xbb\xbfname: storm\n", "some.yaml")) == {"name": "storm"}


def test_windows_line_ends_count_as_one() -> None:
    tree = read_source(b"one: 1\r\ntwo: 2\r\n", "some.yaml")
    place = tree.entries["two"].value.place
    assert (place.line, place.column, place.text) == (2, 6, "two: 2")


def test_ten_megabytes_are_refused_before_they_are_read() -> None:
    assert problem_of(b"a: 1\n" * 2_000_000).message == f"a playbook of more than {MAX_BYTES // 1024} KiB is not read"


@pytest.mark.parametrize(
    "data",
    [
        b"[" * MAX_BYTES,
        b"{" * MAX_BYTES,
        b"{a: " * (MAX_BYTES // 4),
        b"- " * (MAX_BYTES // 2),
        b"? " * (MAX_BYTES // 2),
        b"a: &x " * (MAX_BYTES // 6),
        b"&a " * (MAX_BYTES // 3),
        b"!" * MAX_BYTES,
        b"'" * MAX_BYTES,
        b"\n" * MAX_BYTES,
        b"#" * MAX_BYTES,
        b"--- " * (MAX_BYTES // 4),
        b"a: [" + b"x, " * 80_000 + b"]",
        b"".join(b"k%d: 1\n" % n for n in range(25_000)),
        b"a: &a [x, x, x, x, x, x, x, x]\n" + b"".join(b"k%d: &b%d [*a, *a, *a, *a]\n" % (n, n) for n in range(8_000)),
        HEAD + b"services: {" + b"".join(b"s%d: {kind: hop}, " % n for n in range(8_000)) + b"}\n" + VARIANTS,
        HEAD + b"services: {hop: {calls: [" + b"".join(b"s%d, " % n for n in range(20_000)) + b"]}}\n" + VARIANTS,
        HEAD + b"faults: [" + b"".join(b"{laten%d: x}, " % n for n in range(900)) + b"]\n" + VARIANTS,
        HEAD + b"variants: {one: {" + b"".join(b"a.b%d: 1, " % n for n in range(12_000)) + b"}}\n",
        SHOP + b"variants: {one: {order" + b".a" * 500 + b": 1}}\n",
        SHOP + b"parameters: {" + b"".join(b"p%d: 1, " % n for n in range(20_000)) + b"}\n",
        SHOP + b"parameters: {abc: 1}\nfaults: [" + b"'${abd}'," * 20_000 + b"]\n",
        SHOP + b"matrix: {" + b"".join(b"order.d%d: [1, 2, 3, 4], " % n for n in range(5_000)) + b"}\n",
        SHOP + b"matrix: {" + b"".join(b"d%d: {a%d: {}}, " % (n, n) for n in range(9_000)) + b"}\n",
        SHOP + b"include: [" + b"abc.yaml, " * 20_000 + b"]\n",
        SHOP + b"cues: [" + b"{kill: order, at: 1s, every: 1ms, for: 0.1ms}, " * 900 + b"]\n",
        SHOP.replace(b"lasts: 10s", b"lasts: " + b"9" * 200_000 + b"s"),
        SHOP.replace(b"20/s }", b"20/s, values: {" + b"".join(b"a%d: [1], " % n for n in range(9_000)) + b"} }"),
        SHOP.replace(b"20/s }", b"20/s, stages: [" + b"{for: 1s}, " * 12_000 + b"] }"),
    ],
    ids=lambda data: repr(data[:12] + data[-12:]),
)
def test_hostile_files_get_their_answer_soon(data: bytes) -> None:
    began = time.process_time()
    with pytest.raises(PlaybookError) as caught:
        read_playbook(data, "some.yaml")
    assert len(caught.value.render()) < 200_000
    assert time.process_time() - began < SOON_S


@pytest.mark.parametrize(
    "data",
    [
        b"a: 1\n" * 2_000_000,
        SHOP + b"parameters: {a: '" + b"x" * 499 + b"'}\nteaches: [" + b"'${a}${a}${a}${a}${a}', " * 9_000 + b"]\n",
        b"a: [" + b"x, " * 80_000 + b"]",
    ],
    ids=["ten megabytes", "parameters that multiply", "a list without an end"],
)
def test_hostile_files_take_a_bounded_part_of_the_memory(data: bytes) -> None:
    tracemalloc.start()
    try:
        with suppress(PlaybookError):
            read_playbook(data, "some.yaml")
        # 50,000 values of some hundred bytes each; and a parameter, 500 characters at most, in every four of the 256 KiB.
        assert tracemalloc.get_traced_memory()[1] < 100_000_000
    finally:
        tracemalloc.stop()


def test_a_path_as_deep_as_a_well_is_refused() -> None:
    with pytest.raises(PlaybookError, match="1 problem") as caught:
        read_playbook(SHOP, "some.yaml", overrides=["order" + ".a" * 20_000 + "=1"])
    assert caught.value.problems[0].message == "a path of 20001 names leads nowhere; a playbook nests at most 32 levels deep"


def test_aliases_that_double_and_double_are_refused() -> None:
    lines = [b"a0: &a0 [x, x]"] + [b"a%d: &a%d [*a%d, *a%d]" % (n, n, n - 1, n - 1) for n in range(1, 60)]
    assert problem_of(b"\n".join(lines)).message == f"a playbook holds at most {MAX_NODES:,} values, aliases counted each time"


def test_just_deep_enough_is_fine_and_one_more_is_not() -> None:
    # The mapping itself is the first level.
    depth = MAX_DEPTH - 1
    assert value_of(read_source(b"a: " + b"[" * depth + b"]" * depth, "some.yaml"))
    depth += 1
    assert problem_of(b"a: " + b"[" * depth + b"]" * depth).message == f"a playbook nests at most {MAX_DEPTH} levels deep"


def survives(data: bytes, overrides: Sequence[str] = ()) -> None:
    """There is a playbook or there are problems with places in the text; nothing else may come out."""
    try:
        read_playbook(data, "some.yaml", overrides=overrides)
    except PlaybookError as error:
        places = [problem.place for problem in error.problems]
        told = error.render()
    else:
        return
    assert told
    assert places
    assert all(place.line >= 1 and place.column >= 1 and place.width >= 1 for place in places)


@settings(max_examples=150, deadline=None)
@given(st.binary(max_size=300))
@example(b"\x00")
@example(b"\xff\xfe")
@example(b"%YAML 3.0\n---\na: 1")
@example(b"a: \xe2\x80\xa8b")
def test_any_bytes_get_a_playbook_or_problems(data: bytes) -> None:
    survives(data)


_LANGUAGE = """
    playbook services load variants faults expect lasts order inventory shoppers calls retry timeout partition slow latency
    drop name at for until by rate request 2s 300ms 5% 4x none true ~ -1s [ ] { } : , - & * ! | > ' # &a *a
    order->inventory POST all 1e999 .nan 0 naive success parameters matrix include cues values requests stages users bursts
    default one_of each from to kill every ${a} ${n} ${ a is between and within of in x
"""
_WORDS = st.sampled_from([*_LANGUAGE.split(), "\n", "\t"])


@settings(max_examples=200, deadline=None)
@given(st.lists(_WORDS, max_size=60))
def test_any_words_of_the_language_get_a_playbook_or_problems(words: list[str]) -> None:
    survives(" ".join(words).encode())


_VALUES: st.SearchStrategy[object] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | _WORDS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(_WORDS | st.text(max_size=5), inner, max_size=4),
    max_leaves=12,
)
_SECTIONS = st.sampled_from(
    [
        "services", "load", "variants", "faults", "expect", "lasts", "playbook", "teaches", "seed", "next", "cues", "parameters",
        "matrix", "include", "deliberate", "abort",
    ]
)  # fmt: skip


@settings(max_examples=250, deadline=None)
@given(st.dictionaries(_SECTIONS, _VALUES, max_size=6))
def test_any_values_in_any_section_get_a_playbook_or_problems(sections: dict[str, object]) -> None:
    whole = {**yaml.safe_load(SMALL), **sections}
    survives(yaml.safe_dump(whole, allow_unicode=True).encode("utf-8", "replace"))


_FULL = (
    SMALL.replace("rate: 20/s", "rate: '${pace}', values: { who: [a, b] }, stages: [{ for: 2s, to: 9/s }]")
    + """\
parameters: { pace: { type: rate, default: 20/s }, some: 4 }
cues: [{ name: crash, kill: inventory, at: 5s, for: 1s }]
variants:
  naive: { order.calls.inventory.retry: { attempts: 4, backoff: none } }
  budget: { order.calls.inventory.retry: { attempts: 4, backoff: exponential, base: 100ms, jitter: full, budget: 10% } }
faults:
  - { name: slow, at: 2s, for: 3s, slow: inventory, by: 4x }
  - { name: cut, at: 1s, for: 1s, partition: [[order], [inventory]], one_way: true }
  - { drop: order -> inventory, what: reply, probability: 30% }
expect:
  - naive: amplification(order -> inventory) > 2 during slow
  - success(budget) > 2 x success(naive) between slow and crash
  - order -> inventory: p99 is at most 2s from 1s to 3s
"""
)


def test_the_playbook_that_slips_are_made_in_is_right_without_them() -> None:
    assert len(read_playbook(_FULL.encode(), "full.yaml").variants) == 2


@settings(max_examples=300, deadline=None)
@given(st.integers(0, len(_FULL)), st.integers(0, 12), st.text(max_size=6) | _WORDS)
def test_a_playbook_with_any_slip_of_the_pen_gets_a_playbook_or_problems(at: int, lost: int, slip: str) -> None:
    survives((_FULL[:at] + slip + _FULL[at + lost :]).encode("utf-8", "replace"))


@settings(max_examples=200, deadline=None)
@given(
    st.lists(st.text(max_size=30) | st.builds("{}={}".format, st.text("abco.ders:faultsrates", max_size=20), _WORDS), max_size=3)
)
def test_any_overrides_get_a_playbook_or_problems(overrides: list[str]) -> None:
    survives(_FULL.encode(), overrides)
