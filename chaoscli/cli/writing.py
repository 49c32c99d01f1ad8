"""What ``chaos new`` does: the text in a file that was not there."""

from __future__ import annotations

import shlex
from pathlib import Path

from chaoscli.errors import UsageError
from chaoscli.playbook.load import SUFFIXES
from chaoscli.playbook.starter import starter


def write_new(where: Path) -> str:
    """What to do next. UsageError when the file is there, or cannot be made."""
    file = where if where.suffix in SUFFIXES else where.with_name(where.name + SUFFIXES[0])
    shown = shlex.quote(str(file))
    text = starter(file.stem, shown)
    try:
        with file.open("x", encoding="utf-8") as opened:
            opened.write(text)
    except FileExistsError:
        raise UsageError(f"'{file}' is already there", hint="choose another name, or take it away first") from None
    except OSError as error:
        raise UsageError(f"'{file}' cannot be written: {(error.strerror or str(error)).lower()}") from None
    return f"{file} is written; play it with\n  chaos run {shown}"
