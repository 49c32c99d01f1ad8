"""The command as a CI job has it: several playbooks, reports in files, annotations, baselines; in the simulated world."""

from __future__ import annotations

import json
import re
import signal
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest

from tests.reports.junit_shape import misshapen
from tests.support.command import Command, Ended, wait_until

PLAY = """\
playbook: {name}
services:
  inventory: {{}}
load:
  shoppers: {{ request: GET inventory /api/inventory/check/BOOK-001, rate: 50/s, arrivals: {arrivals} }}
lasts: 1s
expect:
  - requests > {requests}
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    here = tmp_path / "here"
    here.mkdir()
    (here / "good.yaml").write_text(PLAY.format(name="good", requests=10, arrivals="poisson"))
    (here / "bad.yaml").write_text(PLAY.format(name="bad", requests=1000, arrivals="constant"))
    (here / "wrong.yaml").write_text(PLAY.format(name="wrong", requests="many", arrivals="constant"))
    return tmp_path


def run(folder: Path, words: str, **environment: str) -> Ended:
    return Command(("run", *words.split(), "--world", "sim", "--quiet"), folder, environment).start().end()


def test_the_worst_of_several_is_the_exit_code_and_a_table_closes(folder: Path) -> None:
    ended = run(folder, "good.yaml bad.yaml")
    assert ended.code == 1
    assert ended.out.splitlines()[-9:] == [
        "  chaos run bad.yaml --world sim --seed 1",
        "",
        "✓  good  held      1 of 1 expectations  " + ended.out.splitlines()[-7].split()[-1],
        "✗  bad   violated  0 of 1 expectations  " + ended.out.splitlines()[-6].split()[-1],
        "",
        "again",
        "  chaos run bad.yaml --world sim --seed 1",
        "",
        "✗ 2 playbooks: 1 held, 1 violated  (exit 1)",
    ]


def test_every_report_at_once(folder: Path) -> None:
    ended = run(
        folder, "good.yaml bad.yaml --junit j.xml --md m.md --json", GITHUB_ACTIONS="true", GITHUB_STEP_SUMMARY="summary.md"
    )
    here = folder / "here"
    assert ended.code == 1
    root = ElementTree.parse(here / "j.xml").getroot()
    assert misshapen(root) == []
    assert [(suite.get("name"), suite.get("failures")) for suite in root] == [("good", "0"), ("bad", "1")]
    assert [one["ok"] for one in json.loads(ended.out)["playbooks"]] == [True, False]
    assert ended.err.splitlines() == [
        "::error file=bad.yaml,line=8,title=bad%3A expectation did not hold::default: requests > 1000, measured 50 <= 1000%0A"
        "chaos run bad.yaml --world sim --seed 1"
    ]
    assert (here / "m.md").read_text() == (here / "summary.md").read_text()
    assert (here / "m.md").read_text().startswith("## chaos: 2 playbooks: 1 held, 1 violated\n")


def test_annotations_go_to_stdout_where_nothing_else_needs_it(folder: Path) -> None:
    assert "::error file=bad.yaml" in run(folder, "bad.yaml --github").out
    assert "::error" not in run(folder, "bad.yaml --no-github", GITHUB_ACTIONS="true").out


def test_wrong_playbooks_are_all_told_and_are_errors_in_the_reports(folder: Path) -> None:
    ended = run(folder, "wrong.yaml good.yaml nowhere --junit j.xml")
    assert ended.code == 2
    assert "wrong.yaml:8" in ended.err
    assert "there is no playbook 'nowhere'" in ended.err
    root = ElementTree.parse(folder / "here" / "j.xml").getroot()
    assert [(suite.get("name"), suite.get("errors"), suite.get("skipped")) for suite in root] == [
        ("wrong.yaml", "1", "0"),
        ("good", "0", "1"),
        ("nowhere", "1", "0"),
    ]


def test_fail_fast_names_what_was_not_played(folder: Path) -> None:
    ended = run(folder, "bad.yaml good.yaml --fail-fast")
    assert (ended.code, ended.out.splitlines()[-1]) == (1, "✗ 2 playbooks: 1 violated, 1 not played  (exit 1)")


def test_what_is_said_of_several_does_not_depend_on_how_many_are_played_at_once(folder: Path) -> None:
    def said(jobs: int) -> tuple[int, str, str]:
        words = f"good.yaml bad.yaml good.yaml --world sim --plain --repeat 2 --jobs {jobs}"
        ended = Command(("run", *words.split()), folder).start().end()
        return ended.code, re.sub(r" [\d.]+m?s$", "", ended.out, flags=re.M), ended.err

    assert said(1) == said(3)


@pytest.mark.skipif(sys.platform != "linux", reason="finds processes through /proc")
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGINT])
def test_those_who_play_ahead_do_not_outlive_the_command(folder: Path, number: signal.Signals) -> None:
    words = ("run", "good.yaml", "--world", "sim", "--quiet", "--repeat", "100", "--set", "lasts=20s", "--jobs", "2")
    command = Command(words, folder).start()
    assert wait_until(lambda: len(command.processes()) == 3, within_s=20)
    command.send(number)
    assert command.end().code == (130 if number is signal.SIGINT else -number)
    assert wait_until(lambda: not command.processes(), within_s=5)


def test_fail_fast_is_honoured_by_those_who_play_ahead(folder: Path) -> None:
    ended = run(folder, "good.yaml bad.yaml good.yaml --fail-fast --jobs 3")
    assert (ended.code, ended.out.splitlines()[-1]) == (1, "✗ 3 playbooks: 1 held, 1 violated, 1 not played  (exit 1)")


def test_real_plays_at_once_are_shown_in_their_turn_and_tried_again_alone(folder: Path) -> None:
    words = ("run", "bad.yaml", "good.yaml", "--set", "lasts=500ms", "--jobs", "2", "--retries", "1", "--plain")
    ended = Command(words, folder).start().end()
    assert ended.code == 1
    assert ended.err.count("bad.yaml: attempt 2 of 2\n") == 1
    titles = re.findall(r"^(good|bad)\b.*seed", ended.out, flags=re.M)
    assert titles == ["bad", "bad", "good"]
    assert ended.out.endswith("✗ 2 playbooks: 1 held, 1 violated  (exit 1)\n")


def test_repeated_runs_show_how_far_each_measure_is_spread(folder: Path) -> None:
    ended = run(folder, "good.yaml --repeat 3 --json")
    document = json.loads(ended.out)
    assert [one["seed"] for one in document["runs"]] == [1, 2, 3]
    (requests,) = [one for one in document["spread"] if (one["measure"], one["link"]) == ("requests", None)]
    counted = sorted(one["variants"]["default"]["measures"]["requests"] for one in document["runs"])
    assert [requests["least"], requests["median"], requests["most"]] == counted
    assert counted[0] < counted[2]
    assert "good: the spread of 3 runs" in run(folder, "good.yaml --repeat 3").out


def test_a_baseline_notices_what_got_worse(folder: Path) -> None:
    assert run(folder, "good.yaml --save-baseline base.json").code == 0
    assert run(folder, "good.yaml --baseline base.json").code == 0
    slow = "good.yaml --baseline base.json --set inventory.service_time=50ms --junit j.xml"
    ended = run(folder, slow)
    assert ended.code == 1
    assert "good: worse than the baseline\n" in ended.out
    assert re.search(r"^  default: p50 was [5-9]\S*ms and is 5\d\S*ms$", ended.out, flags=re.M)
    (case,) = [one for one in ElementTree.parse(folder / "here" / "j.xml").iter("testcase") if one.find("failure") is not None]
    assert case.get("name") == "no worse than the baseline"
    assert json.loads(run(folder, slow + " --json").out)["baseline"]["ok"] is False
    assert run(folder, "good.yaml --baseline base.json --worse-by 100%").code == 0


def test_what_did_not_hold_is_no_baseline(folder: Path) -> None:
    ended = run(folder, "bad.yaml --save-baseline base.json")
    assert (ended.code, ended.err) == (1, "chaos: no baseline was saved: what did not hold is none\n")


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        ("", 2, "chaos: no playbook is named"),
        ("good.yaml --all", 2, "chaos: --all plays everything that is shipped"),
        ("good.yaml --baseline none.json", 2, "chaos: the baseline 'none.json' cannot be read: no such file or directory"),
        ("good.yaml --baseline good.yaml", 2, "chaos: 'good.yaml' is not a baseline: it is not JSON"),
        ("good.yaml --worse-by much", 2, "chaos: --worse-by: 'much' is not a share"),
        ("good.yaml --junit no/j.xml", 3, "chaos: 'no/j.xml' cannot be written: no such file or directory"),
        ("good.yaml bad.yaml --record r.jsonl", 2, "chaos: --record takes the file of one run, and 2 playbooks were named"),
    ],
)
def test_what_cannot_be_done_is_said_before_anything_is_played(folder: Path, words: str, code: int, said: str) -> None:
    ended = run(folder, words)
    assert (ended.code, ended.out) == (code, "")
    assert ended.err.startswith(said)


def test_a_real_run_that_fails_is_tried_again_and_both_attempts_are_told(folder: Path) -> None:
    words = ("run", "bad.yaml", "--set", "lasts=300ms", "--retries", "1", "--quiet", "--junit", "j.xml")
    ended = Command(words, folder).start().end()
    assert ended.code == 1
    assert "bad.yaml: attempt 2 of 2" in ended.err
    assert ended.out.count("expectations did not hold") == 2
    assert ended.out.endswith("✗ 1 playbook: 1 violated  (exit 1)\n")
    (case,) = [one for one in ElementTree.parse(folder / "here" / "j.xml").iter("testcase") if len(one)]
    assert [one.tag for one in case] == ["rerunFailure", "failure"]
