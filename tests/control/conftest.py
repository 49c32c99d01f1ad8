from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
import trio

from tests.control.live import Live, start


@pytest.fixture
async def live(nursery: trio.Nursery) -> AsyncIterator[Live]:
    up = await start(nursery)
    yield up
    await up.aclose()
