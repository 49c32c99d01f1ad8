"""``chaos explain``: what a playbook is about, before it is played."""

from __future__ import annotations

from typing import Annotated

import typer

from chaoscli.cli.completion import playbook_names
from chaoscli.cli.guard import guarded


def explain(
    name: Annotated[
        str, typer.Argument(metavar="PLAYBOOK", help="A name from `chaos list`, or a file.", autocompletion=playbook_names)
    ],
) -> None:
    """Explain a playbook: its lesson, who calls whom, what goes wrong when, what each variant changes."""

    def verb() -> int:
        from chaoscli.cli.output import Output
        from chaoscli.playbook.explain import explain as explained
        from chaoscli.playbook.load import load_playbook
        from chaoscli.views.explanation import ExplanationPage

        Output().print(ExplanationPage(explained(load_playbook(name))))
        return 0

    guarded(verb)
