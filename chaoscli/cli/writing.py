"""What ``chaos new`` does: the text in a file that was not there."""

from __future__ import annotations

import shlex
from pathlib import Path

from chaoscli.errors import UsageError
from chaoscli.playbook.layered import layered
from chaoscli.playbook.layers import MOST_CALLS, MOST_FANOUT, MOST_SERVICES, calls_of
from chaoscli.playbook.load import SUFFIXES
from chaoscli.playbook.starter import SHOP, starter

LAYERED = ("layers", "width", "fanout")
USUAL_FANOUT = 3
LONGEST_NUMBER = 12  # what is longer is no count of anything here, and costs time to read
LAYERED_HINT = "write it like --topology layers=4,width=50,fanout=3"


def write_new(where: Path, topology: str = "", *, template: str = SHOP) -> str:
    """What to do next. ``topology`` asks for services by the hundred: ``layers=4,width=50,fanout=3``. UsageError when the file is
    there, or cannot be made, or there is no such template."""
    file = where if where.suffix in SUFFIXES else where.with_name(where.name + SUFFIXES[0])
    shown = shlex.quote(str(file))
    text = layered(file.stem, shown, **_layers(topology)) if topology else starter(file.stem, shown, template)
    try:
        with file.open("x", encoding="utf-8") as opened:
            opened.write(text)
    except FileExistsError:
        raise UsageError(f"'{file}' is already there", hint="choose another name, or take it away first") from None
    except OSError as error:
        raise UsageError(f"'{file}' cannot be written: {(error.strerror or str(error)).lower()}") from None
    world = " --world sim" if topology else ""
    return f"{file} is written; play it with\n  chaos run {shown}{world}"


def _layers(text: str) -> dict[str, int]:
    """``layers=4,width=50,fanout=3`` as numbers, of which the fanout may be left out."""
    found: dict[str, int] = {}
    for part in text.split(","):
        name, equals, number = (one.strip() for one in part.partition("="))
        if name not in LAYERED or not equals:
            raise UsageError(f"--topology: '{part}' says nothing known", hint=LAYERED_HINT)
        if name in found:
            raise UsageError(f"--topology: '{name}' is said twice", hint=LAYERED_HINT)
        found[name] = _count(name, number)
    missing = [name for name in LAYERED[:2] if name not in found]
    if missing:
        raise UsageError(f"--topology lacks {' and '.join(missing)}", hint=LAYERED_HINT)
    if found["layers"] * found["width"] > MOST_SERVICES:
        raise UsageError(f"--topology: {found['layers'] * found['width']} services are too many; at most {MOST_SERVICES}")
    if found["layers"] == 1 and "fanout" in found:
        raise UsageError("--topology: a single layer calls nobody", hint="leave the fanout out, or write more layers")
    fanout = found.setdefault("fanout", min(USUAL_FANOUT, found["width"]))
    if fanout > found["width"]:
        raise UsageError(
            f"--topology: fanout is {fanout}, and the next layer has {found['width']}", hint="a smaller fanout, or a larger width"
        )
    calls = calls_of([found["width"]] * found["layers"], fanout)
    if calls > MOST_CALLS:
        raise UsageError(f"--topology: a request would be {calls} calls; at most {MOST_CALLS}", hint="a smaller fanout")
    return found


def _count(name: str, text: str) -> int:
    most = MOST_FANOUT if name == "fanout" else MOST_SERVICES
    if not text.isdecimal() or len(text) > LONGEST_NUMBER or int(text) < 1:
        raise UsageError(f"--topology: {name} is '{text[:LONGEST_NUMBER]}'; it is a whole number from 1 on", hint=LAYERED_HINT)
    if int(text) > most:
        raise UsageError(f"--topology: {name} is {int(text)}; at most {most}")
    return int(text)
