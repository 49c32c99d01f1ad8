"""One JSON object a line over an inherited socket: how a process of ours talks with the command that owns it.

Both ends are alike. A line is a question (``do``, ``id``), its answer (``done``, ``id``), its refusal (``failed``, ``id``) or
something told (an event). Telling never blocks: lines wait in a bounded queue, and what does not fit is counted and told
later. The far end closing is the sign that the owner is gone: ``run`` returns then.
"""

from __future__ import annotations

import json
import socket
import time
from collections import deque
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import trio

from chaoscli.compact import compact
from chaoscli.errors import ChaosError, NotMadeError
from chaoscli.event_lines import encode
from chaoscli.events import Event, EventsLost

# About ten seconds of a busy service's events: long enough for a stalled screen, small enough for twenty processes.
MOST_WAITING_LINES = 50_000
# A line is one event or one command; anything longer is a bug, and reading it whole would be a way to eat memory.
LONGEST_LINE_BYTES = 1 << 20

Line = dict[str, Any]
Answer = Callable[[Line], Awaitable[Mapping[str, Any] | None]]


class ChannelClosed(Exception):
    """The far end is gone."""


class Channel:
    """One end. ``name`` says whose lines these are when some had to be dropped."""

    def __init__(self, sock: socket.socket, name: str) -> None:
        sock.setblocking(False)
        self._stream = trio.SocketStream(trio.socket.from_stdlib_socket(sock))
        self._name = name
        self._waiting: deque[str] = deque()
        self._lost = 0
        self._wake = trio.Event()
        self._asked: dict[int, tuple[trio.Event, Line]] = {}
        self._next_id = 0
        self._closed = False

    def tell(self, fields: Mapping[str, Any]) -> None:
        self._put(_line(fields))

    def tell_event(self, event: Event) -> None:
        self._put(encode(event))

    async def ask(self, do: str, /, **fields: Any) -> Line:
        """Ask the far end to do something and wait. NotMadeError when it refuses, ChannelClosed when it is gone."""
        if self._closed:
            raise ChannelClosed(self._name)
        self._next_id += 1
        number, answered = self._next_id, trio.Event()
        answer: Line = {}
        self._asked[number] = (answered, answer)
        try:
            self._put(_line({"do": do, "id": number, **fields}), awaited=True)
            await answered.wait()
        finally:
            del self._asked[number]
        if "closed" in answer:
            raise ChannelClosed(self._name)
        if "failed" in answer:
            raise NotMadeError(f"{self._name}: {answer['failed']}", hint=answer.get("hint", ""))
        return answer

    async def run(self, answer: Answer, told: Callable[[Line], None]) -> None:
        """Read and write until the far end closes; every question gets ``answer``'s mapping, everything else goes to ``told``.

        Questions are answered in order, one at a time, so that two cues never overtake each other.
        """
        questions, to_answer = trio.open_memory_channel[Line](1000)
        try:
            async with trio.open_nursery() as nursery:
                nursery.start_soon(self._write_waiting)
                nursery.start_soon(self._answer_all, to_answer, answer)
                await self._read_all(questions, told)
                nursery.cancel_scope.cancel()
        finally:
            self._closed = True
            for event, line in self._asked.values():
                line["closed"] = True
                event.set()
            self._stream.socket.close()

    async def flush(self) -> None:
        """Wait until everything told so far is on its way; for a process about to end."""
        while self._waiting and not self._closed:
            self._wake.set()
            await trio.sleep(0.005)

    def _put(self, line: str, *, awaited: bool = False) -> None:
        """Into the queue; when it is full, only what somebody waits for: there is one answer to each question at most."""
        if len(self._waiting) >= MOST_WAITING_LINES and not awaited:
            self._lost += 1
            return
        if self._lost:
            lost, self._lost = self._lost, 0
            self._waiting.append(encode(EventsLost(at=time.monotonic(), source=self._name, count=lost)))
        self._waiting.append(line)
        self._wake.set()

    async def _write_waiting(self) -> None:
        try:
            while True:
                await self._wake.wait()
                self._wake = trio.Event()
                while self._waiting:
                    # A batch a system call: at a few thousand events a second single lines would cost a core.
                    batch = [self._waiting.popleft() for _ in range(min(200, len(self._waiting)))]
                    await self._stream.send_all(("\n".join(batch) + "\n").encode())
        except trio.BrokenResourceError:
            pass  # the reader sees the end as well, and ends the run

    async def _read_all(self, questions: trio.MemorySendChannel[Line], told: Callable[[Line], None]) -> None:
        rest = b""
        while True:
            try:
                data = await self._stream.receive_some(65536)
            except trio.BrokenResourceError:
                return
            if not data:
                return
            *lines, rest = (rest + data).split(b"\n")
            if len(rest) > LONGEST_LINE_BYTES:
                raise AssertionError(f"a line of {self._name} is longer than {LONGEST_LINE_BYTES} bytes")
            for text in lines:
                line = json.loads(text)
                if "do" in line:
                    await questions.send(line)
                elif line.get("id") in self._asked and ("done" in line or "failed" in line):
                    event, answer = self._asked[line["id"]]
                    answer.update(line)
                    event.set()
                else:
                    told(line)

    async def _answer_all(self, to_answer: trio.MemoryReceiveChannel[Line], answer: Answer) -> None:
        async for question in to_answer:
            number = question["id"]
            try:
                fields = await answer(question)
            except ChaosError as error:
                self._put(_line({"failed": error.message, "hint": error.hint, "id": number}), awaited=True)
            except OSError as error:
                self._put(_line({"failed": str(error), "id": number}), awaited=True)
            else:
                self._put(_line({**(fields or {}), "done": True, "id": number}), awaited=True)


def _line(fields: Mapping[str, Any]) -> str:
    return compact(fields)
