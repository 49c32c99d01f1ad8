"""``--env-file``: NAME=value lines, as docker and most frameworks read them."""

from __future__ import annotations

import os
import re
import sys
from pathlib import Path

from chaoscli.environment import SHORTEST, Environment
from chaoscli.errors import Place, PlaybookError, Problem, UsageError

# Secrets, not data.
MOST_BYTES = 1 << 20
_LINE = re.compile(r"(?:export\s+)?(?P<name>[A-Za-z_][A-Za-z0-9_.-]*)\s*=\s*(?P<value>.*)")
_QUOTED = re.compile(r"""(?P<quote>["'])(?P<inside>.*)(?P=quote)\s*(?:#.*)?""")
_ESCAPES = {"n": "\n", "t": "\t", "r": "\r", '"': '"', "\\": "\\", "$": "$"}


def read_env_file(path: Path) -> dict[str, str]:
    """The variables of the file. UsageError if it cannot be read, PlaybookError with every line that is none."""
    try:
        with path.open("rb") as file:
            text = file.read(MOST_BYTES + 1).decode()
    except OSError as error:
        raise UsageError(f"'{path}' cannot be read: {(error.strerror or str(error)).lower()}") from None
    except UnicodeDecodeError:
        raise UsageError(f"'{path}' is not text in UTF-8") from None
    if len(text) > MOST_BYTES:
        raise UsageError(f"'{path}' is larger than a megabyte: that is no list of variables")
    return parse_env(text, str(path))


def environment_of(path: Path | None) -> Environment:
    """What the user's own programs get: this process's variables, and those of the file. A word on stderr about values that
    are too short to be masked."""
    from_file = read_env_file(path) if path is not None else {}
    for name in unmasked(from_file):
        print(f"chaos: the value of {name} in '{path}' is too short to be masked: at least {SHORTEST} letters", file=sys.stderr)
    return Environment(os.environ, from_file)


def parse_env(text: str, file: str) -> dict[str, str]:
    """``export`` and quotes are allowed; in double quotes \\n, \\t and \\" mean what they do in a shell; # begins a comment."""
    found: dict[str, str] = {}
    problems: list[Problem] = []
    for number, line in enumerate(text.splitlines(), 1):
        stripped = line.strip()
        if not stripped or stripped.startswith("#"):
            continue
        match = _LINE.fullmatch(stripped)
        if match is None:
            # The line itself is not shown: it may be a secret.
            place = Place(file=file, line=number, column=1, text="(not shown)")
            problems.append(Problem(message="this line is no variable", place=place, hint="write NAME=value"))
        else:
            found[match["name"]] = _value(match["value"])
    if problems:
        raise PlaybookError(problems)
    return found


def unmasked(variables: dict[str, str]) -> list[str]:
    """The names of those that are too short to be masked."""
    return [name for name, value in variables.items() if 0 < len(value) < SHORTEST]


def _value(text: str) -> str:
    quoted = _QUOTED.fullmatch(text)
    if quoted is None:
        return re.sub(r"\s+#.*", "", text).strip()
    if quoted["quote"] == "'":
        return quoted["inside"]
    return re.sub(r"\\(.)", lambda match: _ESCAPES.get(match[1], match[0]), quoted["inside"])
