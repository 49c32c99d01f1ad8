"""The language is the program's own: every setting there is can be written, with its help, and in its own units."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any, get_type_hints

import pytest

from chaoscli.faults.catalogue import FAULTS
from chaoscli.faults.drop import Drop
from chaoscli.load.settings import Load
from chaoscli.playbook.model import Part, build, settings_part
from chaoscli.playbook.one_service import service_part
from chaoscli.playbook.script import fault_part
from chaoscli.resilience.concurrency import Concurrency
from chaoscli.resilience.policy import Breaker, Bulkhead, Cache, Hedge, Policy, RateLimit, Reply, Retry, Throttle
from chaoscli.services.catalogue import KINDS
from chaoscli.units import Unit

# What each settings class cannot do without, as a person writes it.
NEEDED: dict[str, dict[str, object]] = {
    "Load": {"request": "POST order /api/orders"},
    "latency": {"delay": "100ms"},
    "bandwidth": {"rate": "64KB/s"},
    "loss": {"rate": "5%"},
    "corrupt": {"rate": "5%"},
    "tamper": {"find": "20", "put": "90"},
    "late": {"by": "50ms"},
    "slow": {"by": "4x"},
    "slow_close": {"delay": "1s"},
    "limit_data": {"bytes": "1KB"},
    "RateLimit": {"rate": "50/s"},
}
POLICIES: tuple[type, ...] = (Policy, Retry, Bulkhead, Breaker, Hedge, Throttle, RateLimit, Cache, Reply, Concurrency)


def settings_classes() -> list[type]:
    faults = [row.settings for row in FAULTS.values()]
    services = [row.settings for row in KINDS.values()]
    return [*POLICIES, Load, *faults, *services]


@pytest.mark.parametrize("kind", settings_classes(), ids=lambda kind: kind.__name__)
def test_every_setting_has_its_help(kind: type) -> None:
    assert [field.name for field in dataclasses.fields(kind) if not field.metadata.get("doc")] == []


@pytest.mark.parametrize("kind", settings_classes(), ids=lambda kind: kind.__name__)
def test_the_schema_has_a_sentence_for_every_key(kind: type) -> None:
    schema = settings_part(kind).model_json_schema()
    assert list(schema["properties"]) == [field.name for field in dataclasses.fields(kind)] or not dataclasses.fields(kind)
    assert all(one.get("description") for one in schema.get("properties", {}).values())
    assert schema["additionalProperties"] is False


def settings_of(kind: type, written: Mapping[str, object]) -> Any:
    return build(kind, settings_part(kind).model_validate(written))


def round_trip(kind: type, part: type[Part], settings: Any, more: dict[str, object]) -> None:
    """Writes each setting in its own unit and reads it again."""
    hints = get_type_hints(kind, include_extras=True)
    written = {field.name: as_written(hints[field.name], getattr(settings, field.name)) for field in dataclasses.fields(kind)}
    assert build(kind, part.model_validate({**more, **written})) == settings


def as_written(hint: Any, value: Any) -> Any:
    if isinstance(value, tuple):
        return list(value)
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {}
    units = [one for one in (*getattr(hint, "__metadata__", ()), *inner_units(hint)) if isinstance(one, Unit)]
    return units[0].format(value) if units and value is not None else "none" if value is None and accepts_none(hint) else value


def inner_units(hint: Any) -> list[Unit]:
    inner = [one for choice in getattr(hint, "__args__", ()) for one in getattr(choice, "__metadata__", ())]
    return [one for one in inner if isinstance(one, Unit)]


def accepts_none(hint: Any) -> bool:
    return type(None) in getattr(hint, "__args__", ())


@pytest.mark.parametrize("name", FAULTS)
def test_every_fault_can_be_written_with_all_its_settings(name: str) -> None:
    row = FAULTS[name]
    settings = settings_of(row.settings, NEEDED.get(name, {}))
    round_trip(row.settings, fault_part(name), settings, {name: "order -> inventory"})


@pytest.mark.parametrize("name", KINDS)
def test_every_service_can_be_written_with_all_its_settings(name: str) -> None:
    row = KINDS[name]
    round_trip(row.settings, service_part(name), row.settings(), {"kind": name, "port": 8080})


@pytest.mark.parametrize(
    "settings",
    [
        Policy(),
        Retry(attempts=4, backoff="exponential", base=0.1, factor=1.5, cap=2.0, jitter="full", budget=0.1),
        Retry(backoff="exponential", jitter="decorrelated", on=("timeout", "failed"), statuses=(429, 503), retry_after=False),
        Bulkhead(slots=3, queue=2),
        Breaker(failures=0.25, within=3.0, at_least=30, slow=0.25, open_for=0.5, trials=1),
        Hedge(after=0.05, percentile=0.99, copies=2),
        Throttle(ratio=1.5, within=2.0),
        RateLimit(rate=50.0, burst=5, wait=0.2),
        Cache(ttl=0.5, refresher="everyone", stale=2.0),
        Reply(status=203, json={"available": True, "stock": [1, 2]}, methods=("GET", "POST")),
        Concurrency(limit="aimd", initial=30, least=4, most=60, slow=0.2),
        Policy(deadline=2.0, pass_deadline=True, idempotency_key=True, order=("breaker", "retry")),
        Load(request="POST order /api/orders", rate=30.0, arrivals="constant", starts=1.0, stops=9.0, expect_status=(200, 400)),
    ],
    ids=lambda settings: type(settings).__name__,
)
def test_policies_and_loads_can_be_written_with_all_their_settings(settings: Any) -> None:
    kind: type = type(settings)
    round_trip(kind, settings_part(kind), settings, {})


def test_a_policy_within_a_policy_becomes_its_settings() -> None:
    written = {"retry": {"attempts": 2, "budget": 0.05}, "bulkhead": None, "timeout": "none"}
    assert settings_of(Policy, written) == Policy(timeout=None, retry=Retry(attempts=2, budget=0.05))


def test_every_policy_within_a_policy_is_written_like_the_policy_itself() -> None:
    # What holds a policy, in the policy or in a service, is one key and one mapping, never a class of its own to be named.
    inner: dict[str, Any] = {
        "retry": Retry(), "hedge": Hedge(), "throttle": Throttle(), "rate_limit": RateLimit(rate=50.0), "breaker": Breaker(),
        "bulkhead": Bulkhead(), "cache": Cache(), "fallback_reply": Reply(),
    }  # fmt: skip
    for name, expected in inner.items():
        written = {name: {"rate": "50/s"} if name == "rate_limit" else {}}
        assert settings_of(Policy, written) == dataclasses.replace(Policy(), **{name: expected})


def test_a_small_number_without_an_exponent_is_read_as_written() -> None:
    assert settings_of(Drop, {"probability": 0.00001}) == Drop(probability=0.00001)
