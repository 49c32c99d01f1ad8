from __future__ import annotations

from collections.abc import Callable
from io import StringIO

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.console import Console

from chaoscli.recording import RunRecording
from chaoscli.views.final import final_scene
from chaoscli.views.layout import plot_width
from chaoscli.views.scene import Scene
from chaoscli.views.source import SceneSource
from chaoscli.views.timeline import Timeline, subtitle_of, summaries_of, title_of
from tests.support.recordings import recording, run_of
from tests.views import plays
from tests.views.golden import check, drawn

PLAYS: dict[str, Callable[[], RunRecording]] = {
    "partition": plays.partition,
    "retries": plays.retries,
    "sync-chain": plays.sync_chain,
}


def scene_at(run: RunRecording, now: float, width: int) -> Scene:
    """The run as a live view would see it at ``now``."""
    header = run.header
    source = SceneSource(
        plays.until(run, now).variants,
        title=title_of(header),
        subtitle=subtitle_of(header),
        summaries=summaries_of(header),
    )
    return source.scene(now, plot_width(width))


@pytest.mark.parametrize("width", [80, 120])
@pytest.mark.parametrize("name", list(PLAYS))
def test_the_whole_picture(name: str, width: int) -> None:
    check(f"timeline-{name}-{width}", drawn(Timeline(final_scene(PLAYS[name](), width)), width))


@pytest.mark.parametrize(("width", "height"), [(80, 24), (80, 40), (120, 45)])
def test_a_frame_in_the_middle_of_the_fault(width: int, height: int) -> None:
    scene = scene_at(plays.partition(), 5.6, width)

    check(f"frame-partition-{width}x{height}", drawn(Timeline(scene, height=height, live=True), width))


def test_the_picture_in_ascii() -> None:
    text = drawn(Timeline(final_scene(plays.partition(), 80)), 80, encoding="ascii")

    assert text.isascii()
    check("timeline-partition-80-ascii", text)


def test_the_picture_before_the_curtain() -> None:
    run = run_of(
        recording("one").node("order", "starting", at=-1).node("inventory", "ready", at=-0.5), recording("two"), title="Soon"
    )

    assert drawn(Timeline(scene_at(run, -0.4, 80), height=24, live=True), 80).splitlines()[:3] == [
        "play: Soon                                                          real, seed 7",
        "── one ───────────────────────────────────────────────── starting, 1 of 2 ready",
        "         1s │",
    ]


def test_an_interrupted_lane_says_so() -> None:
    run = run_of(recording("one").curtain(10).requests(since=0, until=3, rate=10, took=0.02).fell(3, complete=False))

    assert "── one ───" in (text := drawn(Timeline(final_scene(run, 80)), 80))
    assert text.splitlines()[1].endswith("─ interrupted")


def test_overlapping_faults_stack_and_short_ones_are_named_beside_their_band() -> None:
    play = recording("one").curtain(10).requests(since=0, until=10, rate=10, took=0.02)
    play.fault("a long one", at=1, until=6).fault("another", at=2, until=5).fault("blip", at=7, until=7.2)
    play.fault("last", at=9.8, until=10)

    lines = drawn(Timeline(final_scene(run_of(play), 80)), 80).splitlines()

    assert lines[1:3] == [
        "                 ├────── a long one ──────┤    ├┤ blip last ├┤",
        "                      ├── another ───┤",
    ]


def test_a_name_longer_than_its_band_with_no_room_beside_it_is_cut() -> None:
    play = recording("one").curtain(10).requests(since=0, until=10, rate=10, took=0.02)
    play.fault("lost-requests", at=0, until=3).fault("lost-replies", at=3.5, until=6).fault("b", at=7, until=9)

    lines = drawn(Timeline(final_scene(run_of(play), 60)), 60).splitlines()

    assert lines[1] == "             ├lost-r…┤ ├lost-…┤  ├─ b ─┤"


def test_of_more_links_than_can_be_read_the_most_troubled_have_rows_and_the_rest_a_line() -> None:
    play = recording("one").curtain(10).requests(since=0, until=10, rate=10, took=0.02)
    for number in range(20):
        play.call(f"hub -> leaf-{number}", "s-1", at=1.0, took=0.1, result="ok" if number < 8 else "timeout")

    lines = drawn(Timeline(final_scene(run_of(play), 80)), 80).splitlines()

    # Twelve timed out, and one of the rest was never called.
    told = [line.partition("│")[0].split()[-1] for line in lines if "→ leaf" in line]
    assert told == [f"leaf-{number}" for number in range(8, 20)]
    assert [line for line in lines if "more links" in line] == ["          … │and 9 more links, 8 calls, all well"]


def test_harm_to_one_lane_has_a_row_in_each() -> None:
    # 20 requests over 10 s get 13 columns of 0.77 s: the second charge is in that from 1.54 s, two more in that from 4.62 s.
    harmed = recording("harmed").curtain(10).requests(since=0, until=10, rate=2, took=0.02)
    for at in (1, 2, 5.1, 5.2):
        harmed.happened("payment", "charged", "s-1", at=at)
    spared = recording("spared").curtain(10).requests(since=0, until=10, rate=2, took=0.02)
    spared.happened("payment", "charged", "s-1", at=1)

    lines = drawn(Timeline(final_scene(run_of(harmed, spared), 80)), 80).splitlines()

    assert [line for line in lines if "paid" in line] == [
        " paid twice │        ▄▄▄▄           ████                        in all         3",
        " paid twice │                                                   in all         0",
    ]


def test_variants_without_a_fault_are_not_shaded() -> None:
    def play(name: str) -> RunRecording:
        return run_of(recording(name).curtain(10).requests(since=0, until=10, rate=10, took=0.02))

    harmed = recording("harmed").curtain(10).requests(since=0, until=10, rate=10, took=0.02).fault("cut", at=2, until=5)
    run = run_of(harmed, *play("spared").variants.values())

    first, second = drawn(Timeline(final_scene(run, 80)), 80).split("── spared ")
    assert "░" in first
    assert "░" not in second.partition("height:")[0]


def test_the_legend_says_what_the_shade_is_where_there_is_one() -> None:
    def legend(fault_until: float) -> str:
        play = recording("one").curtain(10).requests(since=0, until=10, rate=10, took=0.02).fault("cut", at=0, until=fault_until)
        return next(line for line in drawn(Timeline(final_scene(run_of(play), 80)), 80).splitlines() if "height:" in line)

    assert "░ under a fault" in legend(fault_until=4)
    assert "under a fault" not in legend(fault_until=10)  # it is named, and nothing is shaded


def test_a_fault_that_lasts_the_whole_play_is_named_and_not_shaded() -> None:
    play = recording("one").curtain(10).requests(since=0, until=10, rate=10, took=0.02)
    play.fault("distance", at=0, until=10).fault("cut", at=2, until=4)

    lines = drawn(Timeline(final_scene(run_of(play), 80)), 80).splitlines()

    assert "distance" in lines[1]
    assert {line.count("░") for line in lines if "│" in line} == {0, 11}  # 2 s to 4 s of 49 columns


def test_colour_adds_and_never_carries() -> None:
    """Without its colours the picture is the same text, and no two things differ by colour alone."""
    for make in PLAYS.values():
        scene = final_scene(make(), 100)
        coloured = StringIO()
        Console(file=coloured, width=100, force_terminal=True, color_system="truecolor").print(Timeline(scene))
        styles: dict[str, set[str]] = {}
        console = Console(file=StringIO(), width=100)
        for segment in console.render(Timeline(scene)):
            colour = segment.style.color.name if segment.style and segment.style.color else ""
            for sign in segment.text:
                styles.setdefault(sign, set()).add(colour)
        # In the plot a sign has one colour, but for a bar's heights (green, and yellow over a body of its own) and dots.
        for sign in "▓▒░!×ø?┆⡀⣀⣤⣶⣿":
            assert len(styles.get(sign, {""}) - {""}) <= 1, sign
        assert strip(coloured.getvalue()) == drawn(Timeline(scene), 100)


def strip(text: str) -> str:
    import re

    return re.sub(r"\x1b\[[0-9;]*m", "", text)


@settings(max_examples=40, deadline=None)
@given(
    width=st.integers(10, 250),
    height=st.integers(4, 90),
    now=st.floats(-1, 14),
    name=st.sampled_from(list(PLAYS)),
    live=st.booleans(),
)
def test_a_frame_fits_any_terminal(width: int, height: int, now: float, name: str, live: bool) -> None:
    lines = drawn(Timeline(scene_at(_made(name), now, width), height=height, live=live), width).splitlines()

    assert len(lines) <= height
    assert max(len(line) for line in lines) <= width


def _made(name: str, made: dict[str, RunRecording] = {}) -> RunRecording:  # noqa: B006  (kept on purpose: plays are dear)
    if name not in made:
        made[name] = PLAYS[name]()
    return made[name]


def test_links_to_the_same_neighbour_are_told_apart() -> None:
    play = recording("one").curtain(10, links=("shoppers -> a", "a -> broker", "b -> broker", "b -> c"))
    play.requests(since=0, until=10, rate=10, took=0.02)
    for link in ("a -> broker", "b -> broker", "b -> c"):
        play.call(link, "shoppers-1", at=1.0, took=0.01)

    text = drawn(Timeline(final_scene(run_of(play), 80)), 80)

    assert [line.split("│")[0].strip() for line in text.splitlines() if "→" in line.split("│")[0]][:3] == [
        "a→broker",
        "b→broker",
        "→ c",
    ]


def test_sparse_requests_get_wider_columns_instead_of_gaps() -> None:
    # Two requests a second for ten seconds are 20; three a column are seven columns, and no fewer than twelve are drawn.
    run = run_of(recording("one").curtain(10).requests(since=0, until=10, rate=2, took=0.02))

    scene = final_scene(run, 120)

    assert len(scene.lanes[0].columns) == 12
    assert all(column.ended for column in scene.lanes[0].columns)


def test_a_guess_at_the_load_is_made_anew_only_when_twice_as_much_is_known() -> None:
    play = recording("one").curtain(10).requests(since=0, until=1, rate=10, took=0.02)
    source = SceneSource({"one": play})
    columns = [len(source.scene(1.0, 90).lanes[0].columns)]
    for second in range(1, 10):
        play.requests(since=second, until=second + 1, rate=30, took=0.02)
        columns.append(len(source.scene(second + 1.0, 90).lanes[0].columns))

    # 10 in the first second promise 100: at three a column they want three cells of the 90 each. 40 in two seconds promise
    # 200, 100 in four 250: two cells; 220 in eight 275: one.
    assert columns == [30, 45, 45, 45, 45, 45, 45, 90, 90, 90]
