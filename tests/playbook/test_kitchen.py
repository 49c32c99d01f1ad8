"""Every key and every word of the language is used by some playbook that is tested: a shipped one, or one of the kitchen's.

Whoever adds a key to the language cooks with it here: write it into a file of ``kitchen/``.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from chaoscli.playbook.load import load_whole, shipped
from chaoscli.playbook.nodes import value_of
from tests.playbook.coverage import offered, used_by
from tests.playbook.test_schema import SCHEMA, fits

KITCHEN = sorted((Path(__file__).parent / "kitchen").glob("*.yaml"))
TESTED = [one.path for one in shipped()] + KITCHEN


@pytest.mark.parametrize("file", KITCHEN, ids=lambda file: file.stem)
def test_what_the_kitchen_serves_is_right_and_fits_the_schema(file: Path) -> None:
    for tree in load_whole(file).trees:
        assert fits(value_of(tree), SCHEMA)


def test_every_key_and_word_of_the_language_is_used_by_a_playbook_that_is_tested() -> None:
    used = {one for file in TESTED for tree in load_whole(file).trees for one in used_by(value_of(tree))}
    missing = sorted(f"{key}: {'...' if word is None else word}   ({text})" for key, text, word in offered() - used)
    assert not missing, "nobody uses\n" + "\n".join(missing)
