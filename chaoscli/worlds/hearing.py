"""What the processes of a play tell of it, brought to one clock and into the recording."""

from __future__ import annotations

import math
import time

from chaoscli.event_lines import from_fields
from chaoscli.events import Event, NodeChanged
from chaoscli.net.channel import Line
from chaoscli.worlds.base import CURTAIN_DELAY_S, Recorder

_STAMPS = ("at", "intended_at")


class Hearing:
    """Children stamp with the host's monotonic clock; here time counts from the curtain."""

    def __init__(self, recorder: Recorder) -> None:
        self._recorder = recorder
        self._epoch = math.inf
        self._early: list[Line] = []
        self._closed = False

    def now(self) -> float:
        return time.monotonic() - self._epoch if self._epoch < math.inf else -CURTAIN_DELAY_S

    def begin(self, epoch: float, first: Event) -> None:
        """The curtain rises at ``epoch`` of the host's clock. ``first`` is recorded before what was told until now."""
        self._epoch = epoch
        self._recorder.record(first)
        early, self._early = self._early, []
        for line in early:
            self.heard(line)

    def heard(self, line: Line) -> None:
        """An event from a child."""
        if self._epoch == math.inf:
            self._early.append(line)
            return
        if self._closed:  # who is struck later sees the others go: that is no part of the play
            return
        for stamp in _STAMPS:
            if stamp in line:
                line[stamp] -= self._epoch
        event = from_fields(line)
        if event is not None:
            self._recorder.record(event)

    def record(self, event: Event) -> None:
        """An event of our own."""
        self._recorder.record(event)

    def changed(self, node: str, state: str, detail: str = "") -> None:
        self._recorder.record(NodeChanged(at=self.now(), node=node, state=state, detail=detail))

    def close(self) -> None:
        """The curtain has fallen."""
        self._closed = True
