"""Plays whole playbooks in the simulated world, in this process."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from chaoscli.checks.judge import judge
from chaoscli.outcome import Outcome
from chaoscli.playbook.load import load_playbook
from chaoscli.playbook.meaning import Playbook
from chaoscli.recording import Header, RunRecorder, RunRecording
from chaoscli.simulation import play_simulated
from chaoscli.worlds.wire import Distances


def simulated(
    playbook: str | Path | Playbook, *, seed: int = 1, changed: Sequence[str] = (), variants: Sequence[str] = (),
    distances: Mapping[str, Distances] | None = None,
) -> RunRecording:  # fmt: skip
    """The recording of one run, from the playbook as shipped or with ``path=value`` changes."""
    if not isinstance(playbook, Playbook):
        playbook = load_playbook(playbook, overrides=changed, variants=variants)
    header = Header(
        playbook=playbook.name, seed=seed, world="simulated", variants=tuple(variant.name for variant in playbook.variants)
    )
    recorder = RunRecorder(header)
    play_simulated(playbook, {name: recorder.variant(name) for name in header.variants}, seed=seed, distances=distances)
    return recorder.recording


def broken(playbook: str | Path, *, seed: int = 1, changed: Sequence[str] = (), variants: Sequence[str] = ()) -> list[str]:
    """The claims that do not hold, each with the variant it is about: ``loop: success >= 99%``. Of ``variants``, if given."""
    found = judged(playbook, seed=seed, changed=changed, variants=variants).broken
    return [f"{check.variant}: {check.text}" if check.variant else check.text for check in found]


def judged(
    playbook: str | Path, *, seed: int = 1, changed: Sequence[str] = (), variants: Sequence[str] = ()
) -> Outcome:  # fmt: skip
    """Its verdict."""
    whole = load_playbook(playbook, overrides=changed, variants=variants)
    return judge(simulated(whole, seed=seed), whole.expectations)
