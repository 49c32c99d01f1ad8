"""Toxiproxy's configuration file: a JSON list of proxies, each with the toxics written inside it."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import fields
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from chaoscli.control import wire
from chaoscli.control.go_json import GoJsonError, first_value_and_rest, folded
from chaoscli.control.proxies import check_whole, is_udp
from chaoscli.control.replies import INVALID_TYPE, ApiError
from chaoscli.control.toxics import kinds
from chaoscli.control.wire import ProxyAsked, ToxicAsked
from chaoscli.errors import Place, PlaybookError, Problem, UsageError

# As much as the API itself takes.
LARGEST_BYTES = 4 << 20
_LIKE = 'a list of {"name": ..., "listen": ..., "upstream": ...}'
# The original writes a "logger" too, and reads none.
_OF_PROXIES = frozenset({*(field.name for field in fields(ProxyAsked)), "logger"})
_OF_TOXICS = frozenset(field.name.removesuffix("_s") for field in fields(ToxicAsked))


def load_config(path: Path) -> tuple[ProxyAsked, ...]:
    """The proxies a file asks for. UsageError when it cannot be read or asks for what cannot be, PlaybookError with its place
    when it is not JSON."""
    try:
        with path.open("rb") as file:
            text = file.read(LARGEST_BYTES + 1)
    except OSError as error:
        raise UsageError(f"cannot read {path}: {(error.strerror or str(error)).lower()}") from error
    if len(text) > LARGEST_BYTES:
        raise UsageError(f"{path} is larger than {LARGEST_BYTES} bytes", hint="is it a list of proxies?")
    if not text.strip():
        raise UsageError(f"{path} is empty", hint=_LIKE)
    try:
        value, rest = first_value_and_rest(text)
        _check_list(path, value, rest)
        asked = wire.read_proxies(value)
    except GoJsonError as error:
        raise PlaybookError([_problem(path, text.decode("utf-8", errors="replace"), error)]) from error
    except ApiError as error:
        raise UsageError(f"{path}: {_words(error)}") from error
    for place, (one, written) in enumerate(zip(asked, value or (), strict=True), 1):
        where = f"{path}: proxy {place}" + (f" '{one.name}'" if one.name else "")
        if any(one.name == other.name for other in asked[: place - 1]):
            raise UsageError(f"{where} has the name of an earlier one", hint="only one of them could be there")
        _check(where, one)
        _check_spelling(where, one, written)
    return asked


def _check_list(path: Path, value: Any, rest: str) -> None:
    if value is not None and not isinstance(value, list):
        raise UsageError(f"{path} is no list of proxies", hint=_LIKE)
    if rest.strip():
        raise UsageError(f"{path}: something follows the list: {rest.strip()[:40]!r}", hint=_LIKE)


def _check_spelling(where: str, asked: ProxyAsked, written: Mapping[str, Any]) -> None:
    """The original passes over members it does not know, and so do we, unless one looks like a slip of the pen."""
    _check_members(where, written, _OF_PROXIES)
    for toxic, members in zip(asked.toxics, folded(written).get("toxics", ()), strict=True):
        named = f"{where}: toxic '{toxic.name or toxic.type}'"
        _check_members(named, members, _OF_TOXICS)
        kind = kinds(udp=is_udp(asked))[toxic.type]
        _check_members(named, toxic.attributes, kind.names)


def _check_members(where: str, written: Mapping[str, Any], known: Collection[str]) -> None:
    for name in written:
        if name.lower() not in known and (meant := get_close_matches(name.lower(), known, n=1, cutoff=0.75)):
            raise UsageError(f"{where}: nothing is called '{name}'", hint=f"did you mean {meant[0]}?")


def _check(where: str, asked: ProxyAsked) -> None:
    try:
        check_whole(asked)
    except ApiError as error:
        hint = f"there are {', '.join(sorted(kinds(udp=is_udp(asked))))}" if error.message == INVALID_TYPE[1] else ""
        raise UsageError(f"{where}: {_words(error)}", hint=hint) from error


def _words(error: ApiError) -> str:
    return error.message.removeprefix("bad request body: ")


def _problem(path: Path, text: str, error: GoJsonError) -> Problem:
    before = text[: error.place]
    line = before.count("\n") + 1
    column = error.place - (before.rfind("\n") + 1) + 1
    lines = text.splitlines() or [""]
    shown = lines[min(line, len(lines)) - 1]
    place = Place(file=str(path), line=line, column=min(column, len(shown) + 1), text=shown)
    return Problem(message=str(error), place=place, hint=_LIKE)
