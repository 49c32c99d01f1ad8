"""``chaos run``: play playbooks, show them, judge them."""

from __future__ import annotations

from chaoscli.cli import words
from chaoscli.cli.guard import guarded


def run(
    names: words.Names = None,
    all_: words.All = False,
    world: words.Worlds = words.World.REAL,
    seed: words.Seed = None,
    variant: words.Variant = None,
    set_: words.Set = None,
    env_file: words.EnvFile = None,
    live: words.Live = False,
    plain: words.Plain = False,
    quiet: words.Quiet = False,
    json: words.Json = False,
    record: words.Record = None,
    dry: words.Dry = False,
    svg: words.Svg = None,
    html: words.Html = None,
    junit: words.Junit = None,
    md: words.Md = None,
    github: words.Github = None,
    fail_fast: words.FailFast = False,
    jobs: words.Jobs = None,
    repeat: words.Repeat = 1,
    retries: words.Retries = 0,
    baseline: words.Baseline = None,
    save_baseline: words.SaveBaseline = None,
    worse_by: words.WorseBy = "10%",
) -> None:
    """Play playbooks: services start, load arrives, faults come and go, the timeline draws, expectations are judged.

    Exit code: 0 every expectation held, 1 one was violated, 2 the command or a playbook is wrong, 3 the run could not be
    made, 4 a bug in chaoscli, 130 interrupted.
    """

    def verb() -> int:
        from chaoscli.cli.env_file import environment_of
        from chaoscli.cli.naming import words_of
        from chaoscli.cli.options import Options, share_of
        from chaoscli.cli.showing import show_of

        show = show_of(live=live, plain=plain, quiet=quiet, usually_live=world is words.World.REAL)
        options = Options(
            names=words_of(names, all_shipped=all_, world=world), world=world, seed=seed, variants=tuple(variant or ()),
            overrides=tuple(set_ or ()), show=show, json=json, record=record, svg=svg, html=html, junit=junit, markdown=md,
            github=_github(github), fail_fast=fail_fast, jobs=jobs, repeat=repeat, retries=retries, baseline=baseline,
            save_baseline=save_baseline, worse_by=share_of(worse_by), env_file=env_file, environment=environment_of(env_file),
        )  # fmt: skip
        if dry:
            from chaoscli.cli.planning import print_plans

            return print_plans(options)
        from chaoscli.cli.playing import play_all

        return play_all(options)

    guarded(verb)


def _github(stated: bool | None) -> bool:
    """As stated, or as the place says where it runs."""
    import os

    return os.environ.get("GITHUB_ACTIONS") == "true" if stated is None else stated
