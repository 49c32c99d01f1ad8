"""``chaos check``: every problem of every playbook named, without running anything."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from chaoscli.cli.completion import playbook_names
from chaoscli.cli.guard import guarded


def check(
    names: Annotated[
        list[str], typer.Argument(metavar="PLAYBOOK", help="Files, or names from `chaos list`.", autocompletion=playbook_names)
    ],
    set_: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="PATH=VALUE", help="Set a parameter or override anything; may be repeated."),
    ] = None,
) -> None:
    """Check playbooks: report every problem at once, with its line.

    Exit code: 0 all are right, 2 at least one is not.
    """

    def verb() -> int:
        from chaoscli.errors import ChaosError, ExitCode
        from chaoscli.playbook.load import load_playbook

        code = ExitCode.HELD
        for name in names:
            try:
                playbook = load_playbook(name, overrides=tuple(set_ or ()))
            except ChaosError as error:
                print(error.render(), file=sys.stderr)
                code = error.exit_code
            else:
                counts = {
                    "variant": len(playbook.variants),
                    "fault": len({fault.name for variant in playbook.variants for fault in variant.faults}),
                    "cue": len({cue.name for variant in playbook.variants for cue in variant.cues}),
                    "expectation": len(playbook.expectations),
                }
                told = [_counted(count, noun) for noun, count in counts.items() if count or noun != "cue"]
                print(f"{name}: right ({', '.join(told)})")
        return code

    guarded(verb)


def _counted(count: int, noun: str) -> str:
    return f"{count} {noun}{'' if count == 1 else 's'}"
