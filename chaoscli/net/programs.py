"""Programs that are not ours: each started as a process group of its own, watched, and ended with everything it has started.

A program may fork, hide in a session of its own, ignore signals, and print without end. So whoever starts programs adopts
the orphans below it and, when a program is over, kills what is left. Only for a process that has no other children: it
reaps every one there is.
"""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress

import trio

from chaoscli.errors import NotMadeError
from chaoscli.net.kernel import adopt_orphans, die_with, living_below
from chaoscli.net.output import Output

# After SIGKILL the kernel needs moments; a program that has forked while it died needs another look.
LONGEST_KILLING_S = 2.0
LOOK_AGAIN_S = 0.01
# Whoever loses its parent while we look may be missed; nobody is missed twice.
LOOKS = 2
# What it printed last is in the pipe when it ends; who inherited the pipe may keep it open for ever.
LAST_OUTPUT_S = 0.2
CHUNK_BYTES = 1 << 18


class Program:
    """One that runs, or ran. ``status`` is as ``os.waitstatus_to_exitcode`` gives it, once it has ``ended``."""

    def __init__(self, pid: int, output: Output, *, leads_group: bool) -> None:
        self.pid = pid
        self.output = output
        self.ended = trio.Event()
        self.status = 0
        self.has_said_all = trio.Event()
        self._leads_group = leads_group
        self._is_reaped = False

    def reaped(self, status: int) -> None:
        """From here on its number is the kernel's to give to somebody else."""
        self._is_reaped = True
        self.status = os.waitstatus_to_exitcode(status)

    @property
    def end_in_words(self) -> str:
        return end_in_words(self.status)

    def signal(self, number: int) -> None:
        """To its whole group, as the shell does with Ctrl-C; nothing if all of it has ended."""
        with suppress(ProcessLookupError, PermissionError):  # macOS refuses for a group of zombies
            if not self._is_reaped:
                os.kill(-self.pid if self._leads_group else self.pid, number)

    async def end(self, number: int, grace_s: float) -> bool:
        """Ask it to end by this signal, and after the grace by SIGKILL, all that it started too. Whether it had to be killed."""
        self.signal(number)
        self.signal(signal.SIGCONT)  # one that is stopped would not hear it
        with trio.move_on_after(grace_s):
            await self.ended.wait()
        was_killed = not self.ended.is_set()
        await self.kill()
        return was_killed

    async def kill(self) -> None:
        """SIGKILL to it and to all below it, until nothing of it is there. What had its group went when it ended by itself."""
        if self.ended.is_set():
            return
        below = living_below(self.pid)
        self.signal(signal.SIGKILL)
        _kill(below)
        with trio.move_on_after(LONGEST_KILLING_S) as patience:
            patience.shield = True
            await self.ended.wait()


class Programs:
    """Those of this process. Made by ``open_programs``."""

    def __init__(self, nursery: trio.Nursery) -> None:
        self._nursery = nursery
        self._living: dict[int, Program] = {}

    def start(
        self,
        argv: Sequence[str],
        *,
        cwd: str | None = None,
        env: Mapping[str, str] | None = None,
        mask: Callable[[str], str] = str,
        at_terminal: bool = False,
        is_brief: bool = False,
    ) -> Program:
        """Run ``argv`` with ``env`` over our own environment. ``at_terminal``: it keeps our streams and our process group, for a
        person at its keyboard. ``is_brief``: it is one of many that are over in a moment; starting them takes a hundredth of
        the time, and if we are killed it is for whoever adopts our orphans to end them. NotMadeError, with the way out, if it
        cannot be run."""
        output = Output(mask)
        mine = os.getpid()
        environment = {**os.environ, **(env or {})}
        streams = None if at_terminal else subprocess.PIPE
        before = signal.getsignal(signal.SIGINT)
        try:
            if is_brief and before is signal.SIG_IGN:
                signal.signal(signal.SIGINT, signal.SIG_DFL)  # or it would be born deaf
            # Not trio's way of starting one: that forks from a helper thread, whose end would count as ours.
            process = subprocess.Popen(
                [*argv], cwd=cwd, env=environment, stdin=None if at_terminal else subprocess.DEVNULL, stdout=streams,
                stderr=None if at_terminal else subprocess.STDOUT, process_group=None if at_terminal else 0,
                preexec_fn=None if is_brief else lambda: _prepare(mine),  # noqa: PLW1509  # who starts programs has no threads
            )  # fmt: skip
        except OSError as error:
            raise cannot_run(argv[0], cwd, error) from error
        finally:
            signal.signal(signal.SIGINT, before)
        process.returncode = 0  # it is ours to reap
        program = Program(process.pid, output, leads_group=not at_terminal)
        self._living[process.pid] = program
        if process.stdout is None:
            program.has_said_all.set()
        else:
            self._nursery.start_soon(_read, trio.lowlevel.FdStream(os.dup(process.stdout.fileno())), program)
            process.stdout.close()
        return program

    async def reap(self, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        """Take note of every end, until cancelled."""
        with trio.open_signal_receiver(signal.SIGCHLD) as signals:
            task_status.started()
            async for _number in signals:
                for program in self._reaped():
                    self._nursery.start_soon(_tell_ended, program)

    def _reaped(self) -> list[Program]:
        """Those that have ended since."""
        ended = []
        while (found := self._reap_one()) is not None:
            pid, status = found
            program = self._living.pop(pid, None)
            if program is not None:
                program.reaped(status)
                ended.append(program)
        return ended

    def _reap_one(self) -> tuple[int, int] | None:
        """A child that has ended, with its status. Where the kernel lets us look first (not on macOS before Python 3.13), what is
        left of its group is killed while the number is still its own."""
        try:
            if not hasattr(os, "waitid"):
                pid, status = os.waitpid(-1, os.WNOHANG)
                return (pid, status) if pid else None
            found = os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
            if found is None:
                return None
            if found.si_pid in self._living:
                self._living[found.si_pid].signal(signal.SIGKILL)
            return os.waitpid(found.si_pid, 0)
        except ChildProcessError:
            return None

    async def kill_all(self) -> None:
        """Until nothing is left below us, bounded."""
        for program in self._living.values():
            program.signal(signal.SIGKILL)
        self._reaped()
        patience = trio.current_time() + LONGEST_KILLING_S
        looks_left = LOOKS
        while looks_left and trio.current_time() < patience:
            left = living_below(os.getpid())
            looks_left = looks_left - 1 if not left else LOOKS
            _kill(left)
            await trio.sleep(LOOK_AGAIN_S)
            self._reaped()


@asynccontextmanager
async def open_programs() -> AsyncIterator[Programs]:
    """On leaving, whichever way, everything that was started is gone, daemons too (on other systems than Linux: all that
    stayed in its group)."""
    adopt_orphans()
    async with trio.open_nursery() as nursery:
        programs = Programs(nursery)
        await nursery.start(programs.reap)
        try:
            yield programs
        finally:
            with trio.CancelScope(shield=True):
                await programs.kill_all()
            nursery.cancel_scope.cancel()


def end_in_words(status: int) -> str:
    if status >= 0:
        return f"ended with exit code {status}"
    try:
        return f"killed by signal {-status} ({signal.Signals(-status).name})"
    except ValueError:
        return f"killed by signal {-status}"


def cannot_run(program: str, cwd: str | None, error: OSError) -> NotMadeError:
    """Why not, and the way out."""
    if cwd is not None and error.filename == cwd:
        return NotMadeError(f"it cannot be run in the folder '{cwd}': {(error.strerror or str(error)).lower()}")
    if isinstance(error, FileNotFoundError):
        return NotMadeError(f"there is no program '{program}'", hint="install it, or write its path; `which` says what is found")
    if isinstance(error, PermissionError):
        return NotMadeError(f"'{program}' may not be run: permission denied", hint=f"`chmod +x {program}` makes it a program")
    return NotMadeError(f"'{program}' cannot be run: {(error.strerror or str(error)).lower()}")


def _prepare(parent: int) -> None:
    """In the new process, before it becomes the program: what we ignore it shall not, and it dies when we do."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGCHLD):
        signal.signal(number, signal.SIG_DFL)
    die_with(parent)


async def _read(stream: trio.lowlevel.FdStream, program: Program) -> None:
    async with stream:
        with suppress(trio.BrokenResourceError):
            while data := await stream.receive_some(CHUNK_BYTES):
                program.output.feed(data)
    program.has_said_all.set()


async def _tell_ended(program: Program) -> None:
    """With its last words read."""
    with trio.move_on_after(LAST_OUTPUT_S):
        await program.has_said_all.wait()
    program.ended.set()


def _kill(pids: Sequence[int]) -> None:
    for pid in pids:
        with suppress(ProcessLookupError, PermissionError):
            os.kill(pid, signal.SIGKILL)
