"""The guard at a node's door: lets in what a caller of this run has signed, and every such call once.

Nonces are kept in the node's database for as long as a signature is good, so that a node that was killed still knows what it
has seen.
"""

from __future__ import annotations

from chaoscli.messages import CALLER, Request, Response
from chaoscli.net.signing import BadSignatureError, Keyring
from chaoscli.services.entrance import Auth
from chaoscli.services.fields import LONGEST_TEXT
from chaoscli.services.node import Node
from chaoscli.services.replies import reply

# As many as our busiest services could get within the longest leeway anybody would want; a kilobyte each at most.
MOST_NONCES = 100_000
# RFC 9110, 11.6.1: a 401 says what is asked for. No scheme is registered for RFC 9421; its draft was called by this name.
CHALLENGE = ("www-authenticate", 'Signature realm="chaos"')
# What is told of each kind of call that is turned away; the names are in measures/facts.py.
TOLD = {
    "unsigned": "unsigned call refused",
    "forged": "forged call refused",
    "expired": "expired call refused",
    "replayed": "replayed call refused",
}


class Guard:
    """``refusal`` is asked about each request before anything else is done for it."""

    def __init__(self, node: Node, auth: Auth, keys: Keyring) -> None:
        self._node = node
        self._auth = auth
        self._keys = keys
        self._database = node.database("nonces")
        self._database.execute("CREATE TABLE IF NOT EXISTS nonces (nonce TEXT PRIMARY KEY, good_until REAL NOT NULL)")
        self._database.execute("CREATE INDEX IF NOT EXISTS by_age ON nonces (good_until)")
        self._kept: int = self._database.execute("SELECT count(*) FROM nonces").fetchone()[0]

    def refusal(self, request: Request) -> Response | None:
        """Why it is not let in: 401, 403 for somebody who may not call here, 503 for want of memory. None: it is."""
        now, leeway_s = self._node.clock.time(), self._auth.leeway
        try:
            signature = self._keys.verify(request, now=now, leeway_s=leeway_s)
        except BadSignatureError as bad:
            return self._turned_away(request, bad.kind, str(bad))
        if self._auth.allow and signature.caller not in self._auth.allow:
            self._node.happened("stranger refused", request, caller=signature.caller)
            return reply(403, {"error": f"{signature.caller} may not call {self._node.name}"})
        self._forget(now)
        if self._kept >= MOST_NONCES:
            return reply(503, {"error": "more signed calls than can be remembered"})
        if not self._is_first(f"{signature.caller} {signature.nonce}", signature.created + leeway_s + 1.0):
            return self._turned_away(request, "replayed", "this call was made before")
        return None

    def _turned_away(self, request: Request, kind: str, why: str) -> Response:
        self._node.happened(TOLD[kind], request, caller=request.header(CALLER)[:LONGEST_TEXT])
        return reply(401, {"error": why}, (CHALLENGE,))

    def _is_first(self, nonce: str, good_until: float) -> bool:
        insert = "INSERT OR IGNORE INTO nonces (nonce, good_until) VALUES (?, ?)"
        added = self._database.execute(insert, (nonce, good_until)).rowcount
        self._kept += added
        return added == 1

    def _forget(self, now: float) -> None:
        self._kept -= self._database.execute("DELETE FROM nonces WHERE good_until < ?", (now,)).rowcount
