"""Every wrong playbook in ``bad/`` gets exactly the words in the text file beside it.

After a change of wording: ``CHAOSCLI_REWRITE=1 pytest tests/playbook/test_bad.py``, and read the difference.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from chaoscli.errors import PlaybookError
from chaoscli.playbook.read import read_playbook

BAD = Path(__file__).parent / "bad"
FILES = sorted(BAD.glob("*.yaml"))


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_a_wrong_playbook_is_told_all_its_problems_in_these_words(file: Path) -> None:
    with pytest.raises(PlaybookError) as caught:
        read_playbook(file.read_bytes(), file.name)
    told = caught.value.render() + "\n"
    golden = file.with_suffix(".txt")
    if os.environ.get("CHAOSCLI_REWRITE"):
        golden.write_text(told, encoding="utf-8")
    assert told == golden.read_text(encoding="utf-8")


def test_every_golden_text_has_its_playbook() -> None:
    assert {file.stem for file in BAD.glob("*.txt")} == {file.stem for file in FILES}
