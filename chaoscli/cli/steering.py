"""What ``chaos fault``, ``heal`` and ``ps`` do: they ask a proxy that is up, ours or any Toxiproxy, through its API."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from typing import Any

from chaoscli.control.client import ControlClient
from chaoscli.control.fault_text import parse_fault
from chaoscli.control.toxics import asked_as_toxic
from chaoscli.errors import UsageError

Proxies = Mapping[str, Mapping[str, Any]]


def add_fault(client: ControlClient, link: str, text: str, name: str) -> str:
    """Harm one link; says what it has now."""
    proxy = _find(client.proxies(), link)
    asked = asked_as_toxic(parse_fault(text, "FAULT", udp=proxy.get("protocol") == "udp"), name)
    toxic: dict[str, Any] = {
        "name": asked.name,
        "type": asked.type,
        "stream": asked.stream,
        "toxicity": asked.toxicity,
        "attributes": asked.attributes,
    }
    if asked.duration_s is not None:
        toxic["duration"] = asked.duration_s * 1000.0
    return f"{link}  {_toxic_line(client.add_toxic(link, toxic))}"


def heal(client: ControlClient, link: str, name: str) -> str:
    """Take one fault away, or all of a link, or all there are; says which."""
    proxies = client.proxies()
    chosen = {link: _find(proxies, link)} if link else proxies
    toxics = [(one, toxic["name"]) for one, proxy in chosen.items() for toxic in proxy["toxics"] if name in ("", toxic["name"])]
    if name and not toxics:
        there = ", ".join(toxic["name"] for toxic in chosen[link]["toxics"])
        raise UsageError(f"{link} has no fault '{name}'", hint=f"it has {there}" if there else "it has none at all")
    for one, toxic_name in toxics:
        client.remove_toxic(one, toxic_name)
    return "\n".join(f"{one}  {toxic_name} healed" for one, toxic_name in toxics) or "nothing to heal"


def listing(proxies: Proxies) -> str:
    """Each link in a line, and under it its faults."""
    lines = []
    for name, proxy in proxies.items():
        lines.append(f"{name}  {proxy['listen']} -> {proxy['upstream']}" + ("" if proxy["enabled"] else "  disabled"))
        lines += [f"  {_toxic_line(toxic)}" for toxic in proxy["toxics"]]
    return "\n".join(lines) or "no links"


def _toxic_line(toxic: Mapping[str, Any]) -> str:
    """``lag: latency latency=20 jitter=5, downstream, toxicity 0.5``."""
    attributes = "".join(f" {key}={value}" for key, value in toxic["attributes"].items())
    line = f"{toxic['name']}: {toxic['type']}{attributes}, {toxic['stream']}"
    if toxic["toxicity"] != 1:
        line += f", toxicity {toxic['toxicity']}"
    return line + (f", for {toxic['duration'] / 1000.0:g}s" if "duration" in toxic else "")


def _find(proxies: Proxies, link: str) -> Mapping[str, Any]:
    if link in proxies:
        return proxies[link]
    near = difflib.get_close_matches(link, proxies, n=1)
    known = ", ".join(proxies)
    hint = f"did you mean '{near[0]}'?" if near else f"there are {known}" if known else "there are none yet"
    raise UsageError(f"there is no link '{link}'", hint=hint)
