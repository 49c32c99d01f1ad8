"""A recording keeps what it is told, survives its disk, and can be read by another day's version."""

from __future__ import annotations

import io
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chaoscli.events import CurtainFell, CurtainRose, Event, Happened, Noted, RequestEnded, RequestStarted
from chaoscli.messages import Result
from chaoscli.recording import (
    LINES_A_FLUSH,
    Header,
    Recording,
    RecordingError,
    RunRecorder,
    RunRecording,
    read_recording,
    write_recording,
)
from chaoscli.topology import Link
from tests.support.recordings import recording, run_of

HEADER = Header(
    playbook="partition",
    title="A title",
    seed=7,
    world="real",
    variants=("naive", "cached"),
    version="0.1.0",
    expectations=("ok > 1",),
)
HEADER_LINE = (
    '{"recording":1,"playbook":"partition","title":"A title","seed":7,"world":"real","variants":["naive","cached"],'
    '"version":"0.1.0","expectations":["ok > 1"],"summaries":[]}'
)


def note(text: str, at: float = 1.0) -> Noted:
    return Noted(at=at, source="order", text=text)


def events_of(run: RunRecording) -> dict[str, list[Event]]:
    return {name: one.events for name, one in run.variants.items()}


# -- in memory


def test_a_recorder_keeps_the_events_of_each_variant_apart_and_in_the_order_they_were_told() -> None:
    recorder = RunRecorder(HEADER)
    naive, cached = recorder.variant("naive"), recorder.variant("cached")
    naive.record(note("b", at=2.0))
    cached.record(note("c"))
    naive.record(note("a", at=1.0))
    assert events_of(recorder.recording) == {"naive": [note("b", at=2.0), note("a", at=1.0)], "cached": [note("c")]}


def test_a_recording_hands_out_the_events_of_one_kind_and_the_list_grows_with_it() -> None:
    play = Recording("naive", [note("a"), CurtainFell(at=3.0)])
    notes = play.of(Noted)
    play.add(note("b"))
    assert list(notes) == [note("a"), note("b")]


def test_what_is_derived_is_built_again_only_when_events_have_come() -> None:
    built: list[int] = []

    def count(play: Recording) -> int:
        built.append(len(play.events))
        return len(play.events)

    play = Recording("naive", [note("a")])
    assert [play.derived(count), play.derived(count)] == [1, 1]
    play.add(note("b"))
    assert play.derived(count) == 2
    assert built == [1, 2]


def test_a_recording_knows_its_curtain_and_whether_it_came_to_its_end() -> None:
    play = Recording("naive")
    assert (play.lasts_s, play.links, play.fell_at, play.complete) == (0.0, (), None, False)
    play.add(CurtainRose(at=0.0, lasts_s=12.0, nodes=("order",), links=("shoppers -> order",)))
    play.add(CurtainFell(at=13.5, complete=False))
    assert (play.lasts_s, play.links, play.fell_at, play.complete) == (12.0, (Link("shoppers", "order"),), 13.5, False)


# -- as lines


def test_the_file_is_the_header_and_then_a_line_for_each_event_with_its_variant() -> None:
    sink = io.StringIO()
    recorder = RunRecorder(HEADER, sink)
    recorder.variant("naive").record(RequestStarted(at=1.25, load="shoppers", request="shoppers-1", intended_at=1.0))
    recorder.variant("cached").record(CurtainFell(at=13.0))
    assert sink.getvalue().splitlines() == [
        HEADER_LINE,
        '{"variant":"naive","event":"request_started","at":1.25,"load":"shoppers","request":"shoppers-1","intended_at":1.0}',
        '{"variant":"cached","event":"curtain_fell","at":13.0,"complete":true}',
    ]


def test_a_recording_that_was_written_reads_as_it_was() -> None:
    play = (
        recording('naïve "one"')
        .curtain(12)
        .request(at=1.0, took=0.2, result="timeout")
        .happened("inventory", "stocked", at=0.0, product="B")
    )
    run = run_of(play.fault("slow", at=2, until=5, settings={"by": 4.0}).fell(13.0), expectations=("success > 1%",))
    again = read_recording(write_recording(run))
    assert (again.header, events_of(again)) == (run.header, events_of(run))


@given(st.lists(st.builds(Happened, at=st.floats(0, 100), node=st.text(), what=st.text(), request=st.text())), st.text())
def test_any_text_survives_the_file(events: list[Happened], name: str) -> None:
    run = RunRecording(header=Header(playbook=name, variants=(name,)), variants={name: Recording(name, events)})
    text = "\n".join(write_recording(run))
    assert events_of(read_recording(text.split("\n"))) == events_of(run)


def test_a_file_cut_off_in_its_last_line_is_read_up_to_there() -> None:
    lines = list(write_recording(run_of(recording("naive").curtain(12).request(at=1.0, took=0.2))))
    cut = [*lines[:-1], lines[-1][:20]]
    run = read_recording(cut)
    assert [type(event).__name__ for event in run.variants["naive"].events] == ["CurtainRose", "RequestStarted"]
    assert run.variants["naive"].complete is False


@pytest.mark.parametrize(
    "line",
    [
        '{"variant":"naive","event":"teleported","at":1}',  # a kind of tomorrow
        '{"variant":"naive","event":"call_ended","at":1,"caller":"a","callee":"b","request":"r","attempt":1,"result":"bored","seconds":1}',
        '{"variant":"naive","event":"noted","at":1}',  # a kind that lacks what it must say
        '{"event":"noted","at":1,"source":"x","text":"of no variant"}',
        "",
    ],
)
def test_a_line_this_version_cannot_understand_is_passed_over(line: str) -> None:
    known = '{"variant":"naive","event":"curtain_fell","at":2.0,"complete":true,"weather":"fine"}'
    assert events_of(read_recording([HEADER_LINE, line, known])) == {"naive": [CurtainFell(at=2.0)], "cached": []}


def test_a_variant_the_header_did_not_name_is_kept_all_the_same() -> None:
    run = read_recording([HEADER_LINE, '{"variant":"late","event":"curtain_fell","at":2.0}'])
    assert events_of(run) == {"naive": [], "cached": [], "late": [CurtainFell(at=2.0)]}


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        ([], "this is not a recording: it has no header"),
        (["playbook: partition"], "this is not a recording: it has no header"),
        (['{"event":"noted"}'], "this is not a recording: its first line is no header"),
        (['{"recording":"new","playbook":"p"}'], "this is not a recording: its first line is no header"),
        (['{"recording":1}'], "this is not a recording: its first line is no header"),
        (['{"recording":2,"playbook":"p"}'], "this recording has form 2, and this version reads up to 1"),
        ([HEADER_LINE, "nonsense", HEADER_LINE], "line 2 of the recording is not JSON"),
        ([HEADER_LINE, "[1]", HEADER_LINE], "line 2 of the recording is not JSON"),
    ],
)
def test_what_is_no_recording_is_refused_in_words(lines: list[str], message: str) -> None:
    with pytest.raises(RecordingError) as caught:
        read_recording(lines)
    assert caught.value.message == message


# -- when the disk is full


class FullDisk(io.StringIO):
    """Takes ``room`` characters and then refuses as a full disk does."""

    def __init__(self, room: int) -> None:
        super().__init__()
        self.room = room
        self.refused = 0

    def write(self, text: str) -> int:
        if len(self.getvalue()) + len(text) > self.room:
            self.refused += 1
            raise OSError(28, "No space left on device")
        return super().write(text)


def test_a_full_disk_is_remembered_once_and_the_memory_goes_on() -> None:
    sink = FullDisk(room=len(HEADER_LINE) + 120)
    recorder = RunRecorder(HEADER, sink)
    told = [note(f"line {number}") for number in range(10)]
    for event in told:
        recorder.variant("naive").record(event)
    assert isinstance(recorder.sink_error, OSError)
    assert recorder.sink_error.errno == 28
    assert sink.refused == 1
    assert recorder.recording.variants["naive"].events == told
    # What was written is whole lines, and reads.
    kept = read_recording(sink.getvalue().splitlines()).variants["naive"].events
    assert kept == told[: len(kept)]
    assert len(kept) == 1


def test_half_a_character_is_written_in_escapes() -> None:
    file = io.BytesIO()
    sink = io.TextIOWrapper(file, "utf-8")
    recorder = RunRecorder(HEADER, sink)
    told = [note("naïve"), note("half \udce9"), note("whole")]
    for event in told:
        recorder.variant("naive").record(event)
    recorder.flush()
    assert recorder.sink_error is None
    assert read_recording(file.getvalue().decode().splitlines()).variants["naive"].events == told


def test_a_file_that_someone_closed_is_no_reason_to_stop_either() -> None:
    sink = io.StringIO()
    recorder = RunRecorder(HEADER, sink)
    sink.close()
    recorder.variant("naive").record(note("a"))
    assert isinstance(recorder.sink_error, ValueError)
    assert recorder.recording.variants["naive"].events == [note("a")]


def test_a_disk_that_is_full_from_the_start_is_known_before_the_play() -> None:
    assert RunRecorder(HEADER, FullDisk(room=0)).sink_error is not None


def test_lines_are_flushed_in_batches_so_that_a_killed_command_leaves_nearly_all() -> None:
    class Counting(io.StringIO):
        flushes = 0

        def flush(self) -> None:
            self.flushes += 1

    sink = Counting()
    recorder = RunRecorder(HEADER, sink)
    assert sink.flushes == 1  # the header at once
    for number in range(2 * LINES_A_FLUSH):
        recorder.variant("naive").record(note(str(number)))
    assert sink.flushes == 3


def test_the_result_of_a_request_comes_back_as_itself() -> None:
    ended = RequestEnded(at=2.0, load="s", request="s-1", intended_at=1.0, result=Result.FALLBACK, latency_s=1.0, status=200)
    run = RunRecording(header=HEADER, variants={"naive": Recording("naive", [ended])})
    (event,) = read_recording(json.loads(json.dumps(list(write_recording(run))))).variants["naive"].events
    assert event == ended
    assert isinstance(event, RequestEnded)
    assert event.result is Result.FALLBACK
