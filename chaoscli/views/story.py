"""What happened, in words with times: the first of each kind of trouble and of relief, told once for each variant."""

from __future__ import annotations

import re
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import replace

from chaoscli.events import (
    HUNG_UP,
    Aborted,
    Arrived,
    BreakerChanged,
    CacheServed,
    CallEnded,
    CallHedged,
    CallRejected,
    CallStarted,
    CurtainFell,
    CurtainRose,
    Event,
    EventsLost,
    FallbackServed,
    FaultHealed,
    FaultInjected,
    Happened,
    LimitChanged,
    NodeChanged,
    Noted,
    Overheard,
    Refused,
    RequestEnded,
    RequestSkipped,
    RequestStarted,
    RetryDenied,
)
from chaoscli.messages import Result
from chaoscli.units import format_duration, format_share
from chaoscli.views.harm import OVERSOLD, TAKEN_BACK, TWO_OWNERS, HarmFinder
from chaoscli.views.pace import Pace, Surge
from chaoscli.views.recovery import RecoveryWatch
from chaoscli.views.scene import Beat, Tone

# A request without an answer for this long is told as hanging: longer than a person at a shop window stays patient.
HANGS_AFTER_S = 2.0
# A message is from the future when its sender's clock is ahead by more than the receiver's reading of its own is coarse.
FUTURE_BY_S = 0.002
# Variants that are told of the same cue within this time are told of it together.
TOGETHER_S = 0.5
# Enough of what cannot be read to see that it cannot.
OF_NOISE = 24
# A process that keeps complaining must not become the whole story.
MOST_NOTES = 5
# Where one service is asked more, those behind it are too; the first few make the point.
MOST_SURGES = 3
MOST_TARGETS = 3

_HARMS = {
    "taken twice": "reserves twice for one request",
    "made twice": "says yes twice to one request",
    "paid twice": "charges twice for one request",
    "sent twice": "sends one order out twice",
    "done twice": "does the work of one request twice",
    TWO_OWNERS: "takes what an owner writes whose time is over",
    TAKEN_BACK: "takes back a write that was acknowledged",
    OVERSOLD: "gives away what is no longer there",
    "never told": "could not tell of an order, and will not try again",
    "writes lost": "loses a new write: the older one it holds is stamped later",
}
_CACHED = {
    "fresh": "it keeps the answer",
    "stale": "it takes an old answer while another call renews it",
    "shared": "it takes the answer that another call waits for",
}
_WAYS = {
    Result.REFUSED: "nobody listens there",
    Result.RESET: "the connection broke",
    Result.UNANSWERED: "no answer ever came",
}


# How the end of a cue is told, by its kind: that a node is back tells the end of some, and what took but a moment has none.
_ENDINGS = {"moment": "", "kill": "", "pause": "", "load": "is over"}


# What a node's own policy or rule did, told each time.
_TURNS = {
    "scaled": "{node}: {replicas} replicas after {before}, which were {utilisation:.0%} busy",
    "share moved": "{node} sends {share:.0%} of the requests to {replica}",
    "starts again": "{node} starts again in {after:g}s, by its policy ({crash} of {of})",
}

# Facts that are told when they come for the first time to a node.
_FIRSTS = {
    "answers differ": (Tone.TROUBLE, "{node} gets two answers that differ, and believes the old one"),
    "rolled back": (Tone.RELIEF, "{node} gives up the move: all goes to the old one again"),
    "unsigned call refused": (Tone.RELIEF, "{node} refuses a call that nobody signed"),
    "forged call refused": (Tone.RELIEF, "{node} refuses a call that its signature does not fit"),
    "expired call refused": (Tone.RELIEF, "{node} refuses a call that was signed too long ago"),
    "replayed call refused": (Tone.RELIEF, "{node} refuses a call that it has had before"),
    "stranger refused": (Tone.RELIEF, "{node} refuses a caller that may not call it"),
}


class StoryWatch:
    """Takes the events of one variant in order; ``beats(now)`` is the story so far."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._beats: list[Beat] = []
        self._told: set[Hashable] = set()
        self._loads: set[str] = set()
        self._open: dict[tuple[str, str], float] = {}
        self._surges: dict[str, Surge] = {}
        self._surging: set[str] = set()
        self._recovery = RecoveryWatch()
        self._pace = Pace()
        self._harms = HarmFinder()
        self._breakers: dict[str, str] = {}
        self._up = False
        self._first_fault_at: float | None = None
        self._kinds: dict[str, str] = {}
        self._struck: set[str] = set()
        self._seen: set[str] = set()  # ready before
        self._heard: dict[str, Overheard | None] = {}  # how it began for a listener who has caught nothing yet
        self._notes = 0

    def beats(self, now: float) -> Sequence[Beat]:
        self._look_for_hanging(now)
        self._look_for_recovery(now)
        return self._beats

    def feed(self, event: Event) -> None:
        match event:
            case RequestStarted() | RequestEnded():
                self._request(event)
            case CallStarted():
                self._call_started(event)
            case CallEnded():
                self._call_ended(event)
            case Arrived():
                self._arrived(event)
            case FaultInjected() | FaultHealed():
                self._fault(event)
            case Happened() if event.what in _TURNS:
                self._tell(event.at, Tone.NOTE, _TURNS[event.what].format(node=event.node, **event.data))
            case Happened():
                self._happened(event)
            case Overheard():
                self._overheard(event)
            case FallbackServed() | CacheServed() | CallHedged() | BreakerChanged() | LimitChanged():
                self._policy(event)
            case Refused() | RetryDenied() | CallRejected() | RequestSkipped():
                self._turned_away(event)
            case Aborted():
                self._tell(event.at, Tone.TROUBLE, f"the play is ended by its rule: {event.rule} ({event.shown})")
            case NodeChanged():
                self._node(event)
            case Noted() | EventsLost():
                self._note(event)
            case CurtainRose():
                self._up = True
                self._recovery.feed(event)
            case CurtainFell():
                self._fell(event)

    def _happened(self, event: Happened) -> None:
        if name := self._harms.harm(event):
            self._once((name, event.node), event.at, Tone.TROUBLE, f"{event.node} {_HARMS[name]}")
        elif event.what in _FIRSTS:
            tone, text = _FIRSTS[event.what]
            self._once((event.what, event.node), event.at, tone, text.format(node=event.node))
        elif event.what == "became primary" and self._up:
            text = f"{event.node} is the primary of term {event.data['term']}"
            self._once((event.what, event.node, event.data["term"]), event.at, Tone.RELIEF, text)

    def _request(self, event: RequestStarted | RequestEnded) -> None:
        self._look_for_hanging(event.at)
        self._recovery.feed(event)
        self._look_for_recovery(event.at)
        if isinstance(event, RequestStarted):
            self._loads.add(event.load)
            self._open[event.load, event.request] = event.intended_at
            return
        self._open.pop((event.load, event.request), None)
        if event.result.succeeded:
            self._look_at_pace(event)
        elif event.result is Result.TIMEOUT:
            text = f"{event.load} give up waiting after {_about(event.latency_s)}"
            self._once("request timeout", event.at, Tone.TROUBLE, text)
        elif event.result is Result.FAILED:
            self._once("request failed", event.at, Tone.TROUBLE, f"{event.load} get a first no: {event.detail or event.status}")
        elif event.result in (Result.REFUSED, Result.RESET):
            self._once(event.result, event.at, Tone.TROUBLE, f"{event.load} get no answer: {_WAYS[event.result]}")

    def _look_at_pace(self, event: RequestEnded) -> None:
        if self._first_fault_at is None:
            self._pace.usual(event.latency_s)
        elif not self._told and (slower := self._pace.slower(event.at, event.latency_s)) is not None:
            # Only where nothing worse was told: what hangs or fails is slow as well.
            median_s, usual_s = slower
            text = f"requests take {_about(median_s)}, {median_s / usual_s:.1f}x the usual {_about(usual_s)}"
            self._once("slower", event.at, Tone.TROUBLE, text)

    def _look_for_hanging(self, now: float) -> None:
        if "hanging" in self._told or not self._open:
            return
        since = next(iter(self._open.values()))
        if now - since >= HANGS_AFTER_S:
            text = f"requests hang: {format_duration(HANGS_AFTER_S)} and no answer"
            self._once("hanging", since + HANGS_AFTER_S, Tone.TROUBLE, text)

    def _look_for_recovery(self, now: float) -> None:
        for healed_at, at in self._recovery.found(now):
            after = f"{format_duration(at - healed_at)} after the heal" if at > healed_at else "at once"
            self._tell(at, Tone.RELIEF, f"well again {after}")

    def _call_started(self, event: CallStarted) -> None:
        surge = self._surges.setdefault(event.callee, Surge(event.callee))
        for tone, text in surge.call(event.at, self._first_fault_at):
            if event.callee in self._surging or len(self._surging) < MOST_SURGES:
                self._surging.add(event.callee)
                self._once(text, event.at, tone, text)

    def _call_ended(self, event: CallEnded) -> None:
        link = (event.caller, event.callee)
        if event.caller in self._loads:
            return  # what shoppers see is told of their requests
        if event.result is Result.TIMEOUT:
            text = f"{event.caller} gives up waiting for {event.callee} after {_about(event.seconds)}"
            self._once(("timeout", *link), event.at, Tone.TROUBLE, text)
        elif event.result in (Result.REFUSED, Result.RESET):
            text = f"{event.caller} cannot reach {event.callee}: {_WAYS[event.result]}"
            self._once((event.result, *link), event.at, Tone.TROUBLE, text)

    def _overheard(self, event: Overheard) -> None:
        """The first catch of a listener, in the very bytes that passed, masked."""
        if event.what == "first bytes":
            self._heard.setdefault(event.fault, event)
            return
        self._heard[event.fault] = None
        text = f"{event.fault} reads on {event.link}: {event.text}"
        self._once(("overheard", event.fault, event.link), event.at, Tone.TROUBLE, text)

    def _arrived(self, event: Arrived) -> None:
        if not (event.sent_wall_s and event.received_wall_s) or event.caller in self._loads:
            return  # shoppers have no part in what nodes make of each other's clocks
        ahead = event.sent_wall_s - event.received_wall_s
        if ahead > FUTURE_BY_S:
            ahead_s = round(ahead, 2) or ahead  # to 10 ms, so that variants whose ways differ by a few are told of together
            text = f"a message from the future: {event.caller} stamped it {_about(ahead_s)} ahead of {event.node}'s clock"
            self._once(("future", event.node), event.at, Tone.TROUBLE, text)

    def _fault(self, event: FaultInjected | FaultHealed) -> None:
        self._recovery.feed(event)
        if isinstance(event, FaultHealed):
            ending = _ENDINGS.get(self._kinds.get(event.fault, ""), "heals")
            if ending:
                self._tell(event.at, Tone.HEAL, f"{event.fault} {ending}")
            if (heard := self._heard.get(event.fault)) is not None:
                text = f"{event.fault} caught nothing on {heard.link}, it began with {heard.text[:OF_NOISE]}"
                self._once(("overheard", event.fault, heard.link), event.at, Tone.RELIEF, text)
            return
        if self._first_fault_at is None:
            self._first_fault_at = event.at
        kind = "load" if event.kind == "pause" and self._loads.intersection(event.targets) else event.kind
        self._kinds[event.fault] = "moment" if event.asked_until == event.asked_at else kind
        if event.kind in ("kill", "restart", "pause"):
            self._struck.update(event.targets)
        self._tell(event.at, Tone.HARM, _harm(event))

    def _turned_away(self, event: Refused | RetryDenied | CallRejected | RequestSkipped) -> None:
        match event:
            case Refused():
                did = "stops working for those who left" if event.reason == HUNG_UP else "turns requests away"
                text = f"{event.node} {did}: {event.reason}"
            case RetryDenied():
                text = f"{event.caller} keeps a retry to itself: {event.reason}"
            case CallRejected():
                text = f"{event.caller} does not even call {event.callee}: {event.reason}"
            case RequestSkipped():
                text = f"{event.in_flight} requests in flight is the cap: {event.load} skip some"
        helps = isinstance(event, RetryDenied) or (isinstance(event, Refused) and event.reason == HUNG_UP)
        self._once(text, event.at, Tone.RELIEF if helps else Tone.TROUBLE, text)

    def _policy(self, event: FallbackServed | CacheServed | CallHedged | BreakerChanged | LimitChanged) -> None:
        match event:
            case FallbackServed():
                how = f"from memory {_about(event.age_s)} old" if event.source == "last good" else "with a reply made beforehand"
                text = f"{event.caller} answers without {event.callee}, {how}"
                self._once(("fallback", event.caller, event.callee, event.source), event.at, Tone.RELIEF, text)
            case CacheServed():
                text = f"{event.caller} need not ask {event.callee}: {_CACHED.get(event.source, event.source)}"
                self._once(text, event.at, Tone.NOTE, text)
            case CallHedged():
                text = f"{event.caller} asks {event.callee} a second time: no answer within {_about(event.after_s)}"
                self._once(("hedged", event.caller, event.callee), event.at, Tone.NOTE, text)
            case LimitChanged():
                if event.limit < event.before:
                    text = f"{event.node} lets fewer requests in at once: {event.limit} after {event.before}"
                    self._once(("limit", event.node), event.at, Tone.NOTE, text)
            case BreakerChanged():
                self._breaker(event)

    def _breaker(self, event: BreakerChanged) -> None:
        """Every opening after a time of being closed, and every closing; a trial that fails is told the first time only."""
        link = f"{event.caller} -> {event.callee}"
        before, self._breakers[link] = self._breakers.get(link, "closed"), event.state
        if event.state == "open" and before == "closed":
            went_by = f"{format_share(event.failed)} of {event.calls} calls failed"
            self._tell(event.at, Tone.TROUBLE, f"the breaker {link} opens: {went_by}")
        elif event.state == "open":
            self._once(("trial", link), event.at, Tone.TROUBLE, f"the breaker {link} opens again: its trials failed")
        elif event.state == "closed":
            self._tell(event.at, Tone.RELIEF, f"the breaker {link} closes")

    def _node(self, event: NodeChanged) -> None:
        if event.state == "ready" and not self._up:
            self._seen.add(event.node)
        if not self._up or event.state in ("starting", "stopped"):
            return
        if event.state in ("killed", "paused") and event.node in self._struck:
            self._struck.discard(event.node)  # the cue has told so itself
            return
        detail = f" ({event.detail})" if event.detail else ""
        if event.state in ("ready", "resumed"):
            word = "back" if event.node in self._seen else "there"
            self._tell(event.at, Tone.RELIEF, f"{event.node} is {word}")
            self._seen.add(event.node)
        else:
            self._tell(event.at, Tone.TROUBLE, f"{event.node} {event.state}{detail}")

    def _note(self, event: Noted | EventsLost) -> None:
        if self._notes >= MOST_NOTES or (isinstance(event, Noted) and event.level == "info"):
            return
        self._notes += 1
        text = (
            f"{event.source}: {event.text}" if isinstance(event, Noted) else f"{event.count} events of {event.source} were lost"
        )
        self._tell(event.at, Tone.NOTE, text)

    def _fell(self, event: CurtainFell) -> None:
        self._up = False
        for callee, surge in self._surges.items():
            for tone, text in surge.end() if callee in self._surging else ():
                self._once(text, event.at, tone, text)
        if self._open:
            count = len(self._open)
            self._tell(event.at, Tone.TROUBLE, f"{count} request{'s' * (count > 1)} never answered")

    def _once(self, key: Hashable, at: float, tone: Tone, text: str) -> None:
        if key not in self._told:
            self._told.add(key)
            self._tell(at, tone, text)

    def _tell(self, at: float, tone: Tone, text: str) -> None:
        self._beats.append(Beat(at_s=at, tone=tone, text=text, lanes=(self._name,)))


def _harm(event: FaultInjected) -> str:
    """The fault's name and words, and whom it meets, unless the words say so."""
    is_its_name = event.text.replace(" ", "-") == event.fault  # as that of a cue without one of its own
    told = (event.text or event.fault) if event.text in ("", event.fault) or is_its_name else f"{event.fault}: {event.text}"
    names = {name for target in event.targets for name in target.split(" -> ")}
    if not names or any(re.search(rf"\b{re.escape(name)}\b", told) for name in names):
        return told
    met = ", ".join(event.targets[:MOST_TARGETS])
    more = len(event.targets) - MOST_TARGETS
    return f"{told} ({met}{f' and {more} more' if more > 0 else ''})"


def merged(stories: Mapping[str, Sequence[Beat]], now: float) -> tuple[Beat, ...]:
    """One story of all variants, in time order; what came to several of them alike and together is told once."""
    told: list[Beat] = []
    latest: dict[tuple[Tone, str], int] = {}
    for beat in sorted((beat for story in stories.values() for beat in story), key=lambda one: one.at_s):
        place = latest.get((beat.tone, beat.text))
        if place is not None and beat.at_s - told[place].at_s < TOGETHER_S and beat.lanes[0] not in told[place].lanes:
            told[place] = replace(told[place], lanes=told[place].lanes + beat.lanes)
        else:
            latest[beat.tone, beat.text] = len(told)
            told.append(beat)
    return tuple(_of_everyone(beat, tuple(stories), now) for beat in told)


def _of_everyone(beat: Beat, names: tuple[str, ...], now: float) -> Beat:
    # A cue that the others may still hear of is taken for everyone's: else its line would change under the reader's eyes.
    soon = beat.tone in (Tone.HARM, Tone.HEAL) and now - beat.at_s < TOGETHER_S
    everyone = soon or len(beat.lanes) == len(names)
    return replace(beat, lanes=() if everyone else tuple(name for name in names if name in beat.lanes))


def _about(seconds: float) -> str:
    """Two digits of a duration: what differs between variants by a hair should read the same."""
    return format_duration(float(f"{seconds:.1e}"))
