"""``chaos proxy`` at work, a process of its own that carries nothing of the command: it serves, says what happens a line at
a time, and writes frames for a screen if one was opened for it.
"""

from __future__ import annotations

import gc
import json
import math
import os
import sys
import time
import traceback
from collections import deque
from contextlib import suppress
from dataclasses import dataclass

import trio

from chaoscli.control.addresses import join
from chaoscli.control.collection import Collection, words_of
from chaoscli.control.metrics import LinkTotals
from chaoscli.control.proxies import Toxic
from chaoscli.control.serving import ProxyOptions, Serving, serve
from chaoscli.control.toxics import Fault
from chaoscli.errors import ChaosError, ExitCode, leaves
from chaoscli.events import Event, FaultHealed, FaultInjected, FaultMeasured, Noted
from chaoscli.faults.base import MessageFault
from chaoscli.settings import from_plain, to_plain
from chaoscli.traffic import Harm, LinksState, LinkState
from chaoscli.units import format_duration, format_share, format_size

STDOUT, STDERR = 1, 2
# Fast enough to look alive; the state of a hundred links takes a millisecond.
FRAME_EVERY_S = 0.5
# A screen draws its last frame and puts the cursor back; one that hangs is left to end with its input.
SCREEN_ENDS_WITHIN_S = 2.0
# What fits under a table on the smallest usual terminal.
MOST_NOTES = 6
# A page or two of what faults did, when the screen is gone.
MOST_MEASURED = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Standalone:
    """``frames`` is the descriptor that a screen reads; with one, changes are shown there and not as lines."""

    options: ProxyOptions
    frames: int | None = None


def main(text: str) -> int:
    """Serve what the JSON of a Standalone asks for; the exit code."""
    try:
        trio.run(_run, from_plain(Standalone, json.loads(text)))
    except BaseException as error:
        return _explain(error)
    return ExitCode.HELD


def _explain(error: BaseException) -> int:
    found = list(leaves(error))
    if any(isinstance(leaf, KeyboardInterrupt) for leaf in found):
        _say(STDERR, "chaos: interrupted")
        return ExitCode.INTERRUPTED
    expected = [leaf for leaf in found if isinstance(leaf, ChaosError)]
    if len(expected) == len(found):
        for message in dict.fromkeys(leaf.render() for leaf in expected):
            _say(STDERR, f"chaos: {message}")
        return max(leaf.exit_code for leaf in expected)
    _say(STDERR, "chaos: this is a bug in chaoscli, not in what you did. Please report it with the lines below.\n")
    _say(STDERR, "".join(traceback.format_exception(error)))
    return ExitCode.BUG


def _say(descriptor: int, text: str) -> None:
    """Lines for whoever still reads; a proxy serves on when nobody does."""
    with suppress(OSError):
        os.write(descriptor, "\n".join(map(printable, text.split("\n"))).encode() + b"\n")


def printable(text: str) -> str:
    """What any client of the API may have called a proxy must not steer the terminal."""
    return text if text.isprintable() else "".join(one if one.isprintable() else "\N{REPLACEMENT CHARACTER}" for one in text)


async def _run(standalone: Standalone) -> None:
    began = time.monotonic()
    notes: deque[str] = deque(maxlen=MOST_NOTES)
    measured: dict[tuple[str, str], str] = {}  # what each fault did, in each direction, when it was last told

    def note(event: Event) -> None:
        text = printable(line_of(event))
        if not text:
            return
        notes.append(f"{event.at - began:8.2f}s  {text}")
        if standalone.frames is None:
            _say(STDERR, notes[-1])
        elif isinstance(event, FaultMeasured) and len(measured) < MOST_MEASURED:
            measured[event.fault, event.direction] = text

    async def serve_then_stop(*, task_status: trio.TaskStatus[Serving]) -> None:
        await serve(standalone.options, tell=note, task_status=task_status)
        nursery.cancel_scope.cancel()

    async with trio.open_nursery() as nursery:
        serving = await nursery.start(serve_then_stop)
        gc.collect()
        gc.freeze()  # what is alive now stays alive: the collector need not walk through it again and again
        _say(STDOUT, welcome(serving))
        if standalone.frames is not None:
            await _write_frames(standalone.frames, serving, began, notes)
    if standalone.frames is not None:
        _wait_for_screen(standalone.frames)
        for text in measured.values():
            _say(STDERR, text)  # on the screen it was gone as soon as it came
    _say(STDOUT, farewell(serving.collection))


async def _write_frames(frames: int, serving: Serving, began: float, notes: deque[str]) -> None:
    """Until cancelled, or nobody reads them; a screen that cannot follow misses frames."""
    os.set_blocking(frames, False)
    unsent = b""
    while True:
        state = state_of(serving, time.monotonic() - began, tuple(notes))
        unsent = unsent or json.dumps(to_plain(state), separators=(",", ":")).encode() + b"\n"
        try:
            unsent = unsent[os.write(frames, unsent) :]
        except BlockingIOError:
            pass
        except OSError:
            return
        await trio.sleep(FRAME_EVERY_S)


def _wait_for_screen(frames: int) -> None:
    """Let it put the terminal in order before anything else is written there."""
    os.close(frames)
    until = time.monotonic() + SCREEN_ENDS_WITHIN_S
    with suppress(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG)[0] == 0 and time.monotonic() < until:
            time.sleep(0.01)


def welcome(serving: Serving) -> str:
    """Where everything is: one line for each link, then the API."""
    proxies = serving.collection.proxies.values()
    lines = [f"{proxy.name}  {proxy.listen} -> {proxy.upstream}{'  (udp)' if proxy.udp else ''}" for proxy in proxies]
    if serving.api is not None:
        lines.append(f"API  http://{join(serving.api)}")
    return "\n".join(lines)


def farewell(collection: Collection) -> str:
    """What each link carried in all."""
    lines = []
    for total in collection.totals():
        lines.append(f"{total.proxy}  {_carried(total)}")
    return "\n".join(lines)


def _carried(total: LinkTotals) -> str:
    carried = total.carried
    there, back = format_size(carried.bytes_request), format_size(carried.bytes_reply)
    if not total.udp:
        requests = f", {carried.requests} requests" if carried.requests else ""
        return f"{carried.connections} connections{requests}, {there} there, {back} back"
    lost = f", {carried.dropped} lost unasked" if carried.dropped else ""
    refused = f", {carried.refused} refused" if carried.refused else ""
    datagrams = f"{carried.datagrams_request} datagrams ({there}) there, {carried.datagrams_reply} ({back}) back"
    return f"{carried.connections} clients, {datagrams}{lost}{refused}"


def line_of(event: Event) -> str:
    """The event in words; empty for one that is not worth a line."""
    match event:
        case FaultInjected(fault=fault, text=text):
            return f"{fault}: {text}"
        case Noted(source=source, text=text):
            return f"{source}: {text}"
        case FaultHealed(fault=fault):
            return f"{fault}: healed"
        case FaultMeasured(fault=fault, met=met, touched=touched) if touched:
            achieved = f"{format_duration(event.achieved_mean_s)} achieved" if event.achieved_mean_s else "none of it came due"
            delays = f", {format_duration(event.asked_mean_s)} late asked, {achieved}"
            shares = f", {format_share(event.asked_share)} asked, {format_share(event.achieved_share)} achieved"
            harmed = f"{fault}: touched {touched} of {met}" + (shares if event.asked_share else "")
            return harmed + (delays if event.asked_mean_s else "")
    return ""


def _arrow(toxic: Toxic, fault: Fault) -> str:
    if isinstance(fault, MessageFault):
        return ""
    return {"upstream": "->", "downstream": "<-", "both": "<->"}[toxic.stream.lower()]


def _left(toxic: Toxic, now: float) -> str:
    return "" if math.isinf(toxic.until) else f", {format_duration(float(max(1, math.ceil(toxic.until - now))))} left"


def state_of(serving: Serving, at: float, notes: tuple[str, ...]) -> LinksState:
    """Everything a screen shows, ``at`` seconds after the start."""
    totals = {total.proxy: total for total in serving.collection.totals()}
    links = []
    for proxy in serving.collection.proxies.values():
        total = totals[proxy.name]
        harms = tuple(
            Harm(
                name=printable(toxic.name),
                text=words_of(fault, toxic.toxicity) + _left(toxic, serving.collection.now()),
                touched=total.touched.get(toxic.name, 0),
                way=_arrow(toxic, fault),
            )
            for toxic in proxy.toxics
            if (fault := toxic.fault) is not None
        )
        links.append(
            LinkState(
                name=printable(proxy.name),
                listen=proxy.listen,
                upstream=printable(proxy.upstream),
                enabled=proxy.running,
                udp=proxy.udp,
                connections=total.carried.connections,
                open=total.open,
                requests=total.carried.requests,
                bytes_request=total.carried.bytes_request,
                bytes_reply=total.carried.bytes_reply,
                harms=harms,
            )
        )
    return LinksState(at=at, links=tuple(links), api=join(serving.api) if serving.api is not None else "", notes=notes)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
