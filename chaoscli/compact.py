"""JSON as it is sent and written down everywhere here: no blanks, letters as they are."""

from __future__ import annotations

import json
from typing import Any

# `json.dumps` makes an encoder anew for whoever wants other than its usual ways.
_ENCODER = json.JSONEncoder(separators=(",", ":"), ensure_ascii=False)


def compact(value: Any) -> str:
    """``value`` in one line. ValueError or TypeError for what JSON cannot hold."""
    return _ENCODER.encode(value)
