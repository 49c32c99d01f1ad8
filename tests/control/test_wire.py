from __future__ import annotations

import math
from typing import Any

import pytest

from chaoscli.control import wire
from chaoscli.control.replies import ApiError
from chaoscli.control.wire import ProxyAsked, ToxicAsked


def test_a_proxy_is_read_whatever_the_case_of_its_members() -> None:
    value: dict[str, Any] = {
        "Name": "web",
        "LISTEN": "localhost:0",
        "upstream": "localhost:80",
        "enabled": None,
        "Logger": {},
        "extra": 1,
    }
    assert wire.read_proxy(value) == ProxyAsked(name="web", listen="localhost:0", upstream="localhost:80")


def test_null_is_a_proxy_of_which_nothing_was_said() -> None:
    assert wire.read_proxy(None) == ProxyAsked()


def test_a_list_keeps_its_order_and_the_toxics_inside_it() -> None:
    value = [
        {"name": "a", "upstream": "u:1", "enabled": False},
        {"name": "b", "upstream": "u:2", "toxics": [{"type": "latency", "attributes": {"Latency": 5}}]},
    ]
    assert wire.read_proxies(value) == (
        ProxyAsked(name="a", upstream="u:1", enabled=False),
        ProxyAsked(name="b", upstream="u:2", toxics=(ToxicAsked(type="latency", attributes={"latency": 5}),)),
    )


@pytest.mark.parametrize(
    ("value", "seconds"),
    [({}, None), ({"duration": None}, None), ({"duration": 1500}, 1.5), ({"duration": "2s"}, 2.0), ({"Duration": "1m30s"}, 90.0)],
)
def test_a_duration_is_milliseconds_or_a_person_s_text(value: dict[str, Any], seconds: float | None) -> None:
    assert wire.read_toxic(value).duration_s == seconds


@pytest.mark.parametrize(
    ("value", "detail"),
    [
        ([], "json: cannot unmarshal array into Go value of type toxics.ToxicWrapper"),
        ({"name": 1}, "json: cannot unmarshal number into Go struct field ToxicWrapper.name of type string"),
        ({"toxicity": "high"}, "json: cannot unmarshal string into Go struct field ToxicWrapper.toxicity of type float32"),
        ({"toxicity": True}, "json: cannot unmarshal bool into Go struct field ToxicWrapper.toxicity of type float32"),
        ({"toxicity": math.inf}, "json: cannot unmarshal number inf into Go struct field ToxicWrapper.toxicity of type float32"),
        ({"toxicity": 1e39}, "json: cannot unmarshal number 1e+39 into Go struct field ToxicWrapper.toxicity of type float32"),
        ({"attributes": [1]}, "json: cannot unmarshal array into Go struct field ToxicWrapper.attributes of type toxics.Toxic"),
        ({"duration": "soon"}, "'soon' is not a duration, like 250ms, 3s or 1m30s"),
        ({"duration": -1}, "duration must be longer than nothing; leave it out for a toxic that stays"),
        ({"duration": 1e300}, "json: cannot unmarshal number 1e+300 into Go struct field ToxicWrapper.duration of type float32"),
    ],
)
def test_a_toxic_with_a_wrong_member_is_refused_with_the_reason(value: Any, detail: str) -> None:
    with pytest.raises(ApiError) as caught:
        wire.read_toxic(value)
    assert (caught.value.status, caught.value.message) == (400, f"bad request body: {detail}")


@pytest.mark.parametrize(
    ("value", "detail"),
    [
        ({"name": "web"}, "json: cannot unmarshal object into Go value of type []toxiproxy.Proxy"),
        (["web"], "json: cannot unmarshal string into Go value of type toxiproxy.Proxy"),
        ([{"enabled": "yes"}], "json: cannot unmarshal string into Go struct field Proxy.enabled of type bool"),
        ([{"toxics": {}}], "json: cannot unmarshal object into Go struct field Proxy.toxics of type []toxics.ToxicWrapper"),
        ([None] * 10_001, "10001 proxies are more than the 10000 one list may hold"),
    ],
)
def test_a_wrong_list_is_refused_with_the_reason(value: Any, detail: str) -> None:
    with pytest.raises(ApiError) as caught:
        wire.read_proxies(value)
    assert (caught.value.status, caught.value.message) == (400, f"bad request body: {detail}")
