"""Toxiproxy's configuration file: a JSON list of proxies, each with the toxics written inside it."""

from __future__ import annotations

from pathlib import Path

from chaoscli.control import wire
from chaoscli.control.go_json import GoJsonError, first_value
from chaoscli.control.proxies import check_whole, is_udp
from chaoscli.control.replies import INVALID_TYPE, ApiError
from chaoscli.control.toxics import kinds
from chaoscli.control.wire import ProxyAsked
from chaoscli.errors import Place, PlaybookError, Problem, UsageError

# As much as the API itself takes.
LARGEST_BYTES = 4 << 20


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
    try:
        asked = wire.read_proxies(first_value(text))
    except GoJsonError as error:
        raise PlaybookError([_problem(path, text.decode("utf-8", errors="replace"), error)]) from error
    except ApiError as error:
        raise UsageError(f"{path}: {_words(error)}") from error
    for place, one in enumerate(asked, 1):
        _check(path, place, one)
    return asked


def _check(path: Path, place: int, asked: ProxyAsked) -> None:
    try:
        check_whole(asked)
    except ApiError as error:
        named = f" '{asked.name}'" if asked.name else ""
        hint = f"there are {', '.join(sorted(kinds(udp=is_udp(asked))))}" if error.message == INVALID_TYPE[1] else ""
        raise UsageError(f"{path}: proxy {place}{named}: {_words(error)}", hint=hint) from error


def _words(error: ApiError) -> str:
    return error.message.removeprefix("bad request body: ")


def _problem(path: Path, text: str, error: GoJsonError) -> Problem:
    before = text[: error.place]
    line = before.count("\n") + 1
    column = error.place - (before.rfind("\n") + 1) + 1
    lines = text.splitlines() or [""]
    shown = lines[min(line, len(lines)) - 1]
    place = Place(file=str(path), line=line, column=min(column, len(shown) + 1), text=shown)
    return Problem(message=str(error), place=place, hint='a list of {"name": ..., "listen": ..., "upstream": ...}')
