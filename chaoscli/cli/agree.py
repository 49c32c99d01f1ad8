"""``chaos agree``: play playbooks in both worlds and compare what they tell."""

from __future__ import annotations

from typing import Annotated

import typer

from chaoscli.cli.completion import playbook_names
from chaoscli.cli.guard import guarded


def agree(
    names: Annotated[
        list[str] | None,
        typer.Argument(metavar="[PLAYBOOK]...", help="Names from `chaos list`, or files.", autocompletion=playbook_names),
    ] = None,
    all_: Annotated[bool, typer.Option("--all", help="Everything that is shipped.")] = False,
    seed: Annotated[int, typer.Option(help="All dice and arrivals follow from it, in both worlds.")] = 1,
    rows: Annotated[bool, typer.Option("--rows", help="Show what agrees as well.")] = False,
    json: Annotated[bool, typer.Option("--json", help="One JSON document on stdout, and nothing else there.")] = False,
) -> None:
    """Play playbooks on real processes and simulated, and compare their measures and verdicts, each with its tolerance.

    Differences that are right are shown with their reason, and so is what cannot be played in both.

    Exit code: 0 the worlds agree, 1 they do not, 2 the command or a playbook is wrong, 3 a run could not be made.
    """

    def verb() -> int:
        from chaoscli.cli.agreeing import agree_all
        from chaoscli.cli.naming import words_of

        return agree_all(words_of(names, all_shipped=all_), seed=seed, all_rows=rows, json_wanted=json)

    guarded(verb)
