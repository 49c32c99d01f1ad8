"""Who waits for what: the tasks of a run and the line of our own code at which each of them stands."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import trio

import chaoscli

_OURS = str(Path(chaoscli.__file__).parent)
# A stuck play has tens of tasks; a storm has hundreds that all wait for the same.
MOST_LINES = 20


def who_waits() -> str:
    """One line for each place that leaf tasks of this run wait at, with how many of them do."""
    root = trio.lowlevel.current_root_task()
    counts: dict[str, int] = {}
    for task in _leaves(root) if root is not None else ():
        place = _place(task)
        counts[place] = counts.get(place, 0) + 1
    lines = [place if count == 1 else f"{place}  ({count} times)" for place, count in sorted(counts.items())]
    if len(lines) > MOST_LINES:
        lines[MOST_LINES:] = [f"and {len(lines) - MOST_LINES} other places"]
    return "\n".join(f"  {line}" for line in lines)


def _leaves(task: trio.lowlevel.Task) -> Iterator[trio.lowlevel.Task]:
    """Those that have no tasks of their own; trio's system tasks always wait and are left out."""
    children = [child for nursery in task.child_nurseries for child in nursery.child_tasks]
    if not children and not task.name.startswith(("<", "trio.")):
        yield task
    for child in children:
        yield from _leaves(child)


def _place(task: trio.lowlevel.Task) -> str:
    """The innermost line of ours, or of whoever's code it is."""
    frames = [(frame.f_code.co_filename, line, frame.f_code.co_qualname) for frame, line in task.iter_await_frames()]
    ours = [one for one in frames if one[0].startswith(_OURS)] or frames
    if not ours:
        return f"{task.name} (about to run)"
    file, line, function = ours[-1]
    name = Path(file).relative_to(_OURS) if file.startswith(_OURS) else Path(file).name
    return f"{task.name.rpartition('.')[2]}: {function} ({name}:{line})"
