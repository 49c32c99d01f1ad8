"""A process between the command and a program that a person uses at the terminal: it starts the program with the terminal's
own streams, in the terminal's own process group, and leaves nothing of it behind, however the command ends.

The keeper of a service cannot do that: its program has no terminal. This one is forked from the command before any trio runs.
"""

from __future__ import annotations

import os
import signal
import socket
import traceback
from collections.abc import Mapping
from typing import Any, NoReturn

import trio

from chaoscli.errors import UsageError
from chaoscli.net.channel import Channel, Line
from chaoscli.net.programs import Program, Programs, open_programs

# Meant for the program, which gets them as well: whoever sends them sends them to the whole group.
PASSED_BY = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT)
# After being told to end for good; the same as for services.
GRACE_S = 2.0


def fork_guardian() -> socket.socket:
    """Our end of a channel to a new guardian. Questions: ``run`` {argv, env}; ``signal`` {number}; ``end``. Once the program
    is over, {"ended": status} is told."""
    ours, theirs = socket.socketpair()
    if os.fork() == 0:
        ours.close()
        _become_guardian(theirs)
    theirs.close()
    return ours


def _become_guardian(sock: socket.socket) -> NoReturn:
    code = 1
    try:
        for number in PASSED_BY:
            signal.signal(number, signal.SIG_IGN)
        trio.run(_guard, Channel, sock)
        code = 0
    except BaseException:  # it must not return into the command's code
        traceback.print_exc()
    finally:
        os._exit(code)


async def _guard(make_channel: type[Channel], sock: socket.socket) -> None:
    channel = make_channel(sock, "the guardian")
    async with open_programs() as programs, trio.open_nursery() as nursery:
        guardian = _Guardian(programs, channel, nursery)
        await channel.run(guardian.answer, lambda line: None)
        nursery.cancel_scope.cancel()


class _Guardian:
    def __init__(self, programs: Programs, channel: Channel, nursery: trio.Nursery) -> None:
        self._programs = programs
        self._channel = channel
        self._nursery = nursery
        self._program: Program | None = None

    async def answer(self, question: Line) -> Mapping[str, Any] | None:
        match question["do"]:
            case "run":
                self._program = self._programs.start(question["argv"], env=question["env"], at_terminal=True)
                self._nursery.start_soon(self._tell_end, self._program)
            case "signal" if self._program is not None:
                self._program.signal(question["number"])
            case "end" if self._program is not None:
                await self._program.end(signal.SIGTERM, GRACE_S)
            case unknown:
                raise UsageError(f"the guardian cannot do '{unknown}' now")
        return None

    async def _tell_end(self, program: Program) -> None:
        await program.ended.wait()
        await self._programs.kill_all()  # what it started and left behind
        self._channel.tell({"ended": program.status})
