"""A failing run as a file that plays it again, wherever this version is: plan, seed, topology, promise, digest, versions."""

from __future__ import annotations

import json
import platform
from dataclasses import dataclass
from typing import Any

import trio

import chaoscli
from chaoscli.errors import UsageError
from chaoscli.exploration import Failure, Plan, Subject
from chaoscli.settings import from_plain, to_plain

# The form of the file; a reader refuses a higher number rather than play something else.
FORM = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Reproduction:
    """``versions`` are those it was found with: the digest holds for them."""

    subject: Subject
    plan: Plan
    invariant: str
    digest: str
    versions: dict[str, str]


def versions() -> dict[str, str]:
    return {"chaoscli": chaoscli.__version__, "python": platform.python_version(), "trio": trio.__version__}


def to_text(failure: Failure) -> str:
    document = {
        "reproduction": FORM,
        "playbook": failure.subject.playbook,
        "variant": failure.subject.variant,
        "invariant": failure.violation.invariant,
        "shown": failure.violation.shown,
        "digest": failure.digest,
        "versions": versions(),
        "plan": to_plain(failure.plan),
        "subject": to_plain(failure.subject),
    }
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def from_text(text: str, name: str) -> Reproduction | None:
    """None for a file that is something else; UsageError for one of a later version, or that has been damaged."""
    try:
        document: Any = json.loads(text)
    except ValueError:
        return None
    if not isinstance(document, dict) or "reproduction" not in document:
        return None
    if document["reproduction"] != FORM:
        raise UsageError(
            f"'{name}' has form {document['reproduction']}, and this version reads {FORM}", hint="use the chaoscli that wrote it"
        )
    try:
        return Reproduction(
            subject=from_plain(Subject, document["subject"]),
            plan=from_plain(Plan, document["plan"]),
            invariant=str(document["invariant"]),
            digest=str(document["digest"]),
            versions={str(key): str(value) for key, value in document["versions"].items()},
        )
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise UsageError(f"'{name}' is no whole reproduction: {error}") from None
