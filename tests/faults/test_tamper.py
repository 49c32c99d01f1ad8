"""A text is replaced by one as long, and nothing else is touched."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chaoscli.faults.base import BadSetting, Send
from chaoscli.faults.tamper import Tamper
from tests.faults.streams import chain_of

DEARER = Tamper(find='"amount":20', put='"amount":90')


def passed(data: bytes) -> bytes:
    (sent,) = chain_of(DEARER).received(data, 1.0)
    assert isinstance(sent, Send)
    assert sent.at == 1.0
    return sent.data


def test_what_is_found_is_replaced_wherever_it_stands() -> None:
    assert passed(b'{"amount":20},{"amount":20}') == b'{"amount":90},{"amount":90}'


@given(st.binary(max_size=100))
def test_everything_else_passes_as_it_is(data: bytes) -> None:
    assert passed(data.replace(b'"amount":20', b"")) == data.replace(b'"amount":20', b"")


@pytest.mark.parametrize(("find", "put"), [("", ""), ("a" * 257, "b" * 257), ("20", "900")])
def test_the_length_of_a_message_must_stay_what_it_says(find: str, put: str) -> None:
    with pytest.raises(BadSetting):
        Tamper(find=find, put=put)
