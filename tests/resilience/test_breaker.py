from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from chaoscli.messages import Response, Result
from chaoscli.resilience.breaker import Change, Circuit, Permit, State
from chaoscli.resilience.ending import Ending, answered
from chaoscli.resilience.policy import Breaker

GOOD = answered(Response(status=200))
BAD = Ending(result=Result.TIMEOUT)
TURNED_AWAY = Ending(result=Result.REFUSED, rejected=True)
SMALL = Breaker(failures=0.5, calls=4, at_least=4, open_for=2.0, trials=2)


def call(circuit: Circuit, ending: Ending, now: float = 0.0, seconds: float = 0.0) -> State | None:
    """One call that comes and goes at ``now``; None when it was not let out."""
    permit = circuit.admit(now)
    if permit is None:
        return None
    circuit.ended(permit, ending, seconds, now)
    return circuit.state


def opened(breaker: Breaker = SMALL, now: float = 0.0) -> Circuit:
    circuit = Circuit(breaker)
    while circuit.state is State.CLOSED:
        call(circuit, BAD, now)
    return circuit


def admitted(circuit: Circuit, now: float) -> Permit:
    permit = circuit.admit(now)
    assert permit is not None
    return permit


def test_it_opens_when_enough_of_enough_calls_failed() -> None:
    circuit = Circuit(SMALL)
    states = [call(circuit, ending) for ending in (GOOD, BAD, GOOD, BAD)]

    assert states == [State.CLOSED, State.CLOSED, State.CLOSED, State.OPEN]
    assert circuit.changes == [Change(state=State.OPEN, calls=4, failed=0.5)]


def test_too_few_calls_say_nothing_however_bad() -> None:
    circuit = Circuit(SMALL)

    assert [call(circuit, BAD) for _ in range(3)] == [State.CLOSED] * 3


def test_old_failures_are_forgotten_with_their_calls() -> None:
    circuit = Circuit(SMALL)
    for ending in (BAD, GOOD, GOOD, GOOD, GOOD, BAD):  # never two failures among four
        assert call(circuit, ending) is State.CLOSED


def test_a_window_of_time_forgets_failures_by_their_age() -> None:
    circuit = Circuit(Breaker(within=1.0, at_least=4))
    for at, ending in ((0.0, BAD), (0.1, BAD), (0.2, BAD), (1.5, BAD), (1.6, BAD), (1.7, BAD)):
        assert call(circuit, ending, at) is State.CLOSED
    assert call(circuit, BAD, 1.8) is State.OPEN


def test_a_share_that_floats_cannot_say_is_reached_all_the_same() -> None:
    # 0.07 * 100 is a little more than 7 in floats.
    circuit = Circuit(Breaker(failures=0.07, calls=100, at_least=100))
    for ending in [BAD] * 7 + [GOOD] * 92:
        call(circuit, ending)

    assert call(circuit, GOOD) is State.OPEN


def test_an_answer_that_says_no_is_no_failure_of_the_callee() -> None:
    circuit = Circuit(SMALL)

    assert [call(circuit, answered(Response(status=404))) for _ in range(9)] == [State.CLOSED] * 9


def test_a_slow_answer_is_a_failure_where_the_settings_say_so() -> None:
    circuit = Circuit(Breaker(calls=4, at_least=4, slow=0.3))

    assert [call(circuit, GOOD, seconds=took) for took in (0.3, 0.31, 0.3, 0.4)][-1] is State.OPEN


def test_open_it_lets_nothing_out_until_its_time_is_over() -> None:
    circuit = opened(now=10.0)

    assert [circuit.admit(at) for at in (10.0, 11.0, 11.999)] == [None] * 3
    assert circuit.admit(12.0) is not None
    assert circuit.state is State.HALF_OPEN


def test_half_open_it_lets_so_many_trials_out_and_no_more() -> None:
    circuit = opened()

    assert [circuit.admit(2.0) is not None for _ in range(4)] == [True, True, False, False]


def test_trials_that_go_well_close_it_once_all_are_in() -> None:
    circuit = opened()
    first, second = admitted(circuit, 2.0), admitted(circuit, 2.0)
    circuit.ended(first, GOOD, 0.1, 2.1)
    assert circuit.state is State.HALF_OPEN
    circuit.ended(second, GOOD, 0.1, 2.2)

    assert [one.state for one in circuit.changes] == [State.OPEN, State.HALF_OPEN, State.CLOSED]
    assert circuit.changes[-1] == Change(state=State.CLOSED, calls=2, failed=0.0)


def test_it_opens_again_as_soon_as_the_trials_cannot_succeed_any_more() -> None:
    circuit = opened()
    first, second = admitted(circuit, 2.0), admitted(circuit, 2.0)
    circuit.ended(first, BAD, 0.1, 2.1)  # one of two is half already
    assert circuit.state is State.OPEN
    circuit.ended(second, GOOD, 0.1, 2.2)  # too late to be heard

    assert circuit.admit(4.0) is None  # counted from 2.1
    assert circuit.admit(4.1) is not None


def test_a_closed_breaker_begins_with_a_clean_slate() -> None:
    circuit = opened()
    for _ in range(2):
        call(circuit, GOOD, 2.0)

    assert [call(circuit, BAD, 3.0) for _ in range(4)] == [State.CLOSED] * 3 + [State.OPEN]


def test_what_was_let_out_before_it_opened_has_no_part_in_the_trials() -> None:
    circuit = Circuit(SMALL)
    early = [admitted(circuit, 0.0) for _ in range(8)]
    for permit in early[:4]:
        circuit.ended(permit, BAD, 0.1, 0.1)
    trial = admitted(circuit, 2.1)
    for permit in early[4:]:
        circuit.ended(permit, BAD, 2.1, 2.1)
    assert circuit.state is State.HALF_OPEN
    circuit.ended(trial, GOOD, 0.1, 2.2)

    assert call(circuit, GOOD, 2.2) is State.CLOSED


def test_a_trial_that_tells_nothing_makes_room_for_another() -> None:
    circuit = opened()
    for _ in range(50):
        circuit.forget(admitted(circuit, 2.0))
        circuit.ended(admitted(circuit, 2.0), TURNED_AWAY, 0.0, 2.0)

    assert [circuit.admit(2.0) is not None for _ in range(3)] == [True, True, False]


@given(st.lists(st.sampled_from([GOOD, BAD, TURNED_AWAY]), max_size=60))
def test_what_the_own_policy_turned_away_changes_nothing(endings: list[Ending]) -> None:
    one, other = Circuit(SMALL), Circuit(SMALL)
    for ending in endings:
        call(one, ending)
        if ending is not TURNED_AWAY:
            call(other, ending)

    assert one.changes == other.changes


class AnyLife(RuleBasedStateMachine):
    """Calls come, go and are given up in any order: the breaker never lets too many out, and never sticks."""

    def __init__(self) -> None:
        super().__init__()
        self.circuit = Circuit(SMALL)
        self.now = 0.0
        self.out: list[tuple[Permit, int]] = []
        self.seen = 0

    def _changes(self) -> int:
        return len(self.circuit.changes)

    @rule(step=st.sampled_from([0.0, 0.1, 1.0, 2.0]))
    def time_passes(self, step: float) -> None:
        self.now += step

    @rule()
    def a_call_wants_out(self) -> None:
        permit = self.circuit.admit(self.now)
        if permit is not None:
            assert self.circuit.state is not State.OPEN
            self.out.append((permit, self._changes()))

    @precondition(lambda self: self.out)
    @rule(data=st.data(), ending=st.sampled_from([GOOD, BAD, TURNED_AWAY, None]))
    def a_call_ends(self, data: st.DataObject, ending: Ending | None) -> None:
        permit, _ = self.out.pop(data.draw(st.integers(0, len(self.out) - 1)))
        if ending is None:
            self.circuit.forget(permit)
        else:
            self.circuit.ended(permit, ending, 0.1, self.now)

    @invariant()
    def no_more_trials_are_out_than_allowed(self) -> None:
        if self.circuit.state is State.HALF_OPEN:
            assert sum(era == self._changes() for _, era in self.out) <= SMALL.trials

    @invariant()
    def states_follow_each_other_as_they_may(self) -> None:
        may = {State.CLOSED: {State.OPEN}, State.OPEN: {State.HALF_OPEN}, State.HALF_OPEN: {State.OPEN, State.CLOSED}}
        before = State.CLOSED
        for change in self.circuit.changes:
            assert change.state in may[before]
            before = change.state

    def teardown(self) -> None:
        """Whatever happened, once nobody is out any more and the callee is well, it closes."""
        for permit, _ in self.out:
            self.circuit.forget(permit)
        for _ in range(10):
            self.now += SMALL.open_for
            call(self.circuit, GOOD, self.now)
        assert self.circuit.state is State.CLOSED


TestAnyLife = AnyLife.TestCase


@pytest.mark.parametrize("trials", [1, 2, 3, 5])
def test_as_many_good_trials_as_the_settings_say_close_it(trials: int) -> None:
    circuit = opened(Breaker(calls=4, at_least=4, trials=trials))
    states = [call(circuit, GOOD, 2.0) for _ in range(trials)]

    assert states == [State.HALF_OPEN] * (trials - 1) + [State.CLOSED]
