"""What Jenkins' xunit plugin accepts as JUnit (its schema junit-10), as a table: for each element what it may hold.

An element is named with its attributes (a ``!`` behind those that must be there), the children it may have, and whether it
may have text between them. In ``testsuites`` and the rest the order of children is free.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from xml.etree.ElementTree import Element

SECONDS = re.compile(r"(([0-9]{0,3},)*[0-9]{3}|[0-9]{0,3})*(\.[0-9]*)?")


@dataclass(frozen=True, slots=True)
class Shape:
    attributes: str
    children: str = ""
    text: bool = False


_RERUN = Shape("message type!", "stackTrace system-out system-err", text=True)
_ENDED = Shape("message type", text=True)
SHAPES = {
    "testsuites": Shape("name time tests failures errors", "testsuite"),
    "testsuite": Shape(
        "name! tests! failures! errors! group time skipped timestamp hostname id package file log url",
        "testsuite properties testcase system-out system-err",
    ),
    "properties": Shape("", "property"),
    "property": Shape("name! value!"),
    "testcase": Shape(
        "name! time classname group",
        "skipped error failure rerunFailure rerunError flakyFailure flakyError system-out system-err",
    ),
    "failure": _ENDED,
    "error": _ENDED,
    "skipped": _ENDED,
    "rerunFailure": _RERUN,
    "rerunError": _RERUN,
    "flakyFailure": _RERUN,
    "flakyError": _RERUN,
    "system-out": Shape("", text=True),
    "system-err": Shape("", text=True),
    "stackTrace": Shape("", text=True),
}


def misshapen(element: Element, path: str = "") -> list[str]:
    """Everything about the element and what is in it that the schema does not allow."""
    here = f"{path}/{element.tag}"
    shape = SHAPES.get(element.tag)
    if shape is None:
        return [f"{here}: no such element"]
    allowed = {name.removesuffix("!") for name in shape.attributes.split()}
    needed = {name.removesuffix("!") for name in shape.attributes.split() if name.endswith("!")}
    found = [f"{here}: attribute {name}" for name in sorted(set(element.attrib) - allowed)]
    found += [f"{here}: no {name}" for name in sorted(needed - set(element.attrib))]
    if element.tag in ("testsuites", "testsuite") and not SECONDS.fullmatch(element.get("time", "")):
        found.append(f"{here}: time {element.get('time')}")
    between = [element.text, *(child.tail for child in element)]
    if not shape.text and any((text or "").strip() for text in between):
        found.append(f"{here}: text")
    for child in element:
        if child.tag not in shape.children.split():
            found.append(f"{here}: holds {child.tag}")
        found += misshapen(child, here)
    return found
