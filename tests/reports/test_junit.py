"""JUnit XML: whole against a golden file, right by Jenkins' schema, and read back as it was meant."""

from __future__ import annotations

from dataclasses import replace
from xml.etree import ElementTree

import junitparser
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chaoscli.reports.characters import clean
from chaoscli.reports.junit import junit
from chaoscli.reports.series import Series, Take
from tests.reports.junit_shape import misshapen
from tests.reports.series import BROKEN, attempt, check_golden, entry, everything, held


def read(series: Series) -> ElementTree.Element:
    return ElementTree.fromstring(junit(series).encode())


def case(root: ElementTree.Element, suite: str, name: str) -> ElementTree.Element:
    (found,) = [one for one in root.iterfind(f"testsuite[@name='{suite}']/testcase") if one.get("name") == name]
    return found


def test_the_whole_document() -> None:
    check_golden("junit.xml", junit(everything()))


def test_it_is_what_jenkins_accepts() -> None:
    assert misshapen(read(everything())) == []


@pytest.mark.parametrize(
    ("slip", "said"),
    [
        ("<testsuites><testsuite/></testsuites>", ["no errors", "no failures", "no name", "no tests"]),
        ("<testsuites><testcase name='x'/></testsuites>", ["holds testcase"]),
        ("<testsuites when='now'/>", ["attribute when"]),
        ("<testsuites time='1s'/>", ["time 1s"]),
        ("<testsuites>words</testsuites>", ["text"]),
    ],
)
def test_the_shape_notices_a_slip(slip: str, said: list[str]) -> None:
    found = " ".join(misshapen(ElementTree.fromstring(slip)))
    assert all(one in found for one in said)


def test_somebody_else_reads_the_same_out_of_it() -> None:
    parsed = junitparser.JUnitXml.fromstring(junit(everything()).encode())
    told = [(suite.name, suite.tests, suite.failures, suite.errors, suite.skipped) for suite in parsed]
    counted = [
        (
            suite.get("name"),
            len(suite.findall("testcase")),
            *(len(suite.findall(f"testcase[{tag}]")) for tag in ("failure", "error", "skipped")),
        )
        for suite in read(everything())
    ]
    assert told == counted
    ended = [result for suite in parsed for one in suite for result in one.result]
    assert any(isinstance(result, junitparser.Failure) and "measured: " in result.text for result in ended)
    properties = next(iter(parsed)).properties()  # type: ignore[no-untyped-call]
    assert {one.name for one in properties} == {"file", "seed", "world", "version", "repeat"}


def test_the_counts_are_those_of_the_cases() -> None:
    root = read(everything())
    for suite in root:
        cases = suite.findall("testcase")
        assert suite.get("tests") == str(len(cases))
        for plural, tag in (("failures", "failure"), ("errors", "error"), ("skipped", "skipped")):
            assert suite.get(plural) == str(sum(one.find(tag) is not None for one in cases))
    for plural in ("tests", "failures", "errors"):
        assert root.get(plural) == str(sum(int(suite.get(plural, "")) for suite in root))


def test_no_two_cases_are_called_the_same() -> None:
    pairs = [(one.get("classname"), one.get("name")) for one in read(everything()).iter("testcase")]
    assert len(pairs) == len(set(pairs))
    assert ("violated", "jitter: recovery <= 2s after slow [seed 8] (2)") in pairs


def test_a_failure_is_an_expectation_and_an_error_is_a_run_without_a_verdict() -> None:
    root = read(everything())
    assert case(root, "violated", "naive: no oversell [seed 7]").find("failure") is not None
    assert case(root, "not-made", "the run").find("error") is not None
    assert case(root, "not-made", "jitter: recovery <= 2s after slow").find("skipped") is not None
    assert case(root, "wrong", "the playbook").find("error") is not None


def test_what_held_in_the_end_is_a_success_that_says_how_it_failed_before() -> None:
    flaky = case(read(everything()), "flaky", "naive: success > 90%")
    assert [one.tag for one in flaky] == ["flakyFailure"]
    assert [one.tag for one in case(read(everything()), "flaky", "the run")] == ["flakyError"]


def test_what_failed_every_time_says_so() -> None:
    twice = Series((entry(Take((attempt(BROKEN), attempt(BROKEN)))),))
    assert [one.tag for one in case(read(twice), "retries", "jitter: recovery <= 2s after slow")] == ["rerunFailure", "failure"]


def test_seed_file_and_the_command_to_repeat_go_with_the_suite() -> None:
    suite = read(Series((held(),)))[0]
    assert {one.get("name"): one.get("value") for one in suite.iter("property")} == {
        "file": "chaos/held.yaml",
        "seed": "7",
        "world": "simulated",
        "version": "0.1.0",
        "repeat": "chaos run retries.yaml --seed 7",
    }


def test_the_seconds_are_those_of_all_attempts() -> None:
    assert [one.get("time") for one in read(Series((entry(Take((attempt(), attempt()))),))).iter("testsuite")] == ["2.500"]


@given(st.text())
def test_whatever_a_reason_holds_the_document_can_be_read(text: str) -> None:
    told = replace(BROKEN, reason=text, shown=text)
    root = read(Series((entry(Take((attempt(told),)), name=text or "x"),)))
    assert root[0].get("name") == clean(text or "x")
    assert misshapen(root) == []


def test_colours_go_as_a_whole() -> None:
    assert clean("\x1b[1;31mred\x1b[0m \x1b]x\x07 \ud800 \U0001f600\ttab") == "red ]x  \U0001f600\ttab"
