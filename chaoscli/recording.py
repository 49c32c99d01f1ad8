"""What happened in a run, kept in order: one recording for each variant, in memory while it grows and as JSON lines on disk.

The memory is what views and measures read, and it outlives the file: a disk that fills up costs the lines that did not fit
and nothing else.
"""

from __future__ import annotations

import hashlib
import json
from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Protocol, TypeVar, cast

from chaoscli.compact import compact
from chaoscli.environment import Secrets
from chaoscli.errors import ChaosError
from chaoscli.event_lines import encode, from_fields
from chaoscli.events import CurtainFell, CurtainRose, Event
from chaoscli.settings import from_plain, to_plain
from chaoscli.topology import Link

# The form of the file. A reader refuses a higher number rather than misread it; new kinds and fields do not raise it.
FORMAT = 1
# Lines between two flushes: a command killed outright loses at most these, and a busy run flushes about ten times a second.
LINES_A_FLUSH = 100
# The fields of events that hold free text, or what a service told of its world.
_SAID = ("detail", "text", "target", "data")

E = TypeVar("E", bound=Event)
T = TypeVar("T")


class TextSink(Protocol):
    """Where lines go: an open text file, or any stand-in."""

    def write(self, text: str, /) -> object: ...

    def flush(self) -> object: ...


class RecordingError(ChaosError):
    """The text is not a recording, or not one this version can read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Header:
    """What was played. ``world`` is "real" or "simulated"; ``version`` is chaoscli's; ``expectations`` are as written.
    ``summaries`` say what each of ``variants`` does, in the same order; empty when nobody said."""

    playbook: str
    title: str = ""
    seed: int = 0
    world: str = "real"
    variants: tuple[str, ...] = ()
    version: str = ""
    expectations: tuple[str, ...] = ()
    summaries: tuple[str, ...] = ()


class Recording:
    """All events of one variant, in the order they were told. Append-only, so a view may read while it grows."""

    def __init__(self, name: str, events: Iterable[Event] = ()) -> None:
        self.name = name
        self.events: list[Event] = []
        self._of_kind: defaultdict[type[Event], list[Event]] = defaultdict(list)
        self._derived: dict[Hashable, tuple[int, object]] = {}
        for event in events:
            self.add(event)

    def add(self, event: Event) -> None:
        self.events.append(event)
        self._of_kind[type(event)].append(event)

    def of(self, kind: type[E]) -> Sequence[E]:
        """All events of one kind, in order; the list itself, so it grows with the recording."""
        return cast("list[E]", self._of_kind[kind])

    def derived(self, build: Callable[[Recording], T]) -> T:
        """What ``build`` makes of the recording, built anew only when events have come since."""
        kept = self._derived.get(build)
        if kept is None or kept[0] != len(self.events):
            kept = (len(self.events), build(self))
            self._derived[build] = kept
        return cast("T", kept[1])

    @property
    def lasts_s(self) -> float:
        """How long load is offered, in seconds; 0 before the curtain rose."""
        rose = self.of(CurtainRose)
        return rose[0].lasts_s if rose else 0.0

    @property
    def links(self) -> tuple[Link, ...]:
        """The links of the topology, as the curtain found them."""
        rose = self.of(CurtainRose)
        return tuple(Link.parse(link) for link in rose[0].links) if rose else ()

    @property
    def fell_at(self) -> float | None:
        """When the drain was over, in seconds since the curtain rose; None while the run goes on."""
        fell = self.of(CurtainFell)
        return fell[-1].at if fell else None

    @property
    def complete(self) -> bool:
        """The run came to its end; false for one that was interrupted, or whose file was cut off."""
        fell = self.of(CurtainFell)
        return bool(fell) and fell[-1].complete


@dataclass(slots=True, kw_only=True)
class RunRecording:
    """One run: its header and the recording of each variant, in the order of the playbook."""

    header: Header
    variants: dict[str, Recording] = field(default_factory=dict)

    @classmethod
    def of(cls, header: Header) -> RunRecording:
        return cls(header=header, variants={name: Recording(name) for name in header.variants})


class RunRecorder:
    """Keeps a run in memory and, given a sink, as JSON lines: the header first, then every event with its variant.

    A sink that fails is left alone from then on; ``sink_error`` is its first error. Closing the sink is its owner's. Secrets
    are masked before an event is kept, so that no screen, report or file can show them.
    """

    def __init__(self, header: Header, sink: TextSink | None = None, *, secrets: Secrets | None = None) -> None:
        self.recording = RunRecording.of(header)
        self.sink_error: Exception | None = None
        self._sink = sink
        self._secrets = secrets or Secrets()
        self._unflushed = 0
        if sink is not None:
            self._write(sink, header_line(header))
            self.flush()

    def variant(self, name: str) -> VariantRecorder:
        recording = self.recording.variants.setdefault(name, Recording(name))
        return VariantRecorder(recording, self._write_event, self._secrets)

    def flush(self) -> None:
        self._unflushed = 0
        if self._sink is not None:
            self._try(self._sink.flush)

    def _write_event(self, variant: str, event: Event) -> None:
        if self._sink is not None:
            self._write(self._sink, event_line(variant, event))

    def _write(self, sink: TextSink, line: str) -> None:
        self._try(lambda: _write_line(sink, line))
        self._unflushed += 1
        if self._unflushed >= LINES_A_FLUSH:
            self.flush()

    def _try(self, act: Callable[[], object]) -> None:
        try:
            act()
        except (OSError, ValueError) as error:  # ValueError: a file that someone closed
            self.sink_error = error
            self._sink = None


def _write_line(sink: TextSink, line: str) -> None:
    try:
        sink.write(line + "\n")
    except UnicodeEncodeError:  # half a character, out of bytes that were no text, in what a service said: no reason to stop
        sink.write(json.dumps(json.loads(line)) + "\n")


class VariantRecorder:
    """Takes the events of one variant."""

    def __init__(self, recording: Recording, write: Callable[[str, Event], None], secrets: Secrets) -> None:
        self._recording = recording
        self._write = write
        self._secrets = secrets

    def record(self, event: Event) -> None:
        if self._secrets:
            event = masked(event, self._secrets)
        self._recording.add(event)
        self._write(self._recording.name, event)


def masked(event: Event, secrets: Secrets) -> Event:
    """Without secrets in what anybody may have said. Names stay: what happened is counted by them."""
    said = {name: getattr(event, name) for name in _SAID if hasattr(event, name)}
    changed = {name: secrets.masked(value) for name, value in said.items() if secrets.masked(value) != value}
    return replace(event, **changed) if changed else event


def header_line(header: Header) -> str:
    return compact({"recording": FORMAT, **to_plain(header)})


def event_line(variant: str, event: Event) -> str:
    return f'{{"variant":{json.dumps(variant, ensure_ascii=False)},{encode(event)[1:]}'


def write_recording(run: RunRecording) -> Iterable[str]:
    """The lines of a whole run, without their newlines, variant after variant."""
    yield header_line(run.header)
    for name, recording in run.variants.items():
        for event in recording.events:
            yield event_line(name, event)


def digest_of(run: RunRecording) -> str:
    """A hash over everything that happened, variant after variant: equal for two runs that were the same to the byte."""
    hashed = hashlib.sha256()
    for name, recording in run.variants.items():
        for event in recording.events:
            hashed.update(event_line(name, event).encode())
            hashed.update(b"\n")
    return hashed.hexdigest()


def read_recording(lines: Iterable[str]) -> RunRecording:
    """The run that was written, as far as this version knows its words.

    Events of unknown kinds, or whose known fields make no sense, are passed over; so is a last line that was cut off.
    RecordingError when the text does not begin with a header, or a line before the last is not JSON.
    """
    run: RunRecording | None = None
    broken: int | None = None
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        if broken is not None:
            raise RecordingError(f"line {broken} of the recording is not JSON", hint="only a last line may be cut off")
        fields = _object(line)
        if fields is None:
            broken = number
        elif run is None:
            run = RunRecording.of(_header(fields))
        else:
            _add(run, fields)
    if run is None:
        raise RecordingError("this is not a recording: it has no header", hint="`chaos run NAME --record FILE` writes one")
    return run


def _object(line: str) -> dict[str, Any] | None:
    try:
        value = json.loads(line)
    except ValueError:
        return None
    return value if isinstance(value, dict) else None


def _header(fields: Mapping[str, Any]) -> Header:
    form = fields.get("recording")
    if not isinstance(form, int) or "playbook" not in fields:
        raise RecordingError(
            "this is not a recording: its first line is no header", hint="`chaos run NAME --record FILE` writes one"
        )
    if form > FORMAT:
        raise RecordingError(f"this recording has form {form}, and this version reads up to {FORMAT}", hint="update chaoscli")
    return from_plain(Header, fields)


def _add(run: RunRecording, fields: Mapping[str, Any]) -> None:
    name = fields.get("variant")
    try:
        event = from_fields(fields)
    except (TypeError, ValueError):
        return
    if event is not None and isinstance(name, str):
        run.variants.setdefault(name, Recording(name)).add(event)
