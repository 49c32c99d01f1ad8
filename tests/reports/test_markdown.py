"""The page of Markdown: whole against a golden file; nothing that was measured can become markup."""

from __future__ import annotations

import pytest

from chaoscli.reports.markdown import cell, code, markdown
from tests.reports.series import check_golden, everything


def test_the_whole_page() -> None:
    check_golden("summary.md", markdown(everything()))


@pytest.mark.parametrize(
    ("text", "shown"),
    [("a | b", r"a \| b"), ("<b>*x*</b>", r"\<b\>\*x\*\</b\>"), ("two\nlines", "two lines"), ("[a](b) `c`", r"\[a\](b) \`c\`")],
)
def test_text_stays_text(text: str, shown: str) -> None:
    assert cell(text) == shown


@pytest.mark.parametrize(
    ("text", "shown"), [("a < b", "`a < b`"), ("a | b", r"`a \| b`"), ("`x`", "`` `x` ``"), ("a\nb", "`a b`")]
)
def test_code_holds_any_sentence(text: str, shown: str) -> None:
    assert code(text) == shown
