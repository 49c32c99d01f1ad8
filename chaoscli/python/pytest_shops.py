"""What the fixtures ``chaos`` and ``chaos_sim`` do: open what the mark of a test says, and tell its story if the test fails."""

from __future__ import annotations

import inspect
import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from chaoscli.errors import ChaosError, NotMadeError, UsageError
from chaoscli.playbook.load import SUFFIXES
from chaoscli.pytest_plugin import TELL
from chaoscli.python.faces import Doors
from chaoscli.python.ground import write_run
from chaoscli.python.playgrounds import World, playground
from chaoscli.python.shop import BlockingShop, Shop
from chaoscli.recording import RunRecording
from chaoscli.reports.story import story_lines

# File systems take 255 bytes; the end of a test's name tells it from others.
LONGEST_NAME = 200
_KNOWN = ("playbook", "variant", "seed", "set", "load")


def opened(request: pytest.FixtureRequest, world: World) -> Iterator[Shop | BlockingShop]:
    """The playground, for as long as the test lasts; to be awaited, if the test is a coroutine."""
    try:
        doors = _doors(request, world)
        shop: Shop | BlockingShop
        shop = doors.enter_for_tasks() if inspect.iscoroutinefunction(request.function) else doors.__enter__()
    except ChaosError as error:
        failed = pytest.fail.Exception(error.render(), pytrace=False)  # it says itself what is wrong and where
        raise failed from None
    request.node.stash[TELL] = lambda: _told(request.node, shop)
    try:
        yield shop
    finally:
        doors.__exit__(None, None, None)


def _doors(request: pytest.FixtureRequest, world: World) -> Doors[Shop, BlockingShop]:
    asked = _asked(request)
    seed = request.config.getoption("chaos_seed")
    return playground(
        _where(request, asked["playbook"]),
        world=world,
        variant=asked.get("variant", ""),
        seed=asked.get("seed") if seed is None else seed,
        overrides=asked.get("set", ()),
        load=asked.get("load", True),
        portal=request.getfixturevalue("chaos_portal"),
    )


def _asked(request: pytest.FixtureRequest) -> dict[str, Any]:
    """The mark nearest to the test; what it leaves open, marks of its class and module say."""
    asked: dict[str, Any] = {}
    for mark in request.node.iter_markers("chaos"):
        given = dict(zip(_KNOWN, mark.args, strict=False)) | mark.kwargs
        strange = [name for name in given if name not in _KNOWN]
        if strange or len(mark.args) > len(_KNOWN):
            raise UsageError(f"the mark 'chaos' has no '{(strange or ['more'])[0]}'", hint=f"it has {', '.join(_KNOWN)}")
        asked = given | asked
    if "playbook" not in asked:
        hint = "say it with @pytest.mark.chaos(playbook='partition')"
        raise UsageError(f"the fixture '{request.fixturename}' does not know what to play", hint=hint)
    return asked


def _where(request: pytest.FixtureRequest, playbook: Any) -> Any:
    """A file beside the test, or from the root of the project; else a name, or what a playground takes as it is."""
    if not isinstance(playbook, str) or Path(playbook).suffix not in SUFFIXES:
        return playbook
    places = (request.path.parent / playbook, request.config.rootpath / playbook)
    return next((place for place in places if place.is_file()), Path(playbook))


def _told(item: pytest.Item, shop: Shop | BlockingShop) -> str:
    """What was played, what happened there, and the command that does it again."""
    again = ["pytest", item.nodeid, "--chaos-seed", str(shop.seed)]
    kept = keep(item, shop.recording)
    lines = [f"{shop.recording.header.playbook}, variant {shop.variant}, seed {shop.seed}, world {shop.world}"]
    return "\n".join([*lines, *story_lines(shop.recording), f"again: {shlex.join(again)}", *kept])


def keep(item: pytest.Item, recording: RunRecording) -> list[str]:
    """Written where ``--chaos-recordings`` says, if it does; the lines that tell of it."""
    folder = item.config.getoption("chaos_recordings")
    if not folder:
        return []
    file = item.config.rootpath / folder / f"{re.sub('[^A-Za-z0-9.-]+', '_', item.nodeid)[-LONGEST_NAME:]}.jsonl"
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        write_run(file, recording)
    except (OSError, NotMadeError) as error:
        return [f"the recording was not kept: {error}"]
    return [f"kept: {shlex.join(['chaos', 'replay', str(file)])}"]
