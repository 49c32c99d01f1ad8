"""The proxies behind the API, by name, each with its toxics: what a change makes of them, and what the board is asked for.

Every change of state is made without waiting in between, so that no two requests see each other half done; only the
resolving of a host name waits, before anything is touched.
"""

from __future__ import annotations

import math
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import Protocol

import trio

from chaoscli.control import replies
from chaoscli.control.addresses import (
    LOOPBACK,
    NOWHERE,
    Address,
    AddressError,
    bind_failure,
    is_numeric,
    join,
    resolve_listen,
    split,
    upstream_host,
)
from chaoscli.control.metrics import LinkTotals
from chaoscli.control.proxies import Carried, Proxy, Toxic, check_whole, is_udp, new_toxic, new_toxics, proxy_of
from chaoscli.control.replies import ApiError
from chaoscli.control.toxics import Fault, directions, with_toxicity
from chaoscli.control.wire import ProxyAsked, ToxicAsked
from chaoscli.events import Event, FaultHealed, FaultInjected, Noted
from chaoscli.faults.base import Direction
from chaoscli.proxy.faulted_link import LinkCounts

Resolve = Callable[[str], Awaitable[Address]]


class Links(Protocol):
    """What the API asks of the board."""

    def add_link(
        self, name: str, *, listen: Address, upstream: Address | None, http: bool, udp: bool, closes_unreached: bool
    ) -> Address: ...

    def set_upstream(self, name: str, address: Address) -> None: ...

    def remove_link(self, name: str) -> None: ...

    def inject(self, name: str, links: Sequence[tuple[str, Direction]], fault: Fault, share: float = 1.0) -> None: ...

    def update(self, name: str, fault: Fault, share: float = 1.0) -> None: ...

    def heal(self, name: str) -> None: ...

    def counts_of(self, name: str) -> LinkCounts: ...


class Collection:
    """All proxies of one board. ``now`` is the clock that durations run on; ``tell`` hears of faults that come and go."""

    def __init__(
        self,
        board: Links,
        *,
        now: Callable[[], float],
        tell: Callable[[Event], None] = lambda event: None,
        resolve: Resolve = resolve_listen,
    ) -> None:
        self._board = board
        self._tell = tell
        self.now = now
        self._resolve = resolve
        self.proxies: dict[str, Proxy] = {}
        self._keys: set[str] = set()
        self._found: dict[str, str] = {}  # the address that each host name stood for when it was last looked up
        # Called when a toxic with an end has come or changed, so that whoever keeps time can look again; and when a proxy
        # has come whose upstream's host is a name that nobody has looked up yet.
        self.deadline_changed: Callable[[], None] = lambda: None
        self.name_wanted: Callable[[], None] = lambda: None

    # -- proxies -----------------------------------------------------------------------------------------------------------

    def find(self, name: str) -> Proxy:
        if name not in self.proxies:
            raise ApiError(*replies.PROXY_NOT_FOUND)
        return self.proxies[name]

    def check_free(self, name: str) -> None:
        if name in self.proxies:
            raise ApiError(*replies.PROXY_EXISTS)

    async def create_proxy(self, asked: ProxyAsked) -> Proxy:
        """A new proxy, started unless asked otherwise, with the toxics written inside it."""
        proxy = proxy_of(asked)
        toxics = new_toxics(proxy, asked.toxics)
        address = await self._address(proxy.listen, f"listen {proxy.protocol}: ") if asked.enabled is not False else None
        self.check_free(asked.name)
        self.proxies[proxy.name] = proxy
        if address is not None:
            try:
                self._start(proxy, address)
            except ApiError:
                del self.proxies[proxy.name]
                raise
        for toxic in toxics:
            self._add(proxy, toxic)
        return proxy

    def adopt(self, name: str, listen: Address, upstream: Address, *, http: bool) -> None:
        """A link that is on the board already."""
        self.proxies[name] = Proxy(name=name, listen=join(listen), upstream=join(upstream), http=http, running=True)

    async def update_proxy(self, proxy: Proxy, asked: ProxyAsked) -> None:
        """Another address or upstream restarts the proxy and drops its connections; the same ones leave them alone."""
        if asked.http is not None and asked.http != proxy.http:
            raise replies.BadRequestError("http is settled when a proxy is created")
        if asked.protocol and asked.protocol != proxy.protocol:
            raise replies.BadRequestError("protocol is settled when a proxy is created")
        listen = proxy.listen if asked.listen is None else asked.listen
        address = await self._address(listen)
        if self.proxies.get(proxy.name) is not proxy:
            raise ApiError(*replies.PROXY_NOT_FOUND)
        wanted = proxy.running if asked.enabled is None else asked.enabled
        upstream = proxy.upstream if asked.upstream is None else asked.upstream
        if not _same_listen(proxy, listen, address) or upstream != proxy.upstream:
            self._stop(proxy)
            proxy.listen, proxy.upstream = listen, upstream
        if wanted and not proxy.running:
            self._start(proxy, address)
        elif not wanted:
            self._stop(proxy)

    def delete_proxy(self, proxy: Proxy) -> None:
        self._stop(proxy)
        del self.proxies[proxy.name]
        self._keys.difference_update(toxic.key for toxic in proxy.toxics)

    def stop(self) -> None:
        """Every proxy stopped; what they carried is still there to be asked."""
        for proxy in self.proxies.values():
            self._stop(proxy)

    async def reset(self) -> None:
        """Every proxy started and without toxics. The first that cannot start ends it, the rest stay as they were."""
        for proxy in list(self.proxies.values()):
            await trio.lowlevel.checkpoint()
            address = await self._address(proxy.listen)
            if self.proxies.get(proxy.name) is not proxy:
                continue  # deleted while a name was being resolved
            if not proxy.running:
                self._start(proxy, address)
            for toxic in list(proxy.toxics):
                self.remove_toxic(proxy, toxic)

    async def _address(self, listen: str, prefix: str = "") -> Address:
        try:
            return await self._resolve(listen)
        except AddressError as error:
            raise ApiError(500, f"{prefix}{error}") from error

    def _start(self, proxy: Proxy, address: Address) -> None:
        try:
            bound = self._board.add_link(
                proxy.name,
                listen=address,
                upstream=self._dialled(proxy),
                http=proxy.http,
                udp=proxy.udp,
                closes_unreached=True,
            )
        except OSError as error:
            raise ApiError(500, bind_failure(address, error, proxy.protocol)) from error
        proxy.listen, proxy.running = join(bound), True
        for toxic in proxy.toxics:
            self._inject(proxy, toxic)
        if self._dialled(proxy) is None:
            self.name_wanted()

    def _again(self, proxy: Proxy, change: Callable[[], None]) -> None:
        """A change after which the proxy may have to listen again. ApiError when it cannot: it is stopped then."""
        try:
            change()
        except OSError as error:
            self._stop(proxy)
            raise ApiError(500, bind_failure(split(proxy.listen), error, proxy.protocol)) from error

    def _stop(self, proxy: Proxy) -> None:
        if proxy.running:
            proxy.carried += _carried(self._board.counts_of(proxy.name))
            self._board.remove_link(proxy.name)
            proxy.running = False

    # -- what went through -------------------------------------------------------------------------------------------------

    def totals(self) -> list[LinkTotals]:
        """What every proxy has carried since it was made."""
        return [self._totals(proxy) for proxy in self.proxies.values()]

    def _totals(self, proxy: Proxy) -> LinkTotals:
        live = self._board.counts_of(proxy.name) if proxy.running else None
        return LinkTotals(
            proxy=proxy.name,
            listener=proxy.listen,
            upstream=proxy.upstream,
            udp=proxy.udp,
            carried=proxy.carried + _carried(live) if live else proxy.carried,
            open=live.open if live else 0,
            touched={toxic.name: live.touched.get(toxic.key, 0) for toxic in proxy.toxics} if live else {},
        )

    # -- the names of upstreams ----------------------------------------------------------------------------------------------

    def names(self) -> list[str]:
        """The host names that running proxies dial, to be looked up by whoever can wait; each answer goes to ``resolved``."""
        hosts = (upstream_host(proxy.upstream) for proxy in self.proxies.values() if proxy.running)
        return sorted({host for host in hosts if host and not is_numeric(host)})

    def resolved(self, host: str, address: str | None) -> None:
        """``host`` stands for ``address`` now. None: for none, so that dialling it fails, unless it stood for one before."""
        if address is None:
            if host in self._found:
                return
            self._tell(Noted(at=self.now(), source=host, text="this name of an upstream stands for no address", level="warning"))
        self._found[host] = address or ""
        for proxy in self.proxies.values():
            if proxy.running and upstream_host(proxy.upstream) == host:
                self._board.set_upstream(proxy.name, self._dialled(proxy) or NOWHERE)

    def _dialled(self, proxy: Proxy) -> Address | None:
        """Where to dial; None while the name is being looked up, and nowhere for what is no address."""
        try:
            host, port = split(proxy.upstream)
        except AddressError:
            return NOWHERE
        if is_numeric(host):
            return host, port
        if host in ("", "localhost"):
            return LOOPBACK, port
        if host not in self._found:
            return None
        return (self._found[host], port) if self._found[host] else NOWHERE

    # -- a list of proxies -------------------------------------------------------------------------------------------------

    async def populate(self, asked: Sequence[ProxyAsked], made: Callable[[Proxy], None]) -> None:
        """All of the list in its order; one that exists with the same addresses is left as it is, another is replaced.

        Nothing is made when any entry is wrong in itself. The first that cannot start ends it; those before it stay, and
        ``made`` has been told of them.
        """
        for place, one in enumerate(asked, 1):
            check_whole(one, place)
        for one in asked:
            await trio.lowlevel.checkpoint()  # a list of thousands leaves the connections their turns
            made(await self._kept_or_made(one))

    async def _kept_or_made(self, asked: ProxyAsked) -> Proxy:
        address = await self._address(asked.listen or "", f"listen {asked.protocol or 'tcp'}: ")
        present = self.proxies.get(asked.name)
        if present is None:
            return await self.create_proxy(asked)
        same = _same_listen(present, asked.listen or "", address) and present.upstream == asked.upstream
        if same and present.udp == is_udp(asked):
            return present
        self.delete_proxy(present)
        return await self.create_proxy(asked)

    # -- toxics ------------------------------------------------------------------------------------------------------------

    def add_toxic(self, proxy: Proxy, asked: ToxicAsked) -> Toxic:
        """A new toxic at the end of its direction's chain, on live connections too."""
        toxic = new_toxic(proxy, asked)
        self._add(proxy, toxic)
        return toxic

    def update_toxic(self, proxy: Proxy, toxic: Toxic, asked: ToxicAsked) -> None:
        """Only attributes, toxicity and duration can change; what was not said stays."""
        attributes = toxic.kind.merged(toxic.attributes, asked.attributes)
        toxicity = toxic.toxicity if asked.toxicity is None else asked.toxicity
        fault = toxic.kind.fault(attributes)
        toxic.attributes, toxic.toxicity = attributes, toxicity
        if asked.duration_s is not None:
            toxic.duration_s = asked.duration_s
            self._set_end(toxic)
        if proxy.running and fault is not None:
            self._again(proxy, partial(self._board.update, toxic.key, *with_toxicity(fault, toxicity)))
            self._tell(Noted(at=self.now(), source=toxic.key, text=f"now {words_of(fault, toxicity)}"))

    def remove_toxic(self, proxy: Proxy, toxic: Toxic) -> None:
        proxy.toxics.remove(toxic)
        self._keys.remove(toxic.key)
        if proxy.running and toxic.fault is not None:
            self._again(proxy, partial(self._board.heal, toxic.key))
            self._tell(FaultHealed(at=self.now(), fault=toxic.key, asked_at=self.now()))

    def next_end(self) -> float:
        """When the next toxic heals by itself; infinite when none does."""
        return min((toxic.until for proxy in self.proxies.values() for toxic in proxy.toxics), default=math.inf)

    def end_due(self) -> None:
        """Remove the toxics whose time is over."""
        now = self.now()
        for proxy in self.proxies.values():
            for toxic in [toxic for toxic in proxy.toxics if toxic.until <= now]:
                self.remove_toxic(proxy, toxic)

    def _add(self, proxy: Proxy, toxic: Toxic) -> None:
        while toxic.key in self._keys:
            toxic.key += "'"  # "a/b" has a toxic "c", and "a" one that is called "b/c"
        if proxy.running:
            self._inject(proxy, toxic)
        proxy.toxics.append(toxic)
        self._keys.add(toxic.key)
        self._set_end(toxic)

    def _inject(self, proxy: Proxy, toxic: Toxic) -> None:
        fault = toxic.fault
        if fault is None:
            return
        targets = [(proxy.name, direction) for direction in directions(toxic.stream)]
        self._board.inject(toxic.key, targets, *with_toxicity(fault, toxic.toxicity))
        now = self.now()
        text = f"{words_of(fault, toxic.toxicity)}, {toxic.stream}"
        self._tell(FaultInjected(at=now, fault=toxic.key, kind=fault.kind, text=text, targets=(proxy.name,), asked_at=now))

    def _set_end(self, toxic: Toxic) -> None:
        if toxic.duration_s is not None:
            toxic.until = self.now() + toxic.duration_s
            self.deadline_changed()


def _same_listen(proxy: Proxy, listen: str, address: Address) -> bool:
    """Whether ``listen``, which resolves to ``address``, is where the proxy listens or would listen."""
    return listen == proxy.listen or join(address) == proxy.listen


def words_of(fault: Fault, toxicity: float) -> str:
    """What it does, and how often if not always."""
    return fault.words() + (f", toxicity {toxicity:g}" if toxicity != 1.0 else "")


def _carried(counts: LinkCounts) -> Carried:
    return Carried(**{name: getattr(counts, name) for name in Carried.__slots__})
