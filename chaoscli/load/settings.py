"""What load to offer: which requests, how often, from when until when, and what their sender does about a slow answer."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from chaoscli.faults.base import BadSetting
from chaoscli.load.asked import Asked
from chaoscli.load.template import OWN, unknown_blanks
from chaoscli.load.values import Value
from chaoscli.resilience.policy import Policy
from chaoscli.services.foreign import blanks, fillable
from chaoscli.settings import setting
from chaoscli.units import PerSecond, Seconds

# A connection each, as many as the transport opens to one callee.
MOST_IN_FLIGHT = 2048
# Nobody reads more; each is a row of the plan.
MOST_STEPS = 100
MOST_REQUESTS = 50
MOST_VALUES = 50
# Each is a process or more: what two cores start in a second, and what a person can still tell apart in `top`.
MOST_COMMANDS = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """A stage of a load: for so long at ``rate``, or evenly from there to another."""

    for_: Seconds = setting("how long it lasts", minimum=0.001)
    rate: PerSecond | None = setting("the rate it begins with; without, the one before it ended with", None)
    to: PerSecond | None = setting("the rate it ends with; without, it stays the same", None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Bursts:
    """Many at once, again and again, beside the usual ones."""

    every: Seconds = setting("from the start of one burst to that of the next; the first comes after as long", minimum=0.1)
    of: int = setting("requests in each", minimum=1)
    for_: Seconds = setting("how long they take to arrive", 0.1, minimum=0.001)

    def __post_init__(self) -> None:
        if self.for_ > self.every:
            raise BadSetting("for", "is longer than from one burst to the next")


@dataclass(frozen=True, slots=True, kw_only=True)
class Load(Policy):
    """An open model: requests start on a schedule, whatever the replies do, as people do who do not know each other. With
    ``users`` a closed one: so many people, of whom each waits for an answer, thinks, and asks again.

    Its policy is that of the people: none gives up unless the playbook says so. ``${n}`` in the target, the JSON and the
    headers is the request's number, ``${n % 3}`` goes round in three, ``${request}`` is its id, and any name of ``values``
    is what was drawn for it.
    """

    request: str = setting("what is sent, like POST order /api/orders", "")
    requests: tuple[Asked, ...] = setting("several kinds of requests by weight, instead of `request`", ())
    command: tuple[str, ...] = setting(
        "a command to run instead of a request, like [redis-cli, -p, '${port.redis}', ping]; its exit code says how it went", ()
    )
    calls: tuple[str, ...] = setting("whom the command calls, at ${url.NAME} or NAME_URL: it is told where their proxies are", ())
    env: Mapping[str, str] | None = setting("variables of the command's environment", None)
    cwd: str = setting("the folder the command runs in, seen from the playbook's own; without it, that one", "")
    expect_exit: tuple[int, ...] = setting("the exit codes of the command that count as ok", (0,))
    json: Mapping[str, Any] | None = setting("the body, sent as JSON; ${n} is the request's number", None)
    headers: Mapping[str, str] | None = setting("headers sent beside the usual ones", None)
    values: Mapping[str, Value] | None = setting("names to fill in, and what each request draws for them", None)
    rate: PerSecond = setting("requests started each second", 20.0)
    ramp: Seconds = setting("how long it takes at the start until the rate is reached, evenly from nothing", 0.0)
    stages: tuple[Step, ...] = setting("how the rate goes on after that, one after the other; the last one's stays", ())
    bursts: Bursts | None = setting("many at once, again and again, beside the usual ones", None)
    users: int | None = setting(
        "a closed model: so many people, each of whom waits for an answer before asking again", None, minimum=1
    )
    think: Seconds = setting("how long each of the users thinks between an answer and the next request", 1.0, minimum=0.001)
    arrivals: Literal["constant", "poisson"] = setting(
        "constant: evenly spaced; poisson: independent of each other, which queues far more. Of users: how long each thinks is"
        " always the same, or drawn (exponential)",
        "poisson",
    )
    starts: Seconds = setting("when in the play the load begins", 0.0)
    stops: Seconds | None = setting("when in the play it ends; none: with the play", None)
    timeout: Seconds | None = setting("give up on an attempt after this long; none waits for ever", None)
    expect_status: tuple[int, ...] = setting("the statuses that count as ok; without any, all below 400", ())
    expect_body: Any = setting(
        "what the answer must hold, or it counts as failed: a text, or keys that its JSON must have with these values", None
    )
    # Each request in flight holds a connection, and 1024 descriptors a process are usual.
    max_in_flight: int = setting(
        f"at most so many requests at once (of commands, {MOST_COMMANDS}); further ones are skipped, and the report says so", 500
    )
    drain: Seconds = setting("how long to wait at the end for replies still to come", 2.0)

    def __post_init__(self) -> None:
        Policy.__post_init__(self)
        self._check_requests()
        if len(self.values or {}) > MOST_VALUES:
            raise BadSetting("values", f"are {len(self.values or {})}; at most {MOST_VALUES}, for every request draws them all")
        for name in self.values or {}:
            if name in OWN or not name.isidentifier():
                raise BadSetting("values", f"has '{name}'; a name is letters, digits and '_', and not 'n' or 'request'")
        self._check_blanks()
        if not 1 <= self.max_in_flight <= MOST_IN_FLIGHT:
            raise BadSetting("max_in_flight", f"is {self.max_in_flight}; it may be from 1 to {MOST_IN_FLIGHT}")
        if self.users is not None and self.users > self.max_in_flight:
            raise BadSetting("users", f"are {self.users}, and at most {self.max_in_flight} may wait at once: `max_in_flight`")
        if len(self.stages) > MOST_STEPS:
            raise BadSetting("stages", f"are {len(self.stages)}; at most {MOST_STEPS}")
        if self.stops is not None and self.stops <= self.starts:
            raise BadSetting("stops", "is not after it starts, so nothing would ever be sent")

    def _check_blanks(self) -> None:
        if self.command:
            self._check_blanks_of_command()
            return
        try:
            for one in self.asked:
                one.check_blanks(self.values or {})
        except BadSetting as error:
            raise BadSetting("requests" if self.requests else error.field, error.reason) from None

    def _check_command(self) -> None:
        """A command has its calls and no requests; and nothing else has what belongs to one."""
        for name, written in (("calls", self.calls), ("env", self.env), ("cwd", self.cwd)):
            if written and not self.command:
                raise BadSetting(name, "belongs to a load that runs a `command`")
        if not self.command:
            return
        for name, given in (
            ("request", self.request),
            ("requests", self.requests),
            ("json", self.json),
            ("headers", self.headers),
        ):
            if given:
                raise BadSetting(name, "and 'command' do not go together: a load sends requests, or runs commands")
        if not self.calls:
            raise BadSetting("calls", "is missing: whom does the command call? Like `calls: [redis]`")
        if any(not 0 <= code <= 255 for code in self.expect_exit) or not self.expect_exit:
            raise BadSetting("expect_exit", "are exit codes, one at least, each from 0 to 255")

    def _check_requests(self) -> None:
        self._check_command()
        if self.command:
            return
        if self.request and self.requests:
            raise BadSetting("requests", "and 'request' do not go together; write all that is sent as `requests`")
        if not self.request and not self.requests:
            raise BadSetting("request", "is missing, like POST order /api/orders")
        if not self.requests:
            return
        if len(self.requests) > MOST_REQUESTS:
            raise BadSetting("requests", f"has {len(self.requests)}; at most {MOST_REQUESTS}")
        if not sum(one.weight for one in self.requests):
            raise BadSetting("requests", "has only weights of 0, so nothing would ever be sent")
        for name, written in (("json", self.json), ("expect_body", self.expect_body)):
            if written is not None:
                raise BadSetting(name, "belongs to one request: write it there, beside its `request`")

    def _check_blanks_of_command(self) -> None:
        """Only the command itself is different for each request."""
        shared = [blank for blank in fillable((), self.calls) if blank not in ("port", "host", "folder")]
        own = ("n", "n % 3", "request", *(self.values or {}))
        asked = [("command", blank) for text in self.command for blank in blanks(text) if self._is_unknown(blank)]
        asked += [("env", blank) for text in (self.env or {}).values() for blank in blanks(text)]
        asked += [("cwd", blank) for blank in blanks(self.cwd)]
        for name, blank in asked:
            if blank not in shared and not blank.startswith("env."):
                known = ", ".join(f"${{{one}}}" for one in (*(own if name == "command" else ()), *shared, "env.NAME"))
                raise BadSetting(name, f"has '${{{blank}}}'; what can be filled in is {known}")

    def _is_unknown(self, blank: str) -> bool:
        return any(unknown_blanks(f"${{{blank}}}", self.values or {}))

    @property
    def most_at_once(self) -> int:
        return min(self.max_in_flight, MOST_COMMANDS) if self.command else self.max_in_flight

    @property
    def asked(self) -> tuple[Asked, ...]:
        """Every kind of request it sends, each with everything that holds for it; of a command, the call that it is for."""
        if self.command:
            return (Asked(request=f"RUN {self.calls[0]} /"),)
        if not self.requests:
            return (
                Asked(
                    request=self.request, json=self.json, headers=self.headers, expect_status=self.expect_status,
                    expect_body=self.expect_body,
                ),
            )  # fmt: skip
        shared = dict(self.headers or {})
        return tuple(
            dataclasses.replace(
                one, headers={**shared, **(one.headers or {})}, expect_status=one.expect_status or self.expect_status
            )
            for one in self.requests
        )

    @property
    def callees(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(self.calls or (one.callee for one in self.asked)))

    @property
    def policy(self) -> Policy:
        """What the load does about its callees, as a policy of its own."""
        return Policy(**{field.name: getattr(self, field.name) for field in dataclasses.fields(Policy)})
