"""What may stand in a report: text that a service or a playbook said, without what terminals and XML would make of it."""

from __future__ import annotations

import re

# XML 1.0 knows only these characters (section 2.2), and nobody misses the others.
_FORBIDDEN = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
# A terminal's colours (ECMA-48, control sequences) go as a whole, not only their first byte.
_COLOURS = re.compile(r"\x1b\[[0-9;?]*[ -/]*[@-~]")


def clean(text: str) -> str:
    """Without colours, and without what XML 1.0 cannot carry."""
    return _FORBIDDEN.sub("", _COLOURS.sub("", text))
