"""A playground as the code that plays sees it: to be awaited, in trio or asyncio, or to be waited for, in plain code.

Both faces say the same things with the same words. ``Shop`` is the one of ``async with``, ``BlockingShop`` that of ``with``.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from chaoscli.faults.catalogue import Fault
from chaoscli.faults.partition import Partition
from chaoscli.outcome import Check
from chaoscli.python.faces import Block, BlockingBlock, BlockingFace, Face
from chaoscli.python.ground import Ground
from chaoscli.python.reply import Reply
from chaoscli.recording import RunRecording

# A person who waits longer has gone; a simulated one waits as long without any time passing.
USUAL_TIMEOUT_S = 30.0


class _Base:
    """What neither face has to wait for."""

    _ground: Ground

    @property
    def seed(self) -> int:
        """The seed of every die and every arrival here."""
        return self._ground.script.seed

    @property
    def variant(self) -> str:
        return self._ground.script.variant

    @property
    def world(self) -> str:
        """``real`` or ``sim``."""
        return self._ground.script.world

    @property
    def services(self) -> tuple[str, ...]:
        return tuple(node.name for node in self._ground.script.topology.services)

    @property
    def links(self) -> tuple[str, ...]:
        """Everything a fault may be aimed at, your own links (``you -> order``) among them."""
        return tuple(map(str, self._ground.script.topology.links))

    @property
    def recording(self) -> RunRecording:
        """Everything that has happened, as it grows."""
        return self._ground.recorder.recording

    def now(self) -> float:
        """Seconds since the start, of the clock of this world."""
        return self._ground.world.now()

    def address(self, service: str) -> tuple[str, int]:
        """Host and port where a client of your own reaches the service, through the link ``you -> service``; real world only."""
        return self._ground.address(service)

    def url(self, service: str) -> str:
        """The same for one that speaks HTTP."""
        host, port = self.address(service)
        return f"http://{host}:{port}"


class Shop(Face[Ground], _Base):
    """The face of ``async with chaoscli.playground(...)``."""

    async def call(
        self, request: str, *, json: Any = None, body: bytes = b"", headers: Mapping[str, str] | None = None,
        timeout: float = USUAL_TIMEOUT_S,
    ) -> Reply:  # fmt: skip
        """Send ``POST order /api/orders`` and the like, through the link ``you -> order``; whatever comes of it is returned.

        ``timeout`` is in the seconds of the world. Only what could never be sent raises: UsageError.
        """
        return await self._run(self._ground.call, request, json, body, headers or {}, timeout)

    def fault(self, fault: str | Fault | Partition, on: str | None = None, *, name: str = "", direction: str = "") -> Block:
        """Harm something for as long as the block lasts: ``async with shop.fault("latency 50ms on order -> inventory"):``.

        In place of the text there may be settings (``Latency(delay=0.05)``, with ``on="order -> inventory"``). ``name`` is
        what windows call it (``p99 during NAME``); its kind without. ``direction`` is request, reply or both; the kind's own
        without.
        """
        return self._block(self._ground.inject_said, self._ground.heal, fault, on, name, direction)

    async def kill(self, service: str) -> None:
        """As ``kill -9`` does: what it had not committed is lost, and it stays dead until ``restart``."""
        await self._run(self._ground.kill, service)

    async def restart(self, service: str) -> None:
        """Start it again, killed before or not, and wait until it is ready."""
        await self._run(self._ground.restart, service)

    async def pause(self, service: str) -> None:
        """Stop it where it is, connections open, until ``resume``."""
        await self._run(self._ground.pause, service)

    async def resume(self, service: str) -> None:
        await self._run(self._ground.resume, service)

    async def set_rate(self, load: str, per_second: float | None) -> None:
        """What a load of the playbook offers from now on; None: what is written for it."""
        await self._run(self._ground.set_rate, load, per_second)

    async def sleep(self, seconds: float) -> None:
        """Let time pass, in this world: virtual time takes none."""
        await self._run(self._ground.sleep, seconds)

    async def measures(self, *measures: str) -> dict[str, float | None]:
        """What these come to so far (``p99``, ``amplification of order -> inventory during slow``; all standard ones without),
        in seconds, shares of one, or a second. None is "no data", infinite "never"."""
        return await self._run(self._ground.measure, measures)

    async def expect(self, sentence: str) -> Check:
        """Judge a sentence of a playbook's ``expect``; AssertionError with the measured values if it does not hold."""
        __tracebackhide__ = True
        return held(await self._run(self._ground.check, sentence))

    async def save(self, file: str | Path) -> None:
        """Write the recording, for ``chaos replay`` and ``chaos report``."""
        await self._run(self._ground.save, Path(file))


class BlockingShop(BlockingFace[Ground], _Base):
    """The face of ``with chaoscli.playground(...)``; each word means what it means in ``Shop``. Any thread may use it."""

    def call(
        self, request: str, *, json: Any = None, body: bytes = b"", headers: Mapping[str, str] | None = None,
        timeout: float = USUAL_TIMEOUT_S,
    ) -> Reply:  # fmt: skip
        return self._run(self._ground.call, request, json, body, headers or {}, timeout)

    def fault(
        self, fault: str | Fault | Partition, on: str | None = None, *, name: str = "", direction: str = ""
    ) -> BlockingBlock:
        return self._block(self._ground.inject_said, self._ground.heal, fault, on, name, direction)

    def kill(self, service: str) -> None:
        self._run(self._ground.kill, service)

    def restart(self, service: str) -> None:
        self._run(self._ground.restart, service)

    def pause(self, service: str) -> None:
        self._run(self._ground.pause, service)

    def resume(self, service: str) -> None:
        self._run(self._ground.resume, service)

    def set_rate(self, load: str, per_second: float | None) -> None:
        self._run(self._ground.set_rate, load, per_second)

    def sleep(self, seconds: float) -> None:
        self._run(self._ground.sleep, seconds)

    def measures(self, *measures: str) -> dict[str, float | None]:
        return self._run(self._ground.measure, measures)

    def expect(self, sentence: str) -> Check:
        __tracebackhide__ = True
        return held(self._run(self._ground.check, sentence))

    def save(self, file: str | Path) -> None:
        self._run(self._ground.save, Path(file))


def held(check: Check) -> Check:
    """The check, if it holds."""
    __tracebackhide__ = True  # pytest points at the sentence that was asked, not in here
    if check.held:
        return check
    reason = f" ({check.reason})" if check.reason else ""
    guilty = f"; broken by {', '.join(check.guilty)}" if check.guilty else ""
    raise AssertionError(f"{check.written or check.text}: measured {check.shown}{reason}{guilty}")
