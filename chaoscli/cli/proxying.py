"""What ``chaos proxy`` does: serves, and shows what goes through; a table on a terminal, a line for each change elsewhere."""

from __future__ import annotations

import gc
import json
import os
import sys
import time
from collections import deque
from collections.abc import Callable

import trio

from chaoscli.control.addresses import join
from chaoscli.control.serving import ProxyOptions, Serving, serve
from chaoscli.errors import ExitCode
from chaoscli.events import Event, FaultHealed, FaultInjected, FaultMeasured, Noted
from chaoscli.settings import to_plain
from chaoscli.units import format_duration, format_size
from chaoscli.views.links import MOST_NOTES, Harm, LinksState, LinkState

# Fast enough to look alive; a snapshot of a hundred links takes a millisecond.
DRAWN_EVERY_S = 0.5
# A screen draws its last frame and puts the cursor back; one that hangs is left to end with its input.
SCREEN_ENDS_WITHIN_S = 2.0


def run_proxy(options: ProxyOptions, *, live: bool) -> int:
    trio.run(_serve_and_show, options, live)
    return ExitCode.HELD


def wants_table() -> bool:
    """Whether a person is looking."""
    return sys.stderr.isatty() and not os.environ.get("CI") and os.environ.get("TERM", "") not in ("", "dumb")


async def _serve_and_show(options: ProxyOptions, live: bool) -> None:
    began = time.monotonic()
    notes: deque[str] = deque(maxlen=MOST_NOTES)

    def note(event: Event) -> None:
        text = line_of(event)
        if text:
            stamped = f"{event.at - began:8.2f}s  {text}"
            notes.append(stamped)
            if not live:
                print(stamped, file=sys.stderr, flush=True)

    async def serve_then_stop(*, task_status: trio.TaskStatus[Serving]) -> None:
        await serve(options, tell=note, task_status=task_status)
        nursery.cancel_scope.cancel()

    async with trio.open_nursery() as nursery:
        serving = await nursery.start(serve_then_stop)
        gc.collect()
        gc.freeze()  # what is alive now stays alive: the collector need not walk through it again and again
        print(welcome(serving), flush=True)
        if live:
            await _draw(serving, lambda: state_of(serving, time.monotonic() - began, tuple(notes)))
    print(farewell(serving), flush=True)


def welcome(serving: Serving) -> str:
    """Where everything is: one line for each link, then the API."""
    lines = [f"{proxy.name}  {proxy.listen} -> {proxy.upstream}" for proxy in serving.collection.proxies.values()]
    if serving.api is not None:
        lines.append(f"API  http://{join(serving.api)}")
    return "\n".join(lines)


def farewell(serving: Serving) -> str:
    """What each link carried in all."""
    lines = []
    for total in serving.collection.totals():
        carried = total.carried
        requests = f", {carried.requests} requests" if carried.requests else ""
        there, back = format_size(carried.bytes_request), format_size(carried.bytes_reply)
        lines.append(f"{total.proxy}  {carried.connections} connections{requests}, {there} there, {back} back")
    return "\n".join(lines)


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
            delays = f", {format_duration(event.asked_mean_s)} late asked, {format_duration(event.achieved_mean_s)} achieved"
            return f"{fault}: touched {touched} of {met}" + (delays if event.asked_mean_s else "")
    return ""


def state_of(serving: Serving, at: float, notes: tuple[str, ...]) -> LinksState:
    totals = {total.proxy: total for total in serving.collection.totals()}
    links = []
    for proxy in serving.collection.proxies.values():
        total = totals[proxy.name]
        harms = tuple(
            Harm(name=toxic.name, text=toxic.fault.words(), touched=total.touched.get(toxic.name, 0))
            for toxic in proxy.toxics
            if toxic.fault is not None
        )
        links.append(
            LinkState(
                name=proxy.name,
                listen=proxy.listen,
                upstream=proxy.upstream,
                enabled=proxy.running,
                connections=total.carried.connections,
                open=total.open,
                requests=total.carried.requests,
                bytes_request=total.carried.bytes_request,
                bytes_reply=total.carried.bytes_reply,
                harms=harms,
            )
        )
    api = join(serving.api) if serving.api is not None else ""
    return LinksState(at=at, links=tuple(links), api=api, notes=notes)


async def _draw(serving: Serving, state: Callable[[], LinksState]) -> None:
    """Feed the screen until it is gone or we are; a screen that cannot follow misses frames."""
    reading, writing = os.pipe()
    os.set_blocking(writing, False)
    # In a session of its own Ctrl-C passes it by; it ends when its input does.
    command = [sys.executable, "-m", "chaoscli.cli.links_screen"]
    screen = await trio.lowlevel.open_process(command, stdin=reading, start_new_session=True)
    os.close(reading)
    unsent = b""
    try:
        while screen.poll() is None:
            unsent = unsent or json.dumps(to_plain(state()), separators=(",", ":")).encode() + b"\n"
            try:
                unsent = unsent[os.write(writing, unsent) :]
            except BlockingIOError:
                pass
            except BrokenPipeError:
                return
            await trio.sleep(DRAWN_EVERY_S)
    finally:
        os.close(writing)
        with trio.CancelScope(shield=True), trio.move_on_after(SCREEN_ENDS_WITHIN_S):
            await screen.wait()
