"""The named links of one world and the faults on them, whatever carries their bytes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Generic, Protocol, TypeVar

from chaoscli.errors import NotMadeError
from chaoscli.events import Event, LinkCounted
from chaoscli.faults.base import Direction
from chaoscli.proxy.faulted_link import Fault, LinkCounts
from chaoscli.proxy.tally import Tally


class Link(Protocol):
    """What carries a link's bytes or datagrams, and can be harmed. NotMadeError for a fault that is none of its kind."""

    @property
    def faults(self) -> frozenset[str]: ...

    def inject(self, name: str, directions: Sequence[Direction], fault: Any, share: float) -> None: ...

    def update(self, name: str, fault: Any, share: float) -> None: ...

    def heal(self, name: str) -> Sequence[Tally]: ...

    def tallies(self) -> Sequence[Tally]: ...

    def counts(self) -> LinkCounts: ...


# How often the counts of each link are told: fine enough for a live view, nothing beside the traffic itself.
COUNTS_EVERY_S = 1.0

L = TypeVar("L", bound=Link)


class Links(Generic[L]):
    """``tell`` gets what happens, stamped by ``now`` (seconds that never go back)."""

    def __init__(self, *, tell: Callable[[Event], None], now: Callable[[], float]) -> None:
        self._tell = tell
        self._now = now
        self._links: dict[str, L] = {}
        self._harmed: dict[str, tuple[str, ...]] = {}  # which links each fault is on

    def inject(self, name: str, links: Sequence[tuple[str, Direction]], fault: Fault, share: float = 1.0) -> None:
        """Harm these directions of these links under ``name``; a byte fault takes hold of each connection with ``share``."""
        if name in self._harmed:
            raise NotMadeError(f"there is a fault '{name}' already")
        directions: dict[str, list[Direction]] = {}
        for link, direction in links:
            self._link(link)
            directions.setdefault(link, []).append(direction)
        for link, chosen in directions.items():
            self._links[link].inject(name, chosen, fault, share)
            self._harmed[name] = (*self._harmed.get(name, ()), link)

    def update(self, name: str, fault: Fault, share: float = 1.0) -> None:
        """Other settings for the fault ``name``, wherever it is; the bytes it holds wait on under the new ones, while a datagram
        keeps the instant it was given."""
        for link in self._harmed.get(name, ()):
            self._links[link].update(name, fault, share)

    def heal(self, name: str) -> None:
        """Take the fault away wherever it is, and tell what it did. Nothing happens if there is none of that name."""
        for link in self._harmed.pop(name, ()):
            self._tell_measured(self._links[link].heal(name))

    def tell_counts(self) -> None:
        """One LinkCounted for each link."""
        for name, counts in self.counts().items():
            self._tell(
                LinkCounted(
                    at=self._now(),
                    link=name,
                    connections=counts.connections,
                    open=counts.open,
                    bytes_request=counts.bytes_request,
                    bytes_reply=counts.bytes_reply,
                    requests=counts.requests,
                )
            )

    def tell_all_measured(self) -> None:
        """What the faults that are still injected have done so far."""
        for link in self._links.values():
            self._tell_measured(link.tallies())

    def counts(self) -> dict[str, LinkCounts]:
        return {name: link.counts() for name, link in self._links.items()}

    def counts_of(self, name: str) -> LinkCounts:
        return self._link(name).counts()

    def _forget(self, name: str) -> L:
        """The link is gone, and what harmed only this one with it."""
        link = self._links.pop(name)
        for fault in link.faults:
            left = tuple(other for other in self._harmed[fault] if other != name)
            if left:
                self._harmed[fault] = left
            else:
                del self._harmed[fault]
        return link

    def _tell_measured(self, tallies: Sequence[Tally]) -> None:
        for tally in tallies:
            self._tell(tally.measured(self._now()))

    def _link(self, name: str) -> L:
        try:
            return self._links[name]
        except KeyError:
            raise NotMadeError(f"there is no link '{name}'") from None
