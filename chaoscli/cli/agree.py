"""``chaos agree``: play playbooks in both worlds and compare what they tell."""

from __future__ import annotations

from typing import Annotated

import typer

from chaoscli.cli.completion import playbook_names
from chaoscli.cli.guard import guarded


def agree(
    names: Annotated[
        list[str], typer.Argument(metavar="PLAYBOOK", help="Names from `chaos list`, or files.", autocompletion=playbook_names)
    ],
    seed: Annotated[int, typer.Option(help="All dice and arrivals follow from it, in both worlds.")] = 1,
    all_: Annotated[bool, typer.Option("--all", help="Show what agrees as well.")] = False,
    json: Annotated[bool, typer.Option("--json", help="One JSON document on stdout, and nothing else there.")] = False,
) -> None:
    """Play playbooks on real processes and simulated, and compare their measures and verdicts, each with its tolerance.

    Exit code: 0 the worlds agree, 1 they do not, 2 the command or a playbook is wrong, 3 a run could not be made.
    """

    def verb() -> int:
        from chaoscli.cli.agreeing import agree_all

        return agree_all(tuple(names), seed=seed, all_rows=all_, json_wanted=json)

    guarded(verb)
