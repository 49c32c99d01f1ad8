"""The sweep tells a mistake from what is mended, and what was reached on the way."""

from __future__ import annotations

import pytest

from chaoscli.services.catalogue import KINDS
from tests.bench.planted import tried
from tests.explore.planted.catalogue import PLANTED_KINDS


def test_the_seeds_that_break_the_promise_are_those_of_the_mistake(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, kind in PLANTED_KINDS.items():
        monkeypatch.setitem(KINDS, name, kind)
    broke, reached = tried("charge", 3, 6, mended=False)
    assert broke == [4]
    assert reached
    assert tried("charge", 3, 6, mended=True)[0] == []
