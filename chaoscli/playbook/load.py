"""Where playbooks come from: a file of one's own, or one of those that are shipped, by name."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import chaoscli
from chaoscli.checks.expectation import Expectation
from chaoscli.errors import UsageError
from chaoscli.playbook.including import Fetched
from chaoscli.playbook.meaning import Playbook
from chaoscli.playbook.nodes import nearest
from chaoscli.playbook.read import Read, read_whole
from chaoscli.playbook.source import MAX_BYTES

SUFFIXES = (".yaml", ".yml")


@dataclass(frozen=True, slots=True)
class Shipped:
    name: str
    path: Path


def shipped() -> tuple[Shipped, ...]:
    """The playbooks that come with chaoscli, by name: from inside the package, or from beside it in a checkout."""
    package = Path(chaoscli.__file__).parent
    for folder in (package / "shipped", package.parent / "playbooks"):
        if folder.is_dir():
            return tuple(Shipped(path.stem, path) for path in sorted(folder.glob("*.yaml")))
    return ()


def load_playbook(where: str | Path, *, overrides: Sequence[str] = (), variants: Sequence[str] = ()) -> Playbook:
    """The playbook called ``where``, or in the file ``where``, with ``path=value`` overrides made; only ``variants``, if any
    are named.

    Raises PlaybookError for what is written wrong, UsageError for a name that is none.
    """
    playbook = load_whole(where, overrides=overrides).playbook
    return _only(playbook, variants) if variants else playbook


def load_whole(where: str | Path, *, overrides: Sequence[str] = ()) -> Read:
    """The same with all its variants, and with the trees they were read from."""
    path = path_of(where)
    return read_whole(_bytes(path), _shown(path), overrides=overrides, name=str(where), identity=_identity(path), fetch=_fetched)


def path_of(where: str | Path) -> Path:
    """The file that ``where`` means. A bare word is a shipped name before it is a file of that name."""
    known = {one.name: one.path for one in shipped()}
    if isinstance(where, str) and where in known:
        return known[where]
    path = Path(where)
    if path.suffix in SUFFIXES or path.name != str(where) or path.is_file():
        return path
    here = next((Path(f"{where}{suffix}") for suffix in SUFFIXES if Path(f"{where}{suffix}").is_file()), None)
    if here is not None:
        raise UsageError(f"there is no playbook '{where}'", hint=f"the one in this folder is `{here}`")
    hints = [hint for hint in (nearest(str(where), known), "`chaos list` says what they teach") if hint]
    raise UsageError(f"there is no playbook '{where}'", hint="\n  ".join(hints))


def _fetched(wanted: str, inside: str) -> Fetched:
    """What one playbook includes: by name, or beside the file that says so. Anything but a playbook's file stays unread: a
    problem would show its lines."""
    path = next((one.path for one in shipped() if one.name == wanted), None)
    if path is None:
        path = Path(inside).parent / wanted
        if path.suffix not in SUFFIXES or not path.is_file():
            hint = nearest(wanted, (one.name for one in shipped()))
            where = f"there is no playbook '{wanted}' beside '{Path(inside).name}'"
            raise UsageError(where, hint=hint if hint.startswith("did you mean") else "a file ending in .yaml, or a shipped name")
    return Fetched(_bytes(path), _shown(path), _identity(path))


def _identity(path: Path) -> str:
    return str(path.resolve())


def _bytes(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(MAX_BYTES + 1)
    except OSError as error:
        raise UsageError(f"the playbook '{path}' cannot be read: {(error.strerror or str(error)).lower()}") from None


def _shown(path: Path) -> str:
    """The path as problems show it: from here, where that is shorter."""
    try:
        return str(path.relative_to(Path.cwd()))
    except (ValueError, OSError):
        return str(path)


def _only(playbook: Playbook, wanted: Sequence[str]) -> Playbook:
    """Without the other variants, and without the sentences that speak of them."""
    known = [one.name for one in playbook.variants]
    for name in wanted:
        if name not in known:
            raise UsageError(f"'{playbook.name}' has no variant '{name}'", hint=nearest(name, known))
    left_out = set(known) - set(wanted)
    return replace(
        playbook,
        variants=tuple(one for one in playbook.variants if one.name in wanted),
        expectations=tuple(one for one in (_without(each, left_out) for each in playbook.expectations) if one is not None),
    )


def _without(one: Expectation, left_out: set[str]) -> Expectation | None:
    """The sentence for the variants that are left; None when it speaks of one that is not."""
    if any(measured.variant in left_out for measured in one.measured):
        return None
    kept = tuple(name for name in one.variants if name not in left_out)
    return replace(one, variants=kept) if kept or not one.variants else None
