"""A play that was made before its turn, as what it told; it is judged and shown in its turn, as if it had just been played."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from chaoscli.errors import ChaosError
from chaoscli.events import Event
from chaoscli.playbook.meaning import Playbook
from chaoscli.recording import Header, RunRecorder

# Such a play waits as its events, about a megabyte each: enough that nobody is idle while another is shown.
MADE_AHEAD_EACH = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """The events of each variant, what kept it from being whole, and how long it took to make."""

    events: dict[str, Sequence[Event]]
    error: ChaosError | None
    took_s: float

    @classmethod
    def of(cls, recorder: RunRecorder, error: ChaosError | None, took_s: float) -> Made:
        return cls(events={name: one.events for name, one in recorder.recording.variants.items()}, error=error, took_s=took_s)

    def tell(self, recorder: RunRecorder) -> None:
        """All of it again, variant after variant."""
        for name, events in self.events.items():
            variant = recorder.variant(name)
            for event in events:
                variant.record(event)


def recorder_of(playbook: Playbook) -> RunRecorder:
    """For what is only to be kept until its turn."""
    return RunRecorder(Header(playbook=playbook.name, variants=tuple(variant.name for variant in playbook.variants)))
