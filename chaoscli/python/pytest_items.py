"""Playbooks as tests: a file is played once, when its first item is run, and each item is one expectation of it."""

from __future__ import annotations

import os
import shlex
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from chaoscli.checks.evaluate import evaluate
from chaoscli.checks.expectation import Expectation
from chaoscli.errors import ChaosError
from chaoscli.playbook.load import load_playbook
from chaoscli.playbook.meaning import Playbook
from chaoscli.python.performing import Performed, perform
from chaoscli.python.pytest_shops import keep
from chaoscli.reports.series import blame, sentence
from chaoscli.reports.story import story_lines

THE_RUN = "the run"


class PlaybookFile(pytest.File):
    """One playbook."""

    _performed: Performed | None = None
    playbook: Playbook

    def collect(self) -> Iterable[pytest.Item]:
        try:
            self.playbook = load_playbook(self.path)
        except ChaosError as error:
            raise self.CollectError(error.render()) from None
        yield PlaybookItem.from_parent(self, name=THE_RUN, expectation=None, line=0)
        lines = self.path.read_text(encoding="utf-8").splitlines()
        for one in self.playbook.expectations:
            line = next((number for number, line in enumerate(lines) if one.text in line), 0)
            yield PlaybookItem.from_parent(self, name=one.text, expectation=one, line=line)

    @property
    def performed(self) -> Performed:
        """Played when it is first asked for."""
        if self._performed is None:
            self._performed = perform(self.playbook, world=self.world, seed=self.config.getoption("chaos_seed"))
        return self._performed

    @property
    def world(self) -> str:
        return str(self.config.getoption("chaos_world") or self.config.getini("chaos_world"))

    @property
    def again(self) -> str:
        """The command that plays it again."""
        world = ["--world", "sim"] if self.world == "sim" else []
        path = os.path.relpath(self.path, Path.cwd())
        return shlex.join(["chaos", "run", path, *world, "--seed", str(self.performed.seed)])


@dataclass
class NotHeldError(Exception):
    """``text`` says all."""

    text: str


class PlaybookItem(pytest.Item):
    """One expectation of a playbook; or, without one, that it could be played at all."""

    obj = None  # plugins ask every item for its function (pytest-trio's trio_mode does)

    def __init__(self, *, expectation: Expectation | None, line: int, **rest: Any) -> None:
        super().__init__(**rest)
        self._expectation = expectation
        self._line = line

    @property
    def file(self) -> PlaybookFile:
        assert isinstance(self.parent, PlaybookFile)
        return self.parent

    def runtest(self) -> None:
        performed = self.file.performed
        if performed.interrupted:
            raise KeyboardInterrupt
        if performed.trouble:
            if self._expectation is not None:
                pytest.skip("the run has no verdict")
            raise NotHeldError(f"{performed.trouble}\n{self.file.again}")
        broken = list(self._broken(performed))
        if broken:
            kept = keep(self, performed.recording)
            told = [*broken, "", self._head(), *story_lines(performed.recording), f"again: {self.file.again}", *kept]
            raise NotHeldError("\n".join(told))

    def _broken(self, performed: Performed) -> Iterator[str]:
        for check in evaluate(self._expectation, performed.recording) if self._expectation is not None else ():
            if not check.held:
                yield f"{sentence(check)}: measured {check.shown}"
                yield from (f"  {line}" for line in blame(check))

    def _head(self) -> str:
        return f"{self.file.playbook.title} (seed {self.file.performed.seed}, world {self.file.world})"

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        if isinstance(excinfo.value, NotHeldError):
            return excinfo.value.text
        if isinstance(excinfo.value, ChaosError):
            return excinfo.value.render()
        return super().repr_failure(excinfo, style)

    def reportinfo(self) -> tuple[Path, int | None, str]:
        return self.path, self._line, f"{self.file.playbook.name}: {self.name}"
