"""``chaos new NAME --own KIND``: an example with a program of one's own in a service's place, copied to begin with."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import chaoscli
from chaoscli.errors import UsageError
from chaoscli.playbook.load import SUFFIXES
from chaoscli.playbook.nodes import nearest
from chaoscli.playbook.starter import check_playbook_name

EXAMPLES = Path(chaoscli.__file__).parent / "examples"
PLAYBOOK = "playbook.yaml"


def examples() -> tuple[str, ...]:
    return tuple(sorted(folder.name for folder in EXAMPLES.iterdir() if (folder / PLAYBOOK).is_file()))


def write_own(where: Path, kind: str) -> str:
    """What to do next. UsageError for a kind that is none, or a file that is there already or cannot be made."""
    if kind not in examples():
        raise UsageError(f"there is no example '{kind}'", hint=nearest(kind, examples()))
    file = where if where.suffix in SUFFIXES else where.with_name(where.name + SUFFIXES[0])
    check_playbook_name(file.stem)
    texts = {file: re.sub(rf"(?m)^playbook: {kind}$", f"playbook: {file.stem}", (EXAMPLES / kind / PLAYBOOK).read_text())}
    for beside in sorted((EXAMPLES / kind).iterdir()):
        if beside.name != PLAYBOOK and beside.is_file():
            texts[file.with_name(beside.name)] = beside.read_text()
    there = [str(path) for path in texts if path.exists()]
    if there:
        raise UsageError(f"'{there[0]}' is already there", hint="choose another folder, or take it away first")
    for path, text in texts.items():
        try:
            path.write_text(text, encoding="utf-8")
        except OSError as error:
            raise UsageError(f"'{path}' cannot be written: {(error.strerror or str(error)).lower()}") from None
    written = ", ".join(str(path) for path in texts)
    return f"{written} {'is' if len(texts) == 1 else 'are'} written; play it with\n  chaos run {shlex.quote(str(file))}"
