"""The words of ``chaos run`` as one frozen value."""

from __future__ import annotations

import os
import shlex
from dataclasses import dataclass, field
from pathlib import Path

from chaoscli.environment import Environment
from chaoscli.errors import UsageError
from chaoscli.units import UnitError, parse_share

# Every run is a set of processes and some seconds; more than these are a search, and another command's business.
MOST_TAKES = 100
MOST_RETRIES = 10
# More processes than the largest machines have cores.
MOST_JOBS = 256


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """``show`` is live, plain or quiet; ``world`` is real or sim; ``repeat`` counts the takes of each playbook, ``retries``
    the further attempts at a take that did not hold, in the real world: a simulated one goes the same way every time.
    ``jobs`` is how many play at once; None: as many as suit the world. ``worse_by`` is a share; ``environment`` is for the user's
    own programs, with what ``env_file`` says. ``github`` is decided: GitHub reads us."""

    names: tuple[str, ...]
    world: str = "real"
    seed: int | None = None
    variants: tuple[str, ...] = ()
    overrides: tuple[str, ...] = ()
    show: str = "plain"
    json: bool = False
    record: Path | None = None
    svg: Path | None = None
    html: Path | None = None
    junit: Path | None = None
    markdown: Path | None = None
    github: bool = False
    fail_fast: bool = False
    jobs: int | None = None
    repeat: int = 1
    retries: int = 0
    baseline: Path | None = None
    save_baseline: Path | None = None
    worse_by: float = 0.1
    env_file: Path | None = None
    environment: Environment = field(default_factory=Environment)

    def __post_init__(self) -> None:
        if not 1 <= self.repeat <= MOST_TAKES:
            raise UsageError(f"--repeat is {self.repeat}; it may be from 1 to {MOST_TAKES}")
        if not 0 <= self.retries <= MOST_RETRIES:
            raise UsageError(f"--retries is {self.retries}; it may be from 0 to {MOST_RETRIES}")
        self._check_jobs()
        for flag, file in (("--record", self.record), ("--svg", self.svg), ("--html", self.html)):
            if file is not None and len(self.names) > 1:
                raise UsageError(f"{flag} takes the file of one run, and {len(self.names)} playbooks were named")
            if file is not None and self.repeat > 1:
                raise UsageError(f"{flag} takes the file of one run, and --repeat asks for {self.repeat}")

    def _check_jobs(self) -> None:
        """Simulations only take turns where there are more of them than cores; real plays would measure each other."""
        cores = os.cpu_count() or 1
        most = MOST_JOBS if self.world == "sim" else cores
        if self.jobs is not None and not 1 <= self.jobs <= most:
            hint = (
                "" if self.world == "sim" else f"this machine has {cores} cores, and real plays that share one spoil each other"
            )
            raise UsageError(f"--jobs is {self.jobs}; it may be from 1 to {most}", hint=hint)

    @property
    def attempts(self) -> int:
        """How often one take may be played."""
        return 1 + (self.retries if self.world == "real" else 0)

    def again(self, name: str, seed: int) -> str:
        """The command that plays one run again."""
        words = ["chaos", "run", name, *(["--world", self.world] if self.world != "real" else []), "--seed", str(seed)]
        words += [word for variant in self.variants for word in ("--variant", variant)]
        words += [word for override in self.overrides for word in ("--set", override)]
        words += ["--env-file", str(self.env_file)] if self.env_file is not None else []
        return shlex.join(words)


def share_of(text: str) -> float:
    """``10%`` as a share."""
    try:
        return parse_share(text)
    except UnitError as error:
        raise UsageError(f"--worse-by: {error}") from None
