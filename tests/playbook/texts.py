"""The smallest playbook there is, and how to read a changed one in a test."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from chaoscli.errors import PlaybookError, Problem
from chaoscli.playbook.meaning import Playbook
from chaoscli.playbook.read import read_playbook

SMALL = """\
playbook: small
services:
  inventory: { workers: 4 }
  order: { calls: { inventory: { timeout: 300ms } } }
load:
  shoppers: { request: POST order /api/orders, rate: 20/s }
lasts: 10s
"""


def read(more: str = "", *, overrides: Sequence[str] = ()) -> Playbook:
    """The smallest playbook with ``more`` written under it."""
    return read_playbook((SMALL + more).encode(), "small.yaml", overrides=overrides)


def problems(more: str = "", *, overrides: Sequence[str] = ()) -> tuple[Problem, ...]:
    with pytest.raises(PlaybookError) as caught:
        read(more, overrides=overrides)
    return caught.value.problems
