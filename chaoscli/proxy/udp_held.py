"""The datagrams that a UDP link holds: each until its instant, all together within a bound."""

from __future__ import annotations

import heapq
import math
from collections.abc import Container, Iterator

from chaoscli.faults.base import Direction
from chaoscli.proxy.tally import Tally
from chaoscli.proxy.udp_client import UdpClient

# As much as the connections of a TCP link may hold together; nobody can be told to wait, so what comes on top is dropped.
MOST_HELD_BYTES = 64_000_000
# What Python keeps beside the bytes of one that is held (measured: 312, with its place in the heap).
OVERHEAD_BYTES = 320


class Datagram:
    """On its way to the other side of ``client``. ``tallies`` are those of the faults that made it late, ``tries`` how often
    it could not leave."""

    __slots__ = ("client", "data", "direction", "tallies", "tries")

    def __init__(
        self, client: UdpClient, direction: Direction, data: bytes, tallies: tuple[Tally, ...] = (), tries: int = 0
    ) -> None:
        self.client = client
        self.direction = direction
        self.data = data
        self.tallies = tallies
        self.tries = tries


class Held:
    """Earliest first; of one instant, in the order they came. An infinite instant waits for something else to happen."""

    def __init__(self) -> None:
        self.bytes = 0
        self._heap: list[tuple[float, int, Datagram]] = []
        self._number = 0

    def put(self, at: float, datagram: Datagram) -> bool:
        """Hold it until ``at``; False when there is no room for it."""
        cost = len(datagram.data) + OVERHEAD_BYTES
        if self.bytes + cost > MOST_HELD_BYTES:
            return False
        self.bytes += cost
        self._number += 1
        heapq.heappush(self._heap, (at, self._number, datagram))
        datagram.client.held += 1
        return True

    @property
    def next_at(self) -> float:
        return self._heap[0][0] if self._heap else math.inf

    def due(self, now: float) -> Iterator[tuple[float, Datagram]]:
        """Those whose instant has come, with the instant, held no longer."""
        heap = self._heap
        while heap and heap[0][0] <= now:
            at, _, datagram = heapq.heappop(heap)
            yield at, self._let_go(datagram)

    def take(self, directions: Container[Direction], *, only_waiting: bool = False) -> list[Datagram]:
        """All that goes in these directions, or of it what has no instant, in the order of ``due``, held no longer."""
        taken: list[tuple[float, int, Datagram]] = []
        kept: list[tuple[float, int, Datagram]] = []
        for entry in sorted(self._heap):
            wanted = entry[2].direction in directions and (entry[0] == math.inf or not only_waiting)
            (taken if wanted else kept).append(entry)
        self._heap = kept  # sorted, and so a heap
        return [self._let_go(datagram) for _, _, datagram in taken]

    def _let_go(self, datagram: Datagram) -> Datagram:
        self.bytes -= len(datagram.data) + OVERHEAD_BYTES
        datagram.client.held -= 1
        return datagram
