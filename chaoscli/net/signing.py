"""Signed requests: who sends one, that nobody changed it, when it was sent, and that it is not one sent before.

It is RFC 9421, HTTP Message Signatures, with its algorithm ``hmac-sha256`` (section 3.3.3) and RFC 9530's ``Content-Digest``.
Covered are the method, the request target, the digest of the body, and the idempotency key where there is one; ``created`` and
``nonce`` are parameters of the signature, ``keyid`` is the caller's name. Each caller has a key of its own, drawn from the
secret of the run, so that none can speak for another; whoever verifies knows the secret.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from chaoscli.messages import IDEMPOTENCY_KEY, Headers, Request

# The environment variable that holds the secret. It goes from process to process by this way alone.
SECRET = "CHAOS_SECRET"
# 128 bits as base64: less could be guessed within a run's lifetime by somebody who means it.
SHORTEST_SECRET = 22
CONTENT_DIGEST, SIGNATURE_INPUT, SIGNATURE = "content-digest", "signature-input", "signature"
_NAME = "chaos"
# What must be signed for a signature to mean anything; a verifier must not leave that to the signer (RFC 9421, 7.2.1).
_ALWAYS = ("@method", "@request-target", CONTENT_DIGEST)
_INPUT = re.compile(
    rf'{_NAME}=(?P<params>\((?P<covered>"[a-z@-]+"(?: "[a-z@-]+")*)\);created=(?P<created>\d{{1,12}})'
    r';nonce="(?P<nonce>[A-Za-z0-9_-]{16,64})";alg="hmac-sha256";keyid="(?P<caller>[A-Za-z0-9_-]{1,40})")'
)
_SIGNATURE = re.compile(rf"{_NAME}=:(?P<mac>[A-Za-z0-9+/]{{43}}=):")


class BadSignatureError(Exception):
    """The request is not what a caller of ours sent. ``kind`` is "unsigned", "forged" or "expired"."""

    def __init__(self, kind: str, why: str) -> None:
        super().__init__(why)
        self.kind = kind


@dataclass(frozen=True, slots=True, kw_only=True)
class Signature:
    """What a valid one says: who called, when by its own clock (seconds since 1970), and the number used once."""

    caller: str
    created: int
    nonce: str


class Keyring:
    """The keys of all callers of one run, out of its secret."""

    def __init__(self, secret: str) -> None:
        self._secret = secret.encode()

    def key_of(self, caller: str) -> bytes:
        return hmac.digest(self._secret, f"chaoscli caller {caller}".encode(), "sha256")

    def sign(self, request: Request, *, caller: str, created: int, nonce: str) -> Request:
        """``request`` with its digest and its signature."""
        digested = replace(request, headers=(*request.headers, (CONTENT_DIGEST, _digest(request.body))))
        covered = [*_ALWAYS, *([IDEMPOTENCY_KEY] if request.header(IDEMPOTENCY_KEY) else [])]
        names = " ".join(f'"{name}"' for name in covered)
        params = f'({names});created={created};nonce="{nonce}";alg="hmac-sha256";keyid="{caller}"'
        mac = _mac(self.key_of(caller), signature_base(_lines(digested, covered), params))
        added: Headers = ((SIGNATURE_INPUT, f"{_NAME}={params}"), (SIGNATURE, f"{_NAME}=:{mac}:"))
        return replace(digested, headers=(*digested.headers, *added))

    def verify(self, request: Request, *, now: float, leeway_s: float) -> Signature:
        """Who really sent it, at most ``leeway_s`` before or after ``now`` by two clocks that may differ. BadSignatureError
        says what is wrong; whether its nonce was seen before is for whoever keeps them to know."""
        if not request.header(SIGNATURE) and not request.header(SIGNATURE_INPUT):
            raise BadSignatureError("unsigned", "this call must be signed (RFC 9421)")
        said, given = _INPUT.fullmatch(request.header(SIGNATURE_INPUT)), _SIGNATURE.fullmatch(request.header(SIGNATURE))
        if said is None or given is None:
            raise BadSignatureError("forged", "the signature cannot be read")
        covered = said["covered"].replace('"', "").split(" ")
        self._check(request, covered, said["params"], said["caller"], given["mac"])
        created = int(said["created"])
        # Its fraction of a second is cut off, so that a signature made this instant may seem to be of the one before.
        if not -leeway_s <= now - created <= leeway_s + 1.0:
            raise BadSignatureError("expired", f"signed {now - created:.0f}s ago by this clock; {leeway_s:g}s are allowed")
        return Signature(caller=said["caller"], created=created, nonce=said["nonce"])

    def _check(self, request: Request, covered: Sequence[str], params: str, caller: str, mac: str) -> None:
        needed = [*_ALWAYS, *([IDEMPOTENCY_KEY] if request.header(IDEMPOTENCY_KEY) else [])]
        if not set(needed) <= set(covered) <= {*_ALWAYS, IDEMPOTENCY_KEY}:
            raise BadSignatureError("forged", f"the signature must cover {', '.join(needed)}")
        expected = _mac(self.key_of(caller), signature_base(_lines(request, covered), params))
        fits = hmac.compare_digest(expected, mac)
        if not fits or not hmac.compare_digest(_digest(request.body), request.header(CONTENT_DIGEST)):
            raise BadSignatureError("forged", "the signature does not fit the request")


def keys_of(environment: Mapping[str, str]) -> Keyring | None:
    """Those of the run whose environment this is; None outside of one."""
    return Keyring(environment[SECRET]) if environment.get(SECRET) else None


def nonce_of(*words: str) -> str:
    """A number used once, out of words that never come together again: those of an attempt, and when it was made."""
    return base64.urlsafe_b64encode(hashlib.sha256("\n".join(words).encode()).digest()[:18]).decode()


def signature_base(lines: Sequence[tuple[str, str]], params: str) -> bytes:
    """What is signed (RFC 9421, 2.5): each component on a line of its own, the parameters on the last."""
    said = "".join(f'"{name}": {value}\n' for name, value in lines)
    return f'{said}"@signature-params": {params}'.encode("latin-1")


def _lines(request: Request, covered: Sequence[str]) -> list[tuple[str, str]]:
    derived = {"@method": request.method, "@request-target": request.target}
    return [(name, derived[name] if name in derived else request.header(name)) for name in covered]


def _mac(key: bytes, base: bytes) -> str:
    return base64.b64encode(hmac.digest(key, base, "sha256")).decode()


def _digest(body: bytes) -> str:
    return f"sha-256=:{base64.b64encode(hashlib.sha256(body).digest()).decode()}:"
