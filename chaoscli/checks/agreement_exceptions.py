"""Where the two worlds tell different stories, and why that is right: each difference by name, with its reason.

A difference that stands here is shown with its reason and does not count; one that does not is a mistake in one of the worlds.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class AgreementException:
    """``what`` begins what is compared ("p50 of order -> payment", or "p50" for all of them); an empty ``variant`` is any."""

    playbook: str
    what: str
    reason: str
    variant: str = ""


_WHO_IS_FIRST = "two ask at the same instant, and who is first on a host is no matter of the seed"
EXCEPTIONS: tuple[AgreementException, ...] = (
    AgreementException(playbook="oversell", what="success of alice -> order", reason=_WHO_IS_FIRST),
    AgreementException(playbook="oversell", what="success of bob -> order", reason=_WHO_IS_FIRST),
)


def reason_for(playbook: str, variant: str, what: str, exceptions: tuple[AgreementException, ...] = EXCEPTIONS) -> str:
    """Why this may differ; empty when there is no reason."""
    for one in exceptions:
        if one.playbook == playbook and one.variant in ("", variant) and what.startswith(one.what):
            return one.reason
    return ""
