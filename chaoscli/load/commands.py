"""Runs a load's commands: each a program with everything it starts, ended when nobody waits for it any more."""

from __future__ import annotations

import json
from collections.abc import Mapping

import trio

from chaoscli.environment import Secrets
from chaoscli.errors import NotMadeError
from chaoscli.load.settings import Load
from chaoscli.messages import REQUEST_ID, CallError, Request, Response, Result
from chaoscli.net.programs import Programs

# What a command has to say for itself is one line in a table.
LONGEST_DETAIL = 200


class Commands:
    """``exchange`` is a load's way to send: the request names the command, the response says how it went."""

    def __init__(self, programs: Programs, load: Load, secrets: Secrets, environment: Mapping[str, str]) -> None:
        self._programs = programs
        self._load = load
        self._secrets = secrets
        self._environment = {**environment, **(load.env or {})}

    async def exchange(self, _callee: str, request: Request) -> Response:
        """Status 200 for an exit code that is expected, 500 (it may pass) with the reason for any other; CallError for a command
        that cannot be run at all."""
        name = request.header(REQUEST_ID)
        env = {**self._environment, "CHAOS_REQUEST": name, "CHAOS_N": name.rpartition("-")[2]}
        try:
            program = self._programs.start(
                json.loads(request.body), cwd=self._load.cwd, env=env, mask=self._secrets.mask, is_brief=True
            )
        except NotMadeError as error:
            raise CallError(Result.FAILED, error.message) from None
        try:
            await program.ended.wait()
        finally:
            with trio.CancelScope(shield=True):
                await program.kill()
        if program.status in self._load.expect_exit:
            return Response(status=200)
        last = program.output.last_lines()
        said = f"{program.end_in_words.removeprefix('ended with ')}{f': {last[-1]}' if last else ''}"
        return Response(status=500, body=said[:LONGEST_DETAIL].encode())
