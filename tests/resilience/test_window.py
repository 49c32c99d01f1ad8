from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from chaoscli.resilience.window import SLICES, LastCalls, LastSeconds


def test_of_so_many_calls_the_oldest_is_forgotten() -> None:
    window = LastCalls(3)
    seen = []
    for counted in (True, False, True, False, False, False):
        window.add(0.0, counted)
        seen.append(window.seen(0.0))

    assert seen == [(1, 1), (2, 1), (3, 2), (3, 1), (3, 1), (3, 0)]


def test_calls_do_not_grow_old_by_themselves() -> None:
    window = LastCalls(3)
    window.add(0.0, True)

    assert window.seen(1e9) == (1, 1)


def test_of_so_many_seconds_the_past_is_forgotten_slice_by_slice() -> None:
    window = LastSeconds(1.0)  # slices of a tenth of a second
    for at in (0.05, 0.15, 0.95):
        window.add(at, at > 0.1)

    assert [window.seen(at) for at in (0.99, 1.0, 1.1, 1.89, 1.95)] == [(3, 2), (2, 2), (1, 1), (1, 1), (0, 0)]


@given(st.lists(st.tuples(st.floats(0.0, 0.5), st.booleans()), max_size=60))
def test_a_time_window_holds_all_of_nine_slices_and_nothing_older_than_ten(steps: list[tuple[float, bool]]) -> None:
    window, now, times = LastSeconds(1.0), 0.0, []
    for step, counted in steps:
        now += step
        window.add(now, counted)
        times.append((now, counted))
        total, count = window.seen(now)
        surely = [one for at, one in times if at > now - 1.0 * (SLICES - 1) / SLICES]
        perhaps = [one for at, one in times if at > now - 1.0 - 1e-9]
        assert len(surely) <= total <= len(perhaps)
        assert sum(surely) <= count <= sum(perhaps)


@given(st.integers(1, 10), st.lists(st.booleans(), max_size=40))
def test_a_count_window_counts_what_it_holds(size: int, calls: list[bool]) -> None:
    window = LastCalls(size)
    for counted in calls:
        window.add(0.0, counted)

    assert window.seen(0.0) == (len(calls[-size:]), sum(calls[-size:]))
