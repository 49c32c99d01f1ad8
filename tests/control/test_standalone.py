"""What a proxy that stands alone says and shows: all that is set, and nothing that steers the terminal."""

from __future__ import annotations

import trio

from chaoscli.control.proxies import Proxy
from chaoscli.control.serving import Serving
from chaoscli.control.standalone import line_of, printable, state_of
from chaoscli.control.wire import ProxyAsked, ToxicAsked
from chaoscli.events import FaultMeasured
from chaoscli.traffic import Harm
from tests.control.test_collection import Desk


def measured(achieved_mean_s: float) -> FaultMeasured:
    return FaultMeasured(
        at=1.0, fault="web/lag", link="web", direction="reply", met=2, touched=2, asked_mean_s=10.0,
        achieved_mean_s=achieved_mean_s, error_p50_s=0.0, error_p99_s=0.0, error_max_s=0.0, held_bytes=0,
    )  # fmt: skip


def test_what_was_released_before_it_was_due_is_not_called_achieved() -> None:
    assert line_of(measured(achieved_mean_s=0.0)) == "web/lag: touched 2 of 2, 10s late asked, none of it came due"
    assert line_of(measured(achieved_mean_s=10.001)) == "web/lag: touched 2 of 2, 10s late asked, 10s achieved"


def test_a_name_cannot_steer_the_terminal() -> None:
    assert printable("web\x1b[2J\n") == "web\N{REPLACEMENT CHARACTER}[2J\N{REPLACEMENT CHARACTER}"
    assert printable("Größe – 価格") == "Größe – 価格"


async def test_the_table_has_all_that_is_set() -> None:
    desk = Desk()
    cut = ToxicAsked(name="cut\x07", type="timeout", toxicity=0.3, attributes={"timeout": 500}, duration_s=30.0)
    asked = ProxyAsked(name="web\x1b", listen="localhost:0", upstream="localhost:80", protocol=None, toxics=(cut,))
    made: list[Proxy] = []
    await desk.collection.populate([asked], made.append)
    desk.time_s += 8.5
    await trio.lowlevel.checkpoint()

    (link,) = state_of(Serving(collection=desk.collection, api=None), 8.5, ()).links

    assert link.name == "web\N{REPLACEMENT CHARACTER}"
    words = "drop all bytes, close after 500ms of quiet, toxicity 0.3, 22s left"
    assert link.harms == (Harm(name="cut\N{REPLACEMENT CHARACTER}", text=words, touched=0, way="<-"),)
