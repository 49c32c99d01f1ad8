"""``chaos explain``: what a playbook is about, before it is played; or a page of the reference."""

from __future__ import annotations

from typing import Annotated

import typer

from chaoscli.cli.completion import playbook_names_and_topics
from chaoscli.cli.guard import guarded


def explain(
    name: Annotated[
        str | None,
        typer.Argument(
            metavar="PLAYBOOK|TOPIC",
            help="A name from `chaos list`, a file, or one of: playbook, services, load, faults, cues, policies, measures,"
            " expectations, warnings.",
            autocompletion=playbook_names_and_topics,
        ),
    ] = None,
) -> None:
    """Explain a playbook (its lesson, who calls whom, what goes wrong when), or what may be written in one.

    Without a name: what there is to explain.
    """

    def verb() -> int:
        from chaoscli.cli.explaining import page_of, topics
        from chaoscli.cli.output import Output
        from chaoscli.cli.streams import say

        if name is None:
            say(topics())
        else:
            Output().print(page_of(name))
        return 0

    guarded(verb)
