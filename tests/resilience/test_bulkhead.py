from __future__ import annotations

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from chaoscli.resilience.bulkhead import Compartment, Entry
from chaoscli.resilience.policy import Bulkhead


def compartment(*, slots: int, queue: int) -> Compartment[str]:
    return Compartment(Bulkhead(slots=slots, queue=queue))


def test_slots_then_the_queue_then_the_door() -> None:
    one = compartment(slots=2, queue=1)

    assert [one.enter(name) for name in ("a", "b", "c", "d")] == [Entry.GO, Entry.GO, Entry.WAIT, Entry.FULL]
    assert (one.busy, one.waiting) == (2, 1)


def test_a_slot_goes_to_the_one_who_waited_longest() -> None:
    one = compartment(slots=1, queue=2)
    for name in ("a", "b", "c"):
        one.enter(name)

    assert [one.leave(), one.leave(), one.leave()] == ["b", "c", None]
    assert one.busy == 0


def test_one_who_comes_does_not_overtake_those_who_wait() -> None:
    one = compartment(slots=1, queue=2)
    one.enter("a")
    one.enter("b")
    one.leave()

    assert one.enter("c") is Entry.WAIT


def test_who_withdraws_makes_room_in_the_queue() -> None:
    one = compartment(slots=1, queue=1)
    one.enter("a")
    one.enter("b")

    assert one.withdraw("b")
    assert one.enter("c") is Entry.WAIT
    assert one.leave() == "c"


def test_withdrawing_comes_too_late_for_a_slot_that_was_handed_on() -> None:
    one = compartment(slots=1, queue=1)
    one.enter("a")
    one.enter("b")
    one.leave()

    assert not one.withdraw("b")


class Callers(RuleBasedStateMachine):
    """Any order of coming, leaving and giving up: never more at once than slots, nobody forgotten, no slot lost."""

    @initialize(slots=st.integers(1, 4), queue=st.integers(0, 4))
    def build(self, slots: int, queue: int) -> None:
        self.settings = Bulkhead(slots=slots, queue=queue)
        self.compartment = Compartment[int](self.settings)
        self.holding: set[int] = set()
        self.queued: list[int] = []
        self.next_ticket = 0

    @rule()
    def enter(self) -> None:
        self.next_ticket += 1
        entry = self.compartment.enter(self.next_ticket)
        if len(self.holding) < self.settings.slots:
            assert entry is Entry.GO
            self.holding.add(self.next_ticket)
        elif len(self.queued) < self.settings.queue:
            assert entry is Entry.WAIT
            self.queued.append(self.next_ticket)
        else:
            assert entry is Entry.FULL

    @rule(pick=st.integers(0, 100))
    def leave(self, pick: int) -> None:
        if not self.holding:
            return
        self.holding.remove(sorted(self.holding)[pick % len(self.holding)])
        handed_to = self.compartment.leave()
        assert handed_to == (self.queued[0] if self.queued else None)
        if handed_to is not None:
            self.holding.add(self.queued.pop(0))

    @rule(pick=st.integers(0, 100))
    def give_up(self, pick: int) -> None:
        if self.queued:
            ticket = self.queued.pop(pick % len(self.queued))
            assert self.compartment.withdraw(ticket)

    @invariant()
    def the_count_is_right(self) -> None:
        assert self.compartment.busy == len(self.holding) <= self.settings.slots
        assert self.compartment.waiting == len(self.queued) <= self.settings.queue


TestCallers = Callers.TestCase
