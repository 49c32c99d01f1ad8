"""What holds for every byte fault there is, whatever is sent through it, alone and behind one another."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chaoscli.faults.bandwidth import Bandwidth
from chaoscli.faults.base import ByteFault
from chaoscli.faults.blackhole import Blackhole
from chaoscli.faults.catalogue import FAULTS
from chaoscli.faults.corrupt import Corrupt
from chaoscli.faults.eavesdrop import Eavesdrop
from chaoscli.faults.half_open import HalfOpen
from chaoscli.faults.hang import Hang
from chaoscli.faults.latency import Latency
from chaoscli.faults.limit_data import LimitData
from chaoscli.faults.loss import Loss
from chaoscli.faults.refuse import Refuse
from chaoscli.faults.reset import ResetConnections
from chaoscli.faults.reset_peer import ResetPeer
from chaoscli.faults.silence import Silence
from chaoscli.faults.slicer import Slicer
from chaoscli.faults.slow_close import SlowClose
from chaoscli.faults.tamper import Tamper
from chaoscli.faults.timeout import Timeout
from tests.faults.streams import Chunk, chain_of, finishes, flow_of, never_goes_back, play, scripts, sends, stream

Sent = bytes
Passed = bytes

shares = st.floats(0.0, 1.0)
durations = st.floats(0.0, 10.0)

LATENCIES = st.builds(
    Latency,
    delay=durations,
    jitter=durations,
    distribution=st.sampled_from(["uniform", "normal", "lognormal", "pareto"]),
    correlation=shares,
    handshake=st.booleans(),
)
SLICERS = st.integers(1, 2000).flatmap(
    lambda size: st.builds(
        Slicer, average_size=st.just(float(size)), size_variation=st.integers(0, size - 1).map(float), delay=durations
    )
)
# Each fault with the settings it may have, and what it makes of the bytes.
LOSSLESS: dict[str, st.SearchStrategy[ByteFault]] = {
    "latency": LATENCIES,
    "bandwidth": st.builds(Bandwidth, rate=st.floats(0.0, 1e9), per=st.sampled_from(["connection", "link"])),
    "loss": st.builds(Loss, rate=shares, correlation=shares),
    "slicer": SLICERS,
    "silence": st.just(Silence()),
    "slow_close": st.builds(SlowClose, delay=durations),
    "hang": st.just(Hang()),
    "half_open": st.just(HalfOpen()),
    "eavesdrop": st.builds(Eavesdrop, looks_for=st.none() | st.text(min_size=1, max_size=9)),
}
CHANGING: dict[str, st.SearchStrategy[ByteFault]] = {
    "corrupt": st.builds(Corrupt, rate=shares),
    "tamper": st.just(Tamper(find="a", put="b")),
    "limit_data": st.builds(LimitData, bytes=st.integers(0, 20_000).map(float)),
    "timeout": st.builds(Timeout, after=durations),
    "reset_peer": st.builds(ResetPeer, after=durations),
    "blackhole": st.just(Blackhole()),
    "refuse": st.just(Refuse()),
    "reset": st.just(ResetConnections()),
}
EVERY = LOSSLESS | CHANGING
WHAT_PASSES: dict[str, Callable[[Sent, Passed], bool]] = {
    "corrupt": lambda sent, passed: len(passed) == len(sent),
    "tamper": lambda sent, passed: passed == sent.replace(b"a", b"b"),
    "limit_data": lambda sent, passed: sent.startswith(passed),
    "timeout": lambda sent, passed: passed == b"",
    "reset_peer": lambda sent, passed: passed == b"",
    "blackhole": lambda sent, passed: passed == b"",
    "refuse": lambda sent, passed: passed == b"",
    "reset": lambda sent, passed: passed == b"",
}

# A hundred examples of each law for each fault would take longer than all other tests of faults together.
few = settings(max_examples=40)

any_fault = st.one_of(*EVERY.values())
lossless_fault = st.one_of(*LOSSLESS.values())


def test_the_laws_are_about_every_byte_fault_of_one_link() -> None:
    assert set(EVERY) == {kind for kind, row in FAULTS.items() if row.harms == "bytes" and row.aim == "link"}
    assert set(WHAT_PASSES) == set(CHANGING)


@pytest.mark.parametrize("kind", LOSSLESS)
@few
@given(data=st.data(), script=scripts)
def test_a_lossless_fault_keeps_every_byte_in_order(kind: str, data: st.DataObject, script: list[Chunk]) -> None:
    actions = play(chain_of(data.draw(LOSSLESS[kind])), script)
    assert stream(actions) == b"".join(chunk.data for chunk in script)


@pytest.mark.parametrize("kind", CHANGING)
@few
@given(data=st.data(), script=scripts)
def test_a_fault_that_loses_bytes_loses_only_what_it_says(kind: str, data: st.DataObject, script: list[Chunk]) -> None:
    actions = play(chain_of(data.draw(CHANGING[kind])), script)
    assert WHAT_PASSES[kind](b"".join(chunk.data for chunk in script), stream(actions))


@few
@given(faults=st.lists(any_fault, max_size=4), script=scripts)
def test_instants_never_go_back_nor_before_the_bytes_came(faults: list[ByteFault], script: list[Chunk]) -> None:
    chain = chain_of(*faults)
    now, instants = 0.0, [action.at for action in sends(chain.opened(0.0))]
    for chunk in script:
        now += chunk.pause_s
        passed = sends(chain.received(chunk.data, now))
        assert all(send.at >= now for send in passed)
        instants += [send.at for send in passed]
    instants += [finish.at for finish in finishes(chain.ended(now))]
    assert never_goes_back(instants)


@few
@given(faults=st.lists(any_fault, max_size=3), script=scripts, seed=st.integers(0, 3))
def test_the_same_seed_gives_the_same_answer(faults: list[ByteFault], script: list[Chunk], seed: int) -> None:
    assert play(chain_of(*faults, seed=seed), script) == play(chain_of(*faults, seed=seed), script)


@few
@given(faults=st.lists(lossless_fault, max_size=4), script=scripts)
def test_lossless_faults_behind_one_another_are_lossless(faults: list[ByteFault], script: list[Chunk]) -> None:
    assert stream(play(chain_of(*faults), script)) == b"".join(chunk.data for chunk in script)


@few
@given(faults=st.lists(any_fault, max_size=4), script=scripts)
def test_a_stream_ends_at_most_once_and_behind_its_bytes(faults: list[ByteFault], script: list[Chunk]) -> None:
    actions = play(chain_of(*faults), script)
    ends = finishes(actions)
    assert len(ends) <= 1
    assert all(ends[0].at >= send.at for send in sends(actions)) if ends else True


@few
@given(before=st.lists(any_fault, max_size=3), after=st.lists(lossless_fault, max_size=3), script=scripts)
def test_faults_that_change_in_mid_stream_lose_nothing_of_what_comes_later(
    before: list[ByteFault], after: list[ByteFault], script: list[Chunk]
) -> None:
    chain = chain_of(*before)
    now = sum(chunk.pause_s for chunk in script)
    play(chain, script, ends=False)
    replacement = chain_of(*after)
    chain.changed(replacement.flows, now)
    assert stream(chain.received(b"later", now)) == b"later"


@pytest.mark.parametrize("kind", LOSSLESS)
@few
@given(data=st.data(), script=scripts)
def test_settings_that_change_in_mid_stream_lose_nothing_of_what_waits(
    kind: str, data: st.DataObject, script: list[Chunk]
) -> None:
    earlier, later = flow_of(data.draw(LOSSLESS[kind])), flow_of(data.draw(LOSSLESS[kind]))
    waiting = [action for chunk in script for action in earlier.received(chunk.data, 0.0)]
    assert stream(list(later.takes_over(earlier, waiting, 1.0))) == stream(waiting)
