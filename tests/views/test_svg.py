from __future__ import annotations

import re
from xml.etree import ElementTree

from rich.text import Text

from chaoscli.views.final import Final
from chaoscli.views.svg import svg_of
from tests.views import outcomes, plays

SVG = "{http://www.w3.org/2000/svg}"


def picture() -> str:
    run = plays.partition()
    return svg_of(Final(run, outcomes.partition_outcome(run), outcomes.ENDING), width=100, title="chaos run <partition> & more")


def test_a_picture_is_one_file_that_fetches_nothing() -> None:
    text = picture()

    assert re.findall(r"https?://[^\"' ]+", text) == ["http://www.w3.org/2000/svg"]
    assert "@import" not in text
    assert "href" not in text


def test_a_picture_is_well_formed_and_says_its_words() -> None:
    root = ElementTree.fromstring(picture())
    words = [element.text or "" for element in root.iter(f"{SVG}text")]

    assert root.tag == f"{SVG}svg"
    assert words[0] == "chaos run <partition> & more"
    assert "no-timeout" in words
    assert "every expectation held (4)" in " ".join(words)


def test_bars_are_shapes_and_every_text_has_the_width_of_its_cells() -> None:
    root = ElementTree.fromstring(svg_of(Text.assemble("ab ", ("▄▄█", "red"), "  c d"), width=20, title="t"))
    shapes = list(root.iter(f"{SVG}rect"))[1:]
    texts = list(root.iter(f"{SVG}text"))[1:]

    # Cells are 8.4 by 17: two half-high ones from the third column, and one whole beside them.
    assert [(shape.get("x"), shape.get("width"), shape.get("height")) for shape in shapes] == [
        ("39.2", "17", "8.7"),
        ("56", "8.6", "17.2"),
    ]
    assert [(text.text, text.get("textLength")) for text in texts] == [("ab", "16.8"), ("c d", "25.2")]


def test_the_same_run_gives_the_same_picture() -> None:
    assert picture() == picture()
