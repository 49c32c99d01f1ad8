"""The house stands as drawn: imports go down the floors, never in a ring, and what decides does nothing else."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

import chaoscli

ROOT = Path(chaoscli.__file__).parent
EXAMPLES = ROOT / "examples"  # programs of the users', to be copied: no part of the house

WORDS = (
    "errors",
    "units",
    "compact",
    "dice",
    "settings",
    "card_numbers",
    "messages",
    "tracing",
    "events",
    "event_lines",
    "topology",
    "environment",
    "traffic",
    "faults.base",
)

# Every module belongs to the first group whose prefix fits; a group lists what of ours it may import besides itself.
GROUPS: dict[str, tuple[str, ...]] = {
    "words": (),
    "faults": ("words",),
    "resilience": ("words",),
    "load": ("words", "resilience", "net", "services"),
    "measures": ("words",),
    "checks": ("words", "measures"),
    "net": ("words",),
    "proxy": ("words", "faults", "net"),
    "control": ("words", "faults", "net", "proxy"),
    "services": ("words", "net", "resilience"),
    "playbook": ("words", "faults", "resilience", "load", "checks", "measures", "services"),
    "worlds": ("words", "faults", "resilience", "load", "checks", "measures", "net", "proxy", "control", "services"),
    "conductor": ("words", "faults", "playbook", "worlds", "checks", "measures"),
    "explore": ("words", "faults", "resilience", "load", "measures", "checks", "playbook", "worlds"),
    "faces": ("words", "measures", "checks"),
}
GROUPS["doors"] = tuple(GROUPS)  # the only places that choose
MEMBERS: dict[str, tuple[str, ...]] = {
    "words": WORDS,
    "measures": ("recording", "measures", "outcome", "exploration"),
    "conductor": ("conductor", "nodes", "scaling", "stagehand", "watching", "play"),
    "faces": ("views", "reports"),
    "doors": ("cli", "python", "pytest_plugin", "simulation", "__main__", ""),
}

# Modules of pure groups that are there to act; everything else in those groups decides and returns.
PURE_GROUPS = ("words", "faults", "resilience", "load", "measures", "checks", "playbook", "faces")
ACTING = (
    "resilience.call",
    "resilience.attempt",
    "resilience.answering",
    "resilience.limits",
    "resilience.sending_again",
    "resilience.gates",
    "load.commands",
    "load.generator",
    "load.process",
)
PURE_ELSEWHERE = (
    "proxy.exchange",
    "proxy.framing",
    "proxy.treatments",
    "control.wire",
    "control.routes",
    "services.clocks",
    "services.terms",
    "services.catalogue",
    "services.foreign",
    "explore.vocabulary",
    "explore.plan",
    "explore.shrink",
    "explore.judging",
    "explore.reached",
    "explore.story",
    "explore.misfits",
    "explore.playable",
)

# Narrower than its group: a playbook knows of services what there is to set, never how a node runs; the conductor knows
# no particular world.
NARROWER = {
    "playbook": (
        "services.catalogue",
        "services.foreign",
        "load.settings",
        "load.catalogue",
        "load.offer",
        "load.course",
        "load.template",
    ),
    "conductor": ("worlds.base",),
}

IMPURE_MODULES = frozenset({"trio", "socket", "selectors", "select", "threading", "subprocess", "asyncio", "signal", "time"})
GLOBAL_DICE = frozenset({"random", "shuffle", "choice", "uniform", "randint", "gauss", "seed", "expovariate"})


@cache
def modules() -> tuple[str, ...]:
    found = (
        ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix("__init__").rstrip(".")
        for path in ROOT.rglob("*.py")
        if EXAMPLES not in path.parents
    )
    return tuple(sorted(found))


@cache
def modules_known() -> frozenset[str]:
    return frozenset(modules())


def source_of(module: str) -> Path:
    path = ROOT.joinpath(*module.split(".")) if module else ROOT
    return path / "__init__.py" if path.is_dir() else path.with_suffix(".py")


@cache
def tree_of(module: str) -> ast.Module:
    return ast.parse(source_of(module).read_text(encoding="utf-8"))


def group_of(module: str) -> str:
    for group in ("words", *GROUPS):
        for prefix in MEMBERS.get(group, (group,)):
            if module == prefix or (prefix and module.startswith(prefix + ".")):
                return group
    raise AssertionError(f"{module} has no floor: name it in tests/test_layers.py")


def imports_of(module: str, *, at_load: bool = False) -> Iterator[str]:
    """Our own modules that this one imports; ``at_load`` leaves out what only a function or a type checker imports."""
    nodes = _executed_at_load(tree_of(module)) if at_load else ast.walk(tree_of(module))
    known = modules_known()
    for node in nodes:
        if isinstance(node, ast.Import):
            for alias in node.names:
                if alias.name.startswith("chaoscli."):
                    yield alias.name.removeprefix("chaoscli.")
        elif isinstance(node, ast.ImportFrom) and node.module is not None and (node.module + ".").startswith("chaoscli."):
            base = node.module.removeprefix("chaoscli").lstrip(".")
            for alias in node.names:
                inner = f"{base}.{alias.name}".lstrip(".")
                yield inner if inner in known else base


def _executed_at_load(tree: ast.Module) -> Iterator[ast.AST]:
    waiting: list[ast.AST] = list(tree.body)
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            continue
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            continue
        yield node
        waiting.extend(ast.iter_child_nodes(node))


def is_pure(module: str) -> bool:
    if module in ACTING:
        return False
    return group_of(module) in PURE_GROUPS or module in PURE_ELSEWHERE


@pytest.mark.parametrize("module", modules())
def test_imports_go_down_the_floors(module: str) -> None:
    group = group_of(module)
    allowed = {group, *GROUPS[group]}
    wrong = [target for target in imports_of(module) if group_of(target) not in allowed]
    for other, only in ((name, NARROWER[name]) for name in NARROWER if name == group):
        reach = tuple(one.partition(".")[0] for one in only)
        wrong += [t for t in imports_of(module) if group_of(t) in reach and group_of(t) != other and t not in only]
    assert wrong == [], f"{module} ({group}) may not import {wrong}"


def test_nothing_imports_in_a_ring() -> None:
    edges = {module: sorted(set(imports_of(module, at_load=True)) - {module}) for module in modules()}
    done: set[str] = set()

    def walk(module: str, path: tuple[str, ...]) -> None:
        assert module not in path, " -> ".join([*path[path.index(module) :], module])
        if module not in done:
            for target in edges[module]:
                walk(target, (*path, module))
            done.add(module)

    for module in edges:
        walk(module, ())


@pytest.mark.parametrize("module", [module for module in modules() if is_pure(module)])
def test_what_decides_neither_waits_nor_looks_at_a_clock_nor_rolls_common_dice(module: str) -> None:
    assert impurities(tree_of(module)) == []


def impurities(tree: ast.Module) -> list[str]:
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.AsyncFunctionDef) and not _is_protocol_stub(node):
            found.append(f"line {node.lineno}: async def {node.name}")
        elif isinstance(node, ast.Await | ast.AsyncFor | ast.AsyncWith):
            found.append(f"line {node.lineno}: waits")
        elif isinstance(node, ast.Import):
            found += [
                f"line {node.lineno}: import {one.name}" for one in node.names if one.name.partition(".")[0] in IMPURE_MODULES
            ]
        elif isinstance(node, ast.ImportFrom) and (node.module or "").partition(".")[0] in IMPURE_MODULES:
            found.append(f"line {node.lineno}: from {node.module} import ...")
        elif isinstance(node, ast.ImportFrom) and node.module == "random":
            found += [f"line {node.lineno}: random.{one.name}" for one in node.names if one.name in GLOBAL_DICE]
        elif isinstance(node, ast.Call) and ast.unparse(node.func) in {f"random.{name}" for name in GLOBAL_DICE} | {
            "datetime.now",
            "uuid4",
            "uuid.uuid4",
        }:
            found.append(f"line {node.lineno}: {ast.unparse(node.func)}()")
    return found


def _is_protocol_stub(node: ast.AsyncFunctionDef) -> bool:
    """A protocol may say that others wait."""
    body = [one for one in node.body if not (isinstance(one, ast.Expr) and isinstance(one.value, ast.Constant))]
    return body == []


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("import time\n", ["line 1: import time"]),
        ("from trio import sleep\n", ["line 1: from trio import ..."]),
        ("async def f():\n    await g()\n", ["line 1: async def f", "line 2: waits"]),
        ("import random\nx = random.random()\n", ["line 2: random.random()"]),
        ("from random import Random, choice\n", ["line 1: random.choice"]),
        ("class P:\n    async def call(self) -> None: ...\n", []),
        ("from random import Random\nx = Random(7).random()\n", []),
    ],
)
def test_the_purity_check_notices_each_impurity(text: str, expected: list[str]) -> None:
    assert impurities(ast.parse(text)) == expected


def test_only_one_file_names_the_private_parts_of_trio() -> None:
    naming = [
        module for module in modules() if re.search(r"\btrio\._(?!_version__)", source_of(module).read_text(encoding="utf-8"))
    ]
    assert naming in ([], ["worlds.clock"])
