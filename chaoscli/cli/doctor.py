"""``chaos doctor``: what this machine has of what chaoscli can use."""

from __future__ import annotations

from typing import Annotated

import typer

from chaoscli.cli.guard import guarded


def doctor(
    json: Annotated[bool, typer.Option("--json", help="One JSON document on stdout.")] = False,
) -> None:
    """Look at this machine: what a run needs, what makes it more precise, what your own programs may need.

    Exit code 3 when something is missing that every run needs.
    """

    def verb() -> int:
        from chaoscli.cli.doctoring import look, report

        return report(look(), as_json=json)

    guarded(verb)
