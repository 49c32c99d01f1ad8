"""One run as one page: the timeline, the verdict, what was expected beside what was measured, figures, faults and the story.

The page holds everything it shows, fetches nothing and runs nothing: it can be kept as an artifact, mailed, and opened offline.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from html import escape

from chaoscli.outcome import Outcome
from chaoscli.recording import RunRecording
from chaoscli.reports.characters import clean
from chaoscli.reports.series import WORDS, blame, sentence
from chaoscli.reports.story import story
from chaoscli.views.final import final_scene, measure_rows
from chaoscli.views.svg import svg_of
from chaoscli.views.timeline import Timeline

# Where a timeline is at its best, and a page still shows it without scrolling.
WIDTH = 120


def page(run: RunRecording, outcome: Outcome, *, repeat: str = "", notice: str = "", trouble: str = "") -> str:
    """The whole document. ``trouble`` is why there is no verdict, ``repeat`` the command that does it again."""
    title = f"{outcome.playbook}: {outcome.title}" if outcome.title != outcome.playbook else outcome.playbook
    parts = "\n".join(_parts(run, outcome, repeat=repeat, notice=notice, trouble=trouble))
    return clean(_PAGE.format(title=_text(title), style=_STYLE, parts=parts))


def _parts(run: RunRecording, outcome: Outcome, *, repeat: str, notice: str, trouble: str) -> Iterator[str]:
    held = not trouble and outcome.ok
    word = "not made" if trouble else WORDS[outcome.exit_code]
    yield f'<p class="verdict {"good" if held else "bad"}">{"✓" if held else "✗"} {_text(word)}</p>'
    yield f'<p class="faint">seed {outcome.seed} · {outcome.world} world · chaoscli {_text(outcome.version)}</p>'
    if trouble:
        yield f"<pre>{_text(trouble)}</pre>"
    scene = final_scene(run, WIDTH)
    if any(lane.tally.requests for lane in scene.lanes):
        yield f"<figure>{svg_of(Timeline(scene), width=WIDTH, title=outcome.playbook)}</figure>"
    yield from _section("expected", _checks(outcome))
    yield from _section("figures", _figures(outcome))
    yield from _section("faults, asked and achieved", _faults(outcome))
    yield from _section("the story", _story(run))
    yield from _section("problems", _problems(outcome))
    if notice:
        yield f"<h2>notice</h2>\n<p>{_text(' '.join(notice.split()))}</p>"
    if repeat:
        yield f"<h2>again</h2>\n<pre>{_text(repeat)}</pre>"


def _section(title: str, rows: Iterable[str]) -> Iterator[str]:
    """A table under its heading, if it has rows."""
    told = list(rows)
    if told:
        yield f'<h2>{title}</h2>\n<div class="wide"><table>\n' + "\n".join(told) + "\n</table></div>"


def _checks(outcome: Outcome) -> Iterator[str]:
    for check in outcome.checks:
        sign = "good" if check.held else "bad"
        why = "".join(f'<br><span class="faint">{_text(line)}</span>' for line in blame(check))
        cells = (_text(sentence(check)) + why, f"<code>{_text(check.shown)}</code>")
        yield f'<tr><td class="{sign}">{"✓" if check.held else "✗"}</td>' + "".join(f"<td>{one}</td>" for one in cells) + "</tr>"


def _figures(outcome: Outcome) -> Iterator[str]:
    rows = list(measure_rows(outcome)) if outcome.variants else []
    if rows:
        yield _head(["", *(variant.name for variant in outcome.variants)])
    for label, values in rows:
        yield f"<tr><th>{_text(label)}</th>" + "".join(f'<td class="number">{_text(value)}</td>' for value in values) + "</tr>"


def _faults(outcome: Outcome) -> Iterator[str]:
    figures = [(report, figure) for report in outcome.faults for figure in report.figures]
    if figures:
        yield _head(["variant", "fault", "", "asked", "achieved", ""])
    for report, figure in figures:
        yield _row([report.variant, report.fault, figure.what, figure.asked_shown, figure.achieved_shown, figure.note])


def _story(run: RunRecording) -> Iterator[str]:
    for beat in story(run):
        yield _row([f"{beat.at_s:.2f}s", ", ".join(beat.lanes), beat.text])


def _problems(outcome: Outcome) -> Iterator[str]:
    for problem in outcome.problems:
        yield _row(["" if problem.at is None else f"{problem.at:.2f}s", problem.variant, problem.text])


def _head(titles: Sequence[str]) -> str:
    return "<tr>" + "".join(f"<th>{_text(title)}</th>" for title in titles) + "</tr>"


def _row(cells: Sequence[str]) -> str:
    return "<tr>" + "".join(f"<td>{_text(cell)}</td>" for cell in cells) + "</tr>"


def _text(text: str) -> str:
    return escape(clean(text))


_STYLE = """\
:root { color-scheme: dark; --faint: #8b93a3; --good: #5ebe78; --bad: #f0605a; --line: #343846 }
body { margin: 2rem auto; max-width: 66rem; padding: 0 1rem; background: #161821; color: #cdd3de }
body { font: 16px/1.5 system-ui, sans-serif }
h1 { font-size: 1.4rem } h2 { font-size: 1.05rem; margin-top: 2rem }
figure { margin: 1rem 0 } figure svg { width: 100%; height: auto }
.wide { overflow-x: auto } table { border-collapse: collapse; font-size: .9rem }
td, th { padding: .2rem .9rem .2rem 0; text-align: left; vertical-align: top }
td, th { border-bottom: 1px solid var(--line) } th { font-weight: 500; color: var(--faint) }
.number { text-align: right; font-variant-numeric: tabular-nums }
.good { color: var(--good) } .bad { color: var(--bad) } .faint { color: var(--faint) }
.verdict { font-size: 1.2rem; font-weight: 600 }
pre, code { font: .85rem ui-monospace, Menlo, Consolas, monospace }
pre { padding: .7rem; background: #1f222d; overflow-x: auto }
"""

_PAGE = """\
<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<style>
{style}</style>
</head>
<body>
<h1>{title}</h1>
{parts}
</body>
</html>
"""
