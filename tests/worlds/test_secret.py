"""The secret of a run: the environment's, or new for each; never one that could be guessed."""

from __future__ import annotations

import pytest

from chaoscli.errors import NotMadeError
from chaoscli.net.signing import SECRET
from chaoscli.worlds.processes import secret


def test_without_one_in_the_environment_every_run_has_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(SECRET, raising=False)
    made = {secret() for _ in range(10)}
    assert (len(made), min(map(len, made))) == (10, 43)


def test_the_environments_own_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(SECRET, "twenty-two characters!")
    assert secret() == "twenty-two characters!"


def test_one_that_is_too_short_is_refused_and_not_repeated(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(SECRET, "hunter2")
    with pytest.raises(NotMadeError) as caught:
        secret()
    assert caught.value.message == "CHAOS_SECRET has 7 characters, too few for a secret; it needs 22"
