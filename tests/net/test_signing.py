"""Signatures: the standard's own example, and that nothing of a signed request can be changed, kept or made up."""

from __future__ import annotations

import base64
import hmac
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chaoscli.messages import IDEMPOTENCY_KEY, Request
from chaoscli.net.signing import (
    CONTENT_DIGEST,
    SIGNATURE,
    SIGNATURE_INPUT,
    BadSignatureError,
    Keyring,
    Signature,
    nonce_of,
    signature_base,
)

KEYS = Keyring("a secret that only tests know")
NOW = 1_700_000_000.5
NONCE = nonce_of("order", "1")
CHARGE = Request(
    method="POST", target="/payment/charge?x=1", headers=(("content-type", "application/json"),), body=b'{"amount":20}'
)


def signed(request: Request = CHARGE, *, caller: str = "order", created: int = int(NOW), keys: Keyring = KEYS) -> Request:
    return keys.sign(request, caller=caller, created=created, nonce=NONCE)


def verified(request: Request, *, now: float = NOW) -> Signature:
    return KEYS.verify(request, now=now, leeway_s=5.0)


def refusal(request: Request, *, now: float = NOW) -> str:
    with pytest.raises(BadSignatureError) as caught:
        verified(request, now=now)
    return f"{caught.value.kind}: {caught.value}"


def with_header(request: Request, name: str, value: str) -> Request:
    return replace(request, headers=tuple((key, value if key == name else old) for key, old in request.headers))


def test_the_example_of_the_standard_comes_out_as_printed() -> None:
    """RFC 9421, B.2.5: test-request, signed with hmac-sha256 and the shared secret of B.1.5."""
    key = base64.b64decode("uzvJfB4u3N0Jy4T7NZ75MDVcr8zSTInedJtkgcu46YW4XByzNJjxBdtjUkdJPBtbmHhIDi6pcl8jsasjlTMtDQ==")
    lines = [("date", "Tue, 20 Apr 2021 02:07:55 GMT"), ("@authority", "example.com"), ("content-type", "application/json")]
    base = signature_base(lines, '("date" "@authority" "content-type");created=1618884473;keyid="test-shared-secret"')
    assert base64.b64encode(hmac.digest(key, base, "sha256")) == b"pxcQw6G3AjtMBQjwo8XzkZf/bws5LelbaMk5rGIGtE8="


def test_what_was_signed_says_who_sent_it_and_when() -> None:
    assert verified(signed()) == Signature(caller="order", created=int(NOW), nonce=NONCE)


def test_a_call_that_nobody_signed_is_told_from_one_that_somebody_forged() -> None:
    assert refusal(CHARGE) == "unsigned: this call must be signed (RFC 9421)"
    stranger = Keyring("a secret of somebody else's")
    assert refusal(signed(keys=stranger)) == "forged: the signature does not fit the request"


@pytest.mark.parametrize(
    "change",
    [
        {"method": "PUT"},
        {"target": "/payment/refund?x=1"},
        {"target": "/payment/charge?x=2"},
        {"body": b'{"amount":90}'},
        {"body": b""},
    ],
)
def test_whoever_changes_anything_on_the_way_is_noticed(change: dict[str, object]) -> None:
    assert refusal(replace(signed(), **change)).startswith("forged")  # type: ignore[arg-type]


def test_a_digest_made_to_fit_the_changed_body_does_not_fit_the_signature() -> None:
    changed = replace(CHARGE, body=b'{"amount":90}')
    digest = signed(changed).header(CONTENT_DIGEST)
    assert refusal(with_header(replace(signed(), body=changed.body), CONTENT_DIGEST, digest)).startswith("forged")


def test_nobody_can_speak_in_anothers_name_or_date_a_call_anew() -> None:
    said = signed().header(SIGNATURE_INPUT)
    for old, new in (('keyid="order"', 'keyid="bank"'), (f"created={int(NOW)}", f"created={int(NOW) + 1}"), (NONCE, NONCE[::-1])):
        assert refusal(with_header(signed(), SIGNATURE_INPUT, said.replace(old, new))).startswith("forged")


def test_an_idempotency_key_is_signed_too_and_cannot_be_added_taken_or_changed() -> None:
    keyed = signed(replace(CHARGE, headers=((IDEMPOTENCY_KEY, "k1"),)))
    assert verified(keyed).caller == "order"
    assert refusal(with_header(keyed, IDEMPOTENCY_KEY, "k2")).startswith("forged")
    assert refusal(replace(keyed, headers=keyed.headers[1:])).startswith("forged")
    added = replace(signed(), headers=(*signed().headers, (IDEMPOTENCY_KEY, "k1")))
    assert refusal(added) == "forged: the signature must cover @method, @request-target, content-digest, idempotency-key"


# Signed at 1,700,000,000 by the whole second, which may have been almost a second later: five seconds and one.
@pytest.mark.parametrize(("ahead_s", "good"), [(5.9, True), (6.1, False), (-4.9, True), (-5.1, False)])
def test_a_signature_is_good_for_the_leeway_before_and_after(ahead_s: float, good: bool) -> None:
    now = int(NOW) + ahead_s
    if good:
        assert verified(signed(), now=now).caller == "order"
    else:
        assert refusal(signed(), now=now).startswith("expired")


@pytest.mark.parametrize("text", ["", "chaos=()", 'chaos=("@method");created=1;nonce="x";alg="none";keyid="order"', "\xff" * 9])
def test_a_signature_that_cannot_be_read_is_refused(text: str) -> None:
    assert refusal(with_header(signed(), SIGNATURE_INPUT, text)) == "forged: the signature cannot be read"
    assert refusal(with_header(signed(), SIGNATURE, text)) == "forged: the signature cannot be read"


def test_a_signature_that_covers_too_little_means_nothing() -> None:
    """Even one made with the right key, by a caller that would rather leave the body open."""
    params = f'("@method" "@request-target");created={int(NOW)};nonce="{NONCE}";alg="hmac-sha256";keyid="order"'
    base = signature_base([("@method", CHARGE.method), ("@request-target", CHARGE.target)], params)
    mac = base64.b64encode(hmac.digest(KEYS.key_of("order"), base, "sha256")).decode()
    headers = (*CHARGE.headers, (SIGNATURE_INPUT, f"chaos={params}"), (SIGNATURE, f"chaos=:{mac}:"))
    assert refusal(replace(CHARGE, headers=headers)).startswith("forged: the signature must cover")


@given(st.integers(0, 300), st.integers(0, 255))
def test_no_byte_of_the_headers_that_sign_can_be_changed(place: int, byte: int) -> None:
    for name in (SIGNATURE_INPUT, SIGNATURE, CONTENT_DIGEST):
        value = signed().header(name)
        at = place % len(value)
        changed = value[:at] + chr(byte) + value[at + 1 :]
        if changed != value:
            assert refusal(with_header(signed(), name, changed)).startswith(("forged", "expired"))
