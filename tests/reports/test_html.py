from __future__ import annotations

import re
from html.parser import HTMLParser

from chaoscli.reports.html import page
from tests.reports.series import check_golden
from tests.reports.small_run import small_outcome, small_run

REPEAT = "chaos run 'small run.yaml' --seed 7"


def test_the_whole_page() -> None:
    check_golden("page.html", page(small_run(), small_outcome(), repeat=REPEAT, notice="Look at\nthe retry.") + "")


class _Outline(HTMLParser):
    """Which elements are open, and which addresses are named."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.named: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.named += [value or "" for name, value in attrs if name in ("src", "href", "action", "data")]
        if tag not in ("meta", "br", "rect", "circle"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag not in ("rect", "circle"):
            assert self.open.pop() == tag


def test_its_elements_close_and_it_fetches_nothing() -> None:
    text = page(small_run(), small_outcome(), repeat=REPEAT)
    outline = _Outline()
    outline.feed(text)
    assert (outline.open, outline.named) == ([], [])
    assert "<script" not in text
    assert not re.search(r"url\(|@import", text)
    # The one address in it names a vocabulary, and nobody opens it.
    assert set(re.findall(r"https?://[^\"' )]*", text)) == {"http://www.w3.org/2000/svg"}


def test_what_was_said_is_text_and_no_markup() -> None:
    text = page(small_run(), small_outcome(), trouble="</pre><b>\x1b[31mred\x00", repeat="chaos run '<x>'")
    assert "A &lt;small&gt; run &amp; its *page*" in text
    assert "&lt;/pre&gt;&lt;b&gt;red" in text
    assert "chaos run &#x27;&lt;x&gt;&#x27;" in text


def test_a_run_without_a_verdict_says_why() -> None:
    text = page(small_run(), small_outcome(), trouble="port 8080 is taken")
    assert '<p class="verdict bad">✗ not made</p>' in text
    assert "<pre>port 8080 is taken</pre>" in text
