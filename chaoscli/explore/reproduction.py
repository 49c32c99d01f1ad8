"""A failing run as a file that plays it again, wherever this version is: plan, seed, topology, promise, digest, versions."""

from __future__ import annotations

import json
import platform
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any

import trio

import chaoscli
from chaoscli.errors import UsageError
from chaoscli.exploration import Failure, Plan, Subject
from chaoscli.explore.misfits import misfits
from chaoscli.explore.playable import unplayable
from chaoscli.settings import from_plain, to_plain

# The form of the file; a reader refuses a higher number rather than play something else.
FORM = 1
# A screen of them; more are one slip many times.
MOST_PROBLEMS = 20
_OPENING = '{"reproduction":'
_AGAIN = "mend it there, or have it written anew by `chaos explore`"


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
    """None for a file that is something else; UsageError for one of a later version, or one that is damaged, or says what cannot
    be played."""
    try:
        document: Any = json.loads(text)
    except (ValueError, RecursionError) as error:
        if not _begins_as_one(text):
            return None
        raise UsageError(f"'{name}' is a damaged reproduction: {str(error).lower()}", hint=_AGAIN) from None
    if not isinstance(document, dict) or "reproduction" not in document:
        return None
    if document["reproduction"] != FORM:
        raise UsageError(
            f"'{name}' has form {document['reproduction']}, and this version reads {FORM}", hint="use the chaoscli that wrote it"
        )
    _refuse(f"'{name}' is no whole reproduction", misfits(Reproduction, document, ""))
    found = from_plain(Reproduction, document)
    _refuse(f"'{name}' cannot be played", unplayable(found.subject, found.plan, found.invariant))
    return found


def _begins_as_one(text: str) -> bool:
    """Written by us and cut off, however early; of nothing at all nobody can say what it was."""
    head = "".join(text[: 2 * len(_OPENING)].split())
    return bool(head) and (head.startswith(_OPENING) or _OPENING.startswith(head))


def _refuse(summary: str, problems: Iterator[str]) -> None:
    """All of them at once, up to a bound; each a line if there are several."""
    told = list(islice(problems, MOST_PROBLEMS))
    if told:
        raise UsageError(f"{summary}: {told[0]}" if len(told) == 1 else "\n  ".join([f"{summary}:", *told]), hint=_AGAIN)
