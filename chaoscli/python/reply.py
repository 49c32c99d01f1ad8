"""What came of one call, as a value: a test looks at how it ended as often as at what it brought."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from chaoscli.messages import Headers, Result

# What a failed assertion shows of a body.
MOST_SHOWN = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """``status`` is 0 where no reply came; ``result`` then says why: timeout, refused or reset. A status from 400 on is failed.

    ``seconds`` is how long it took, in the seconds of its world; ``request`` its id, as the recording has it.
    """

    result: Result
    status: int = 0
    headers: Headers = ()
    body: bytes = b""
    seconds: float = 0.0
    request: str = ""
    detail: str = ""

    @property
    def ok(self) -> bool:
        return self.result.succeeded

    @property
    def text(self) -> str:
        return self.body.decode(errors="replace")

    def json(self) -> Any:
        """The body, read. ValueError when it is no JSON."""
        return json.loads(self.body)

    def header(self, name: str, default: str = "") -> str:
        """The first of that name, whatever its case."""
        return next((value for key, value in self.headers if key.lower() == name.lower()), default)

    def __str__(self) -> str:
        said = f"{self.status} {self.text[:MOST_SHOWN]}".strip() if self.status else self.detail or self.result.value
        return f"{self.request}: {self.result} after {self.seconds:.3f}s, {said}"
