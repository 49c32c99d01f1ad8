"""An authority for one world, and a certificate for each of its nodes: files in the run's folder, gone with it."""

from __future__ import annotations

import os
from collections.abc import Iterable

from chaoscli.errors import NotMadeError
from chaoscli.net.tls import Credentials, host_name


def issue(folder: str, nodes: Iterable[str]) -> dict[str, Credentials]:
    """Credentials by node. The authority's own key is never written down. NotMadeError without trustme."""
    try:
        import trustme  # an extra, and a quarter of a second to import: only for a run that wants it
    except ImportError as error:
        raise NotMadeError(
            "TLS needs certificates, and what makes them is not installed: trustme", hint="pip install 'chaoscli[tls]'"
        ) from error
    authority = trustme.CA()
    place = os.path.join(folder, "authority.pem")
    _write(place, [authority.cert_pem.bytes()])
    issued: dict[str, Credentials] = {}
    for node in nodes:
        certificate = authority.issue_cert(host_name(node))
        own = Credentials(authority=place, certificate=os.path.join(folder, f"{node}.pem"))
        _write(own.certificate, [certificate.private_key_pem.bytes(), *(one.bytes() for one in certificate.cert_chain_pems)])
        issued[node] = own
    return issued


def _write(path: str, pems: Iterable[bytes]) -> None:
    """For nobody else's eyes."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(b"".join(pems))
