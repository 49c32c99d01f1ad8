"""From the words of a command line to playbooks: which are meant, what each is called, and what is wrong with those that are."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from chaoscli.cli.casting import Named
from chaoscli.cli.options import Options
from chaoscli.errors import ChaosError, UsageError
from chaoscli.playbook.course import group_of, place
from chaoscli.playbook.load import load_playbook, path_of, shipped
from chaoscli.playbook.meaning import Playbook
from chaoscli.reports.series import own_names


def words_of(names: Iterable[str] | None, *, all_shipped: bool, world: str = "") -> tuple[str, ...]:
    """The playbooks that were named, or all that are shipped and can be played in this world, in the order of the course."""
    named = tuple(names or ())
    if all_shipped and named:
        raise UsageError("--all plays everything that is shipped; name playbooks or say --all, not both")
    if all_shipped:
        known = [one.name for one in shipped() if not world or load_playbook(one.name).plays_in(world)]
        return tuple(sorted(known, key=lambda name: place(name, group_of(name))))
    if not named:
        raise UsageError("no playbook is named", hint="`chaos list` says which there are; --all plays all of them")
    return named


def load_named(options: Options, *, to_play: bool = True) -> tuple[Named, ...]:
    """Every one of them read, and every problem of every one known before the first plays."""
    read = [_read(word, options, to_play) for word in options.names]
    called = [one.name if isinstance(one, Playbook) else word for word, one in zip(options.names, read, strict=True)]
    files = [_file_of(word) for word in options.names]
    return tuple(
        Named(word=word, name=name, file=file, lines=_lines(file, one), playbook=one)
        if isinstance(one, Playbook)
        else Named(word=word, name=name, file=file, wrong=one)
        for word, one, name, file in zip(options.names, read, own_names(called, files), files, strict=True)
    )


def _read(word: str, options: Options, to_play: bool) -> Playbook | ChaosError:
    try:
        playbook = load_playbook(word, overrides=options.overrides, variants=options.variants)
        if to_play:
            playbook.check_world(options.world)
        return playbook
    except ChaosError as error:
        return error


def _file_of(word: str) -> str:
    """As a reader of the report finds it: from here, where that is possible."""
    try:
        path = path_of(word)
    except ChaosError:
        return word
    try:
        return str(path.resolve().relative_to(Path.cwd()))
    except (ValueError, OSError):
        return str(path)


def _lines(file: str, playbook: Playbook) -> Mapping[str, int]:
    """The line of each expectation that stands in one."""
    try:
        written = Path(file).read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError):
        return {}
    found = {one.text: _line_of(one.text, written) for one in playbook.expectations}
    return {text: number for text, number in found.items() if number}


def _line_of(sentence: str, lines: Sequence[str]) -> int:
    """The line that says it and nothing else, or the first that has it in it; 0 if there is none."""
    told = [line.partition(" #")[0].strip().removeprefix("- ").strip().strip("\"'") for line in lines]
    if sentence in told:
        return told.index(sentence) + 1
    return next((number for number, line in enumerate(lines, start=1) if sentence in line), 0)
