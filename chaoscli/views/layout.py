"""How much of a scene fits: rows for each lane, its sub-rows and the story, given a terminal's size."""

from __future__ import annotations

from dataclasses import dataclass

from chaoscli.views.bars import scale_of
from chaoscli.views.scene import Scene

# Below this width the counts go under the lane's name instead of beside the lane.
NARROW = 60
WIDE = 100
TALLEST_LANE = 8
# The full picture has a row for each half tenfold of its scale, within these.
FULL_ROWS = (4, 6)
# Rows of links in one lane: a request through fifteen services can be followed, seven hundred are summed up.
MOST_HOPS = 14
STORY_AT_LEAST = 3
STORY_AT_MOST = 24


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """All in characters. ``plot`` is the width of the time axis; ``rows`` the height of a lane's bars; ``hops`` the most
    sub-rows of hops a lane may have, and ``inner`` says whether it has those of harm, breakers and queues."""

    width: int
    gutter: int
    plot: int
    panel: int
    rows: int
    share: bool
    hops: int
    inner: bool
    story: int
    lanes: int


def plot_width(width: int) -> int:
    """How many columns of time a picture of this width has."""
    return max(width - _gutter(width) - _panel(width), 8)


def fit(scene: Scene, width: int, height: int | None) -> Layout:
    """The richest layout of at most ``height`` lines; without a height, the full picture."""
    lanes = len(scene.lanes)
    hops = min(max((len(lane.hops) for lane in scene.lanes), default=0), MOST_HOPS)
    if height is None:
        rows = min(max(scale_of(scene.lanes).half_tenfolds, FULL_ROWS[0]), FULL_ROWS[1])
        return _layout(width, rows, True, hops, True, STORY_AT_MOST, lanes)
    # Title, axis, its labels, the legend, and one line for each fault that overlaps another.
    around = 4 + max((band.row + 1 for band in scene.bands), default=1)
    left = height - around
    for story, most_hops, share, rows in _preferences(hops):
        # Harm, breakers and queues are what such a play is about: they stay for as long as anything stands below the bars.
        taken = lanes * (1 + rows + share + most_hops + (len(scene.harms) + scene.inside if share else 0))
        if taken + story <= left:
            return _layout(width, rows, share, most_hops, share, min(left - taken, STORY_AT_MOST), lanes)
    return _layout(width, 1, False, 0, False, 0, max(min(lanes, left // 2), 1))


def _preferences(hops: int) -> list[tuple[int, int, bool, int]]:
    """From rich to bare: a tall lane gives way first, then sub-rows, then the line of shares."""
    rich = [(STORY_AT_LEAST + 3, hops, True, rows) for rows in range(TALLEST_LANE, 2, -1)]
    plain = [(STORY_AT_LEAST, fewer, True, rows) for fewer in range(hops, -1, -1) for rows in (3, 2)]
    return [*rich, *plain, (STORY_AT_LEAST, 0, False, 2), (2, 0, False, 1), (0, 0, False, 1)]


def _layout(width: int, rows: int, share: bool, hops: int, inner: bool, story: int, lanes: int) -> Layout:
    return Layout(
        width=width,
        gutter=_gutter(width),
        plot=plot_width(width),
        panel=_panel(width),
        rows=rows,
        share=share,
        hops=hops,
        inner=inner,
        story=story,
        lanes=lanes,
    )


def _gutter(width: int) -> int:
    return 7 if width < NARROW else 13


def _panel(width: int) -> int:
    return 0 if width < NARROW else 18 if width < WIDE else 24
