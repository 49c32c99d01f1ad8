"""``chaos check``: every problem of every playbook named, and what cannot work, without running anything."""

from __future__ import annotations

from typing import Annotated

import typer

from chaoscli.cli.completion import playbook_names
from chaoscli.cli.guard import guarded


def check(
    names: Annotated[
        list[str] | None,
        typer.Argument(metavar="PLAYBOOK", help="Files, or names from `chaos list`.", autocompletion=playbook_names),
    ] = None,
    all_: Annotated[bool, typer.Option("--all", help="Check every playbook that is shipped.")] = False,
    set_: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="PATH=VALUE", help="Set a parameter or override anything; may be repeated."),
    ] = None,
    strict: Annotated[bool, typer.Option("--strict", help="Exit with 1 when there are warnings.")] = False,
) -> None:
    """Check playbooks: report every problem at once, with its line, and warn of what is right and cannot work all the same.

    Exit code: 0 all are right, 1 with --strict there are warnings, 2 at least one is not right.
    """

    def verb() -> int:
        import gc

        gc.disable()  # a moment's work, of which little is garbage: collecting took a tenth of it

        from chaoscli.cli.checking import check_all
        from chaoscli.cli.naming import words_of

        return check_all(words_of(names, all_shipped=all_), overrides=tuple(set_ or ()), strict=strict)

    guarded(verb)
