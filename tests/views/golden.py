"""Pictures kept as text: ``CHAOS_WRITE_GOLDEN=1 pytest tests/views`` writes them anew; read the diff before you commit it."""

from __future__ import annotations

import os
from io import StringIO
from pathlib import Path

from rich.console import Console, RenderableType

GOLDEN = Path(__file__).parent.parent / "golden"


def drawn(renderable: RenderableType, width: int, *, encoding: str = "utf-8") -> str:
    """As it comes out of a pipe: no colours, no control characters."""
    file = _Encoded(encoding)
    Console(file=file, width=width, color_system=None, force_terminal=False, highlight=False).print(renderable)
    return file.getvalue()


def check(name: str, text: str) -> None:
    """The text is what the file of that name holds."""
    path = GOLDEN / f"{name}.txt"
    if os.environ.get("CHAOS_WRITE_GOLDEN"):
        path.write_text(text, encoding="utf-8")
    assert text == path.read_text(encoding="utf-8")


class _Encoded(StringIO):
    """A text file that says which encoding it is written in."""

    def __init__(self, encoding: str) -> None:
        super().__init__()
        self._said = encoding

    @property
    def encoding(self) -> str:  # type: ignore[override]
        return self._said
