"""A small client of the API, for the verbs that steer a proxy from another terminal; any Toxiproxy server will answer it."""

from __future__ import annotations

import http.client
import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from chaoscli.control.addresses import API_PORT, LOOPBACK
from chaoscli.errors import NotMadeError, UsageError

# Answers come within a second whatever the connections do; this is for a machine that is very busy.
ANSWERED_WITHIN_S = 10.0
# A list of 10,000 proxies is 2 MB.
MOST_REPLY_BYTES = 16 << 20


class ControlClient:
    """Asks one server. NotMadeError when it cannot be reached, UsageError (with its reason) when it says no."""

    def __init__(self, host: str = LOOPBACK, port: int = API_PORT) -> None:
        self.host = host
        self.port = port

    def proxies(self) -> dict[str, dict[str, Any]]:
        """Every proxy by its name, as the API shows it."""
        found: dict[str, dict[str, Any]] = self._ask("GET", "/proxies")
        return found

    def add_toxic(self, proxy: str, toxic: Mapping[str, Any]) -> dict[str, Any]:
        added: dict[str, Any] = self._ask("POST", f"/proxies/{_segment(proxy)}/toxics", toxic)
        return added

    def remove_toxic(self, proxy: str, toxic: str) -> None:
        self._ask("DELETE", f"/proxies/{_segment(proxy)}/toxics/{_segment(toxic)}")

    def set_enabled(self, proxy: str, enabled: bool) -> dict[str, Any]:
        changed: dict[str, Any] = self._ask("POST", f"/proxies/{_segment(proxy)}", {"enabled": enabled})
        return changed

    def reset(self) -> None:
        """Every proxy enabled and without toxics."""
        self._ask("POST", "/reset")

    def metrics(self) -> str:
        return self._exchange("GET", "/metrics", None).decode()

    def _ask(self, method: str, path: str, value: Mapping[str, Any] | None = None) -> Any:
        body = self._exchange(method, path, value)
        return json.loads(body) if body else None

    def _exchange(self, method: str, path: str, value: Mapping[str, Any] | None) -> bytes:
        connection = http.client.HTTPConnection(self.host, self.port, timeout=ANSWERED_WITHIN_S)
        headers = {"user-agent": "chaoscli", "content-type": "application/json"}
        try:
            connection.request(method, path, None if value is None else json.dumps(value), headers)
            response = connection.getresponse()
            body = response.read(MOST_REPLY_BYTES)
        except (OSError, http.client.HTTPException) as error:
            where = f"{self.host}:{self.port}"
            raise NotMadeError(
                f"no proxy answers on {where}: {getattr(error, 'strerror', None) or str(error) or type(error).__name__}",
                hint="start one with `chaos proxy`, or say where it is with --host and --port",
            ) from error
        finally:
            connection.close()
        if response.status >= 400:
            raise UsageError(_reason(body) or f"the proxy answered {response.status} {response.reason}")
        return body


def _segment(name: str) -> str:
    return quote(name, safe="")


def _reason(body: bytes) -> str:
    """The error's own words, or the text that stands in their place."""
    try:
        return str(json.loads(body)["error"])
    except (ValueError, KeyError, TypeError):
        return body.decode(errors="replace").strip()[:500]
