"""What a server says when it is not its handler that answers, over sockets and in memory alike."""

from __future__ import annotations

import json

from chaoscli.messages import Response


def error_response(status: int, why: str) -> Response:
    body = json.dumps({"error": why}, separators=(",", ":")).encode()
    return Response(status=status, headers=(("content-type", "application/json"),), body=body)
