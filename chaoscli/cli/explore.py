"""``chaos explore``: search seeds and fault schedules for what breaks a playbook's promises."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from chaoscli.cli.completion import playbook_names
from chaoscli.cli.guard import guarded


def explore(
    name: Annotated[
        str, typer.Argument(metavar="PLAYBOOK", help="A name from `chaos list`, or a file.", autocompletion=playbook_names)
    ],
    seeds: Annotated[int | None, typer.Option(min=1, metavar="N", help="How many seeds; 200 if neither is said.")] = None,
    for_: Annotated[
        str | None,
        typer.Option(
            "--for", metavar="TIME", help="As many seeds as so much time allows, like 60s; making small what fails comes on top."
        ),
    ] = None,
    first: Annotated[int, typer.Option(min=0, metavar="SEED", help="The first seed.")] = 0,
    variant: Annotated[list[str] | None, typer.Option(help="Only this variant; may be given again.")] = None,
    set_: Annotated[
        list[str] | None, typer.Option("--set", metavar="PATH=VALUE", help="Override a setting; may be given again.")
    ] = None,
    invariant: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME", help="Only this promise; without it, those that the playbook expects, or every law."),
    ] = None,
    jobs: Annotated[int | None, typer.Option(min=1, metavar="N", help="Processes at once; usually one a core.")] = None,
    shard: Annotated[str | None, typer.Option(metavar="I/N", help="Only the I-th of N parts, for a CI matrix.")] = None,
    dask: Annotated[
        str | None, typer.Option(metavar="ADDRESS", help="The workers of a Dask scheduler (chaoscli's extra: dask).")
    ] = None,
    out: Annotated[Path, typer.Option(metavar="FOLDER", help="Where files go that play a failure again.")] = Path("repro"),
    json: Annotated[bool, typer.Option("--json", help="One JSON document on stdout, and nothing else there.")] = False,
) -> None:
    """Search seeds and fault schedules in the simulated world for what breaks a playbook's promises, and hand back the smallest.

    The playbook's own faults are left aside. Each way to break a promise becomes a file for `chaos replay`.

    Exit code: 0 no promise was broken, 1 one was, 2 the command or the playbook is wrong, 3 it could not be simulated or a file
    not be written, 130 interrupted.
    """

    def verb() -> int:
        from chaoscli.cli.exploring import Search, explore_playbook, share_of_seeds

        search = Search(
            name=name, seeds=seeds, for_time=for_, first=first, variants=tuple(variant or ()), overrides=tuple(set_ or ()),
            invariants=tuple(invariant or ()), jobs=jobs, shard=share_of_seeds(shard), dask=dask, out=out, json=json,
        )  # fmt: skip
        return explore_playbook(search)

    guarded(verb)
