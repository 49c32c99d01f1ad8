from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.services.shop import OPENED


@pytest.fixture(autouse=True)
def nodes_are_closed_after_each_test() -> Iterator[None]:
    yield
    while OPENED:
        OPENED.pop().close()
