"""JUnit XML, as CI systems read it: a suite for each playbook, a case for each expectation of each variant.

The shape is that of Jenkins' own schema (xunit-plugin, junit-10.xsd) with Surefire's elements for flaky cases. A ``failure``
is an expectation that did not hold; an ``error`` is a run that could not be made, and its expectations are then ``skipped``,
for they have no verdict. The pair of classname and name is unique: GitLab keeps only the first of equal ones.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from xml.sax.saxutils import escape, quoteattr

from chaoscli.outcome import Check
from chaoscli.reports.characters import clean
from chaoscli.reports.series import WORDS, Attempt, Entry, Series, Take, blame, sentence

# The case of the playing itself: it carries the seconds, and the error when there is no verdict.
THE_RUN = "the run"
THE_PLAYBOOK = "the playbook"
THE_BASELINE = "no worse than the baseline"


@dataclass(frozen=True, slots=True)
class _Told:
    """One element inside a case: failure, error, skipped, flakyFailure, ..."""

    tag: str
    type: str
    message: str
    text: str = ""


@dataclass(frozen=True, slots=True)
class _Case:
    name: str
    told: tuple[_Told, ...] = ()
    took_s: float = 0.0

    def has(self, tag: str) -> bool:
        return any(one.tag == tag for one in self.told)


def junit(series: Series) -> str:
    """The whole document."""
    suites = [(entry, _unique(list(_cases(entry)))) for entry in series.entries]
    whole = [case for _, cases in suites for case in cases]
    took_s = sum(entry.took_s for entry in series.entries)
    inside = "".join(_suite(entry, cases) for entry, cases in suites)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + _element(
        "testsuites", {"name": "chaos", **_counts(whole, "tests", "failures", "errors"), "time": _seconds(took_s)}, inside
    )


def _suite(entry: Entry, cases: list[_Case]) -> str:
    attributes = {"name": entry.name, **_counts(cases, "tests", "failures", "errors", "skipped"), "time": _seconds(entry.took_s)}
    if entry.file:
        attributes["file"] = entry.file
    properties = "".join(_element("property", {"name": name, "value": value}, depth=3) for name, value in _properties(entry))
    inside = _element("properties", {}, properties, depth=2) if properties else ""
    return _element("testsuite", attributes, inside + "".join(_test_case(entry.name, case) for case in cases), depth=1)


def _properties(entry: Entry) -> Iterator[tuple[str, str]]:
    if entry.file:
        yield "file", entry.file
    if entry.played:
        first = entry.takes[0].last.outcome
        yield "seed", ", ".join(str(take.last.outcome.seed) for take in entry.takes)
        yield "world", first.world
        yield "version", first.version
        yield "repeat", next((take for take in entry.takes if take.exit_code), entry.takes[0]).last.repeat


def _cases(entry: Entry) -> Iterator[_Case]:
    if entry.wrong is not None:
        yield _Case(THE_PLAYBOOK, (_Told("error", "wrong", entry.wrong.message, entry.wrong.render()),))
    elif not entry.played:
        yield _Case(THE_RUN, (_Told("skipped", "", "not played: the command ended before it"),))
    for take in entry.takes:
        yield _case_of_run(take, entry.suffix(take))
        for check in take.last.outcome.checks:
            yield _case_of_check(check, take, entry.suffix(take))
    if entry.compared is not None and entry.takes:
        worse = [str(one) for one in entry.compared.worse]
        told = (_Told("failure", "baseline", f"{len(worse)} of {entry.compared.count} measures got worse", "\n".join(worse)),)
        yield _Case(THE_BASELINE, told if worse else ())


def _case_of_run(take: Take, suffix: str) -> _Case:
    earlier = "flakyError" if take.last.judged else "rerunError"
    told = [_error(earlier, one) for one in take.attempts[:-1] if not one.judged]
    if not take.last.judged:
        told.append(_error("error", take.last))
    return _Case(THE_RUN + suffix, tuple(told), take.took_s)


def _case_of_check(check: Check, take: Take, suffix: str) -> _Case:
    name = sentence(check) + suffix
    if not take.last.judged:
        return _Case(name, (_Told("skipped", "", "the run has no verdict"),))
    before = [(one, same) for one in take.attempts[:-1] if one.judged for same in one.outcome.checks if _same(same, check)]
    earlier = "flakyFailure" if check.held else "rerunFailure"
    told = [_failure(earlier, same, one) for one, same in before if not same.held]
    if not check.held:
        told.append(_failure("failure", check, take.last))
    return _Case(name, tuple(told))


def _same(one: Check, other: Check) -> bool:
    return (one.text, one.variant) == (other.text, other.variant)


def _error(tag: str, attempt: Attempt) -> _Told:
    message = attempt.trouble.partition("\n")[0]
    return _Told(tag, WORDS[attempt.exit_code], message, f"{attempt.trouble}\n{attempt.repeat}")


def _failure(tag: str, check: Check, attempt: Attempt) -> _Told:
    lines = [sentence(check), *([f"measured: {check.shown}"] if check.shown else []), *blame(check), attempt.repeat]
    return _Told(tag, check.kind, check.shown or check.reason, "\n".join(lines))


def _unique(cases: list[_Case]) -> list[_Case]:
    """The same sentence may stand in a playbook twice; its second case is numbered."""
    seen: dict[str, int] = {}
    named = []
    for case in cases:
        seen[case.name] = seen.get(case.name, 0) + 1
        number = seen[case.name]
        named.append(case if number == 1 else _Case(f"{case.name} ({number})", case.told, case.took_s))
    return named


def _counts(cases: Iterable[_Case], *wanted: str) -> dict[str, str]:
    whole = list(cases)
    counts = {"tests": len(whole)} | {
        plural: sum(case.has(tag) for case in whole)
        for plural, tag in (("failures", "failure"), ("errors", "error"), ("skipped", "skipped"))
    }
    return {name: str(counts[name]) for name in wanted}


def _test_case(classname: str, case: _Case) -> str:
    inside = "".join(_told(one) for one in case.told)
    return _element("testcase", {"classname": classname, "name": case.name, "time": _seconds(case.took_s)}, inside, depth=2)


def _told(one: _Told) -> str:
    attributes = {"message": one.message, **({"type": one.type} if one.type else {})}
    # No line of its own for what stands inside: it is text, and spaces around it would be part of it.
    return f"      <{one.tag}{_attributes(attributes)}>{escape(clean(one.text))}</{one.tag}>\n"


def _element(tag: str, attributes: Mapping[str, str], inside: str = "", *, depth: int = 0) -> str:
    """An element of other elements, ``depth`` steps in."""
    indent = "  " * depth
    opening = f"{indent}<{tag}{_attributes(attributes)}"
    return f"{opening}>\n{inside}{indent}</{tag}>\n" if inside else f"{opening}/>\n"


def _attributes(attributes: Mapping[str, str]) -> str:
    return "".join(f" {name}={quoteattr(clean(value))}" for name, value in attributes.items())


def _seconds(took_s: float) -> str:
    return f"{took_s:.3f}"
