"""Retries that do more than was meant."""

from __future__ import annotations

from collections.abc import Iterator

from chaoscli.playbook.doubts.base import Doubt, Found, Staged
from chaoscli.playbook.plan import chains_of, most_tries
from chaoscli.topology import Topology
from chaoscli.units import format_factor

# Two layers of three tries are nine; what is less may well be meant.
MANY_CALLS = 9
# Doing these twice is another charge, another order, another parcel.
_WRITING = frozenset({"payment", "bank", "shipping", "monolith"})
_UNSAFE = frozenset({"POST", "PATCH"})


def _multiplying(staged: Staged) -> Iterator[Found]:
    if sum(most_tries(policy) > 1 for policy in staged.policies.values()) < 2:
        return
    for chain in chains_of(staged.variant):
        links = Topology.along(chain.path)
        layers = [(link, most_tries(staged.policies[link])) for link in links]
        trying = [(link, tries) for link, tries in layers if tries > 1]
        if len(trying) < 2 or chain.most / chain.least < MANY_CALLS:
            continue
        product = " x ".join(f"{tries:g}" for _, tries in trying)
        last = trying[-1][0]
        yield Found(
            place=staged.place_of_call(last, "retry"),
            message=f"retries multiply: {product} tries in {' and '.join(str(link) for link, _ in trying)} make"
            f" {format_factor(chain.most / chain.least)} the calls of '{chain.path[-1]}' when it fails",
            hint="retry in one layer only, or give each a `budget`",
        )


def _repeated_write(staged: Staged) -> Iterator[Found]:
    for link in staged.links:
        policy, caller = staged.policies[link], staged.node(link.caller)
        if most_tries(policy) <= 1 or policy.idempotency_key:
            continue
        if caller.kind == "load":
            asked = [one for one in staged.loads[caller.name].asked if one.callee == link.callee]
            writes = any(one.method in _UNSAFE and not _has_key(one.headers or {}) for one in asked)
        else:
            writes = staged.node(link.callee).kind in _WRITING
        if writes:
            yield Found(
                place=staged.place_of_call(link, "retry"),
                message=f"'{link.caller}' may ask '{link.callee}' twice for the same thing: a try without an answer may have"
                " worked",
                hint="`idempotency_key: true`, if the callee heeds it",
            )


def _has_key(headers: dict[str, str] | object) -> bool:
    return isinstance(headers, dict) and any(name.lower() == "idempotency-key" for name in headers)


RETRYING = (
    Doubt(name="retries-multiply", doc="several layers retry, and their tries multiply to n^k", find=_multiplying),
    Doubt(name="repeated-write", doc="a write is tried again without an idempotency key", find=_repeated_write),
)
