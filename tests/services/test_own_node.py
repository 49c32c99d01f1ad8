"""A service's way to the world is its node: no file of the services keeps time, rolls dice or opens anything by itself."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

import chaoscli

SERVICES = Path(chaoscli.__file__).parent / "services"
# A node's own files: what it is made of in a process, and where its databases are.
OF_THE_NODE = {"node.py", "process.py", "disk.py"}
FILES = sorted(path for path in SERVICES.glob("*.py") if path.name not in OF_THE_NODE)

FORBIDDEN_MODULES = {"time", "datetime", "secrets", "socket", "subprocess", "threading", "os", "uuid", "random"}
FORBIDDEN_CALLS = {
    "trio.sleep", "trio.sleep_until", "trio.sleep_forever", "trio.current_time", "trio.move_on_after", "trio.fail_after",
    "trio.to_thread", "sqlite3.connect",
}  # fmt: skip


def reaches_around(tree: ast.Module) -> list[str]:
    found = []
    for one in ast.walk(tree):
        if isinstance(one, ast.Import):
            found += [f"line {one.lineno}: import {name.name}" for name in one.names if name.name in FORBIDDEN_MODULES]
        elif isinstance(one, ast.ImportFrom) and one.module in FORBIDDEN_MODULES:
            found += [f"line {one.lineno}: {one.module}.{name.name}" for name in one.names if name.name != "Random"]
        elif isinstance(one, ast.Attribute) and (called := ast.unparse(one)) in FORBIDDEN_CALLS:
            found.append(f"line {one.lineno}: {called}")
    return found


@pytest.mark.parametrize("file", FILES, ids=[file.name for file in FILES])
def test_a_service_reaches_the_world_through_its_node_alone(file: Path) -> None:
    assert reaches_around(ast.parse(file.read_text(encoding="utf-8"))) == []


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("import time\n", ["line 1: import time"]),
        ("from uuid import uuid4\n", ["line 1: uuid.uuid4"]),
        ("async def f():\n    await trio.sleep(1)\n", ["line 2: trio.sleep"]),
        ("import sqlite3\nx = sqlite3.connect('file')\n", ["line 2: sqlite3.connect"]),
        ("from random import Random\nimport sqlite3\nx: sqlite3.Connection\ny = trio.Event()\n", []),
    ],
)
def test_the_check_notices_each_way_around(text: str, found: list[str]) -> None:
    assert reaches_around(ast.parse(text)) == found
