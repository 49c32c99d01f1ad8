from __future__ import annotations

from io import StringIO

from rich.console import Console

from chaoscli.recording import Recording, RunRecording
from chaoscli.views.plain import PlainView
from chaoscli.views.source import SceneSource
from tests.support.recordings import recording, run_of
from tests.views import plays
from tests.views.golden import check


def shown(run: RunRecording, *, every: float, until: float) -> str:
    """What a log holds when the view was told to draw so often while the recording grew."""
    growing = {name: Recording(name) for name in run.variants}
    file = StringIO()
    with PlainView(Console(file=file, width=80), SceneSource(growing)) as view:
        for frame in range(-5, round(until / every) + 1):
            for name, record in run.variants.items():
                known = len(growing[name].events)
                for event in record.events[known:]:
                    if event.at > frame * every:
                        break
                    growing[name].add(event)
            view.draw(frame * every)
    return file.getvalue()


def test_a_log_of_a_partition() -> None:
    check("plain-partition", shown(plays.partition(), every=0.1, until=13.0))


def test_lines_come_in_order_of_time() -> None:
    for make in (plays.partition, plays.retries, plays.sync_chain):
        lines = shown(make(), every=0.1, until=13.0).splitlines()
        times = [float(line.split("s")[0]) for line in lines]
        # What was known only later (a recovery) is told when it is known; all else is in order.
        settled = [time for time, line in zip(times, lines, strict=True) if "well again" not in line]
        assert settled == sorted(settled)


def test_every_turn_is_told_once_however_often_it_is_drawn() -> None:
    for every in (0.05, 0.5, 3.0):
        lines = shown(plays.partition(), every=every, until=13.0).splitlines()
        assert sum("partition heals" in line for line in lines) == 1
        assert sum("requests hang" in line for line in lines) == 1


def test_progress_comes_every_two_seconds_and_not_after_the_end() -> None:
    lines = shown(plays.partition(), every=0.1, until=30.0).splitlines()

    assert [line.split()[0] for line in lines if "fallback " in line] == ["2.00s", "4.00s", "6.00s", "8.00s", "10.00s", "12.00s"]


def test_a_turn_that_variants_take_almost_together_is_one_line() -> None:
    run = run_of(recording("one").curtain(10).fault("cut", at=3.0), recording("two").curtain(10).fault("cut", at=3.0, late=0.3))

    for every in (0.05, 0.1, 0.33):
        assert [line for line in shown(run, every=every, until=5.0).splitlines() if "cut" in line] == [
            "   3.00s ▼ cut (order -> inventory)"
        ]


def test_what_is_not_yet_settled_is_told_on_leaving() -> None:
    run = run_of(recording("one").curtain(10).fault("cut", at=3.0))

    assert shown(run, every=0.1, until=3.1).splitlines() == [
        "   2.00s   one  no requests yet",
        "   3.00s ▼ cut (order -> inventory)",
    ]
