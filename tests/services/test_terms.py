from __future__ import annotations

import pytest

from chaoscli.services.terms import Standing, grants, held_by_majority, majority

OWN = Standing(term=3, voted_for="", last=7, last_term=2)


@pytest.mark.parametrize(("members", "needed"), [(1, 1), (2, 2), (3, 2), (4, 3), (5, 3)])
def test_two_majorities_have_a_member_in_common(members: int, needed: int) -> None:
    assert majority(members) == needed
    assert 2 * needed > members


@pytest.mark.parametrize(
    ("term", "last", "last_term", "granted"),
    [
        (4, 7, 2, True),
        (3, 7, 2, True),
        (2, 9, 2, False),  # an older term than was promised
        (4, 6, 2, False),  # what this replica holds beyond it may have been acknowledged
        (4, 9, 1, False),  # longer, but out of an older term
        (4, 1, 3, True),  # shorter, but out of a newer one
    ],
)
def test_a_vote_goes_to_nobody_who_may_lack_what_counts(term: int, last: int, last_term: int, granted: bool) -> None:
    assert grants(OWN, candidate="b", term=term, last=last, last_term=last_term) is granted


def test_there_is_one_vote_in_a_term_however_often_it_is_asked_for() -> None:
    voted = Standing(term=3, voted_for="b", last=7, last_term=2)
    assert grants(voted, candidate="b", term=3, last=7, last_term=2)
    assert not grants(voted, candidate="c", term=3, last=9, last_term=3)
    assert grants(voted, candidate="c", term=4, last=9, last_term=3)


@pytest.mark.parametrize(
    ("own", "others", "held"), [(5, [], 5), (5, [0, 0], 0), (5, [4, 0], 4), (5, [9, 3], 5), (5, [4, 3, 2, 1], 3)]
)
def test_what_a_majority_holds_is_the_entry_that_the_middle_one_has(own: int, others: list[int], held: int) -> None:
    assert held_by_majority(own, others) == held
