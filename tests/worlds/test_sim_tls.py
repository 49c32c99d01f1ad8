"""Mutual TLS as it is simulated: a round trip more for a new connection, certificates, and bytes that tell nobody anything."""

from __future__ import annotations

import pytest

from chaoscli.errors import NotMadeError
from chaoscli.events import LinkCounted
from chaoscli.faults.base import Direction
from chaoscli.faults.corrupt import Corrupt
from chaoscli.faults.drop import Drop
from chaoscli.faults.latency import Latency
from chaoscli.messages import CallError
from chaoscli.net.memory import ANSWER_BYTES, CERTIFICATE_BYTES, HELLO_BYTES, RECORD_BYTES
from chaoscli.topology import NodeSpec
from tests.worlds.simulation import LINK, Stage, node, on_stage

SECURED = node("inventory", "inventory", tls=True)
OPEN = node("inventory", "inventory")


async def asked(stage: Stage) -> tuple[float, str]:
    """How long a question took, and how it ended."""
    began = stage.kernel.now()
    try:
        how = str((await stage.ask()).status)
    except CallError as error:
        how = f"{error.result.value}: {error.detail}"
    return round(stage.kernel.now() - began, 6), how


async def counted(stage: Stage) -> LinkCounted:
    await stage.world.finish(complete=True)
    return stage.told(LinkCounted)[-1]


def test_a_handshake_is_a_round_trip_on_a_new_connection_and_nothing_on_a_kept_one() -> None:
    async def script(stage: Stage) -> list[tuple[float, str]]:
        return [await asked(stage), await asked(stage)]

    # Ways of 1 ms and 10 ms of work: connecting takes one way, the question and its answer two; shaking hands two more.
    assert on_stage(script, SECURED, tls="mutual") == [(0.015, "200"), (0.012, "200")]
    assert on_stage(script, OPEN) == [(0.013, "200"), (0.012, "200")]


def test_a_handshake_goes_through_the_faults_of_its_link() -> None:
    async def script(stage: Stage) -> tuple[float, str]:
        late = Latency(delay=0.1)
        await stage.world.board.inject("late", [(LINK, Direction.REQUEST), (LINK, Direction.REPLY)], late)
        return await asked(stage)

    assert on_stage(script, SECURED, tls="mutual") == (0.415, "200")


@pytest.mark.parametrize(
    ("callee", "tls", "how"),
    [
        (SECURED, "anonymous", "reset: closed before it answered"),
        (SECURED, "off", "reset: closed before it answered"),
        (OPEN, "mutual", "reset: the TLS handshake failed"),
    ],
)
def test_who_shows_no_certificate_or_speaks_another_language_is_not_heard(callee: NodeSpec, tls: str, how: str) -> None:
    async def script(stage: Stage) -> str:
        return (await asked(stage))[1]

    assert on_stage(script, callee, tls=tls) == how


def test_certificates_and_seals_are_bytes_that_are_counted() -> None:
    async def script(stage: Stage) -> LinkCounted:
        await asked(stage)
        return await counted(stage)

    plain, secured = on_stage(script, OPEN), on_stage(script, SECURED, tls="mutual")
    assert secured.bytes_request - plain.bytes_request == HELLO_BYTES + CERTIFICATE_BYTES + RECORD_BYTES
    assert secured.bytes_reply - plain.bytes_reply == ANSWER_BYTES + RECORD_BYTES


def test_a_single_bit_that_is_flipped_ends_the_connection() -> None:
    async def script(stage: Stage) -> str:
        await asked(stage)
        await stage.world.board.inject("flips", [(LINK, Direction.REQUEST)], Corrupt(rate=0.01))
        return (await asked(stage))[1]

    # Of a GET in plain HTTP some other question might be left; of a sealed one nothing is.
    assert on_stage(script, SECURED, tls="mutual").startswith("reset")


def test_a_fault_of_messages_has_nothing_to_read() -> None:
    async def script(stage: Stage) -> None:
        with pytest.raises(NotMadeError, match="carries plain bytes"):
            await stage.world.board.inject("lost", [(LINK, Direction.REQUEST)], Drop(what="request", probability=1.0))

    on_stage(script, SECURED, tls="mutual")
