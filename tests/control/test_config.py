from __future__ import annotations

from pathlib import Path

import pytest

from chaoscli.control.config import load_config
from chaoscli.control.wire import ProxyAsked, ToxicAsked
from chaoscli.errors import ChaosError


def test_a_configuration_is_a_list_of_proxies_with_their_toxics(tmp_path: Path) -> None:
    file = tmp_path / "toxiproxy.json"
    file.write_text(
        """[
          {"name": "web", "listen": "[::]:18080", "upstream": "web:8080", "enabled": true},
          {"name": "db", "listen": "localhost:15432", "upstream": "localhost:5432",
           "toxics": [{"type": "latency", "attributes": {"latency": 100}, "toxicity": 0.5}]}
        ]""",
        encoding="utf-8",
    )
    lag = ToxicAsked(type="latency", attributes={"latency": 100}, toxicity=0.5)
    assert load_config(file) == (
        ProxyAsked(name="web", listen="[::]:18080", upstream="web:8080", enabled=True),
        ProxyAsked(name="db", listen="localhost:15432", upstream="localhost:5432", toxics=(lag,)),
    )


_HINT = 'a list of {"name": ..., "listen": ..., "upstream": ...}'


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            '[\n  {"name": "web",}\n]',
            "FILE:2:18: invalid character '}' looking for beginning of object key string\n"
            '  2 |   {"name": "web",}\n'
            f"    |                  ^  {_HINT}\n"
            "1 problem in FILE",
        ),
        ("[{", f"FILE:1:3: unexpected EOF\n  1 | [{{\n    |   ^  {_HINT}\n1 problem in FILE"),
        ("", f"FILE is empty\n  {_HINT}"),
        ("{}", f"FILE is no list of proxies\n  {_HINT}"),
        ("[] {}", f"FILE: something follows the list: '{{}}'\n  {_HINT}"),
        (
            '[{"name": "a", "upstream": "u:1"}, {"name": "a", "upstream": "u:2"}]',
            "FILE: proxy 2 'a' has the name of an earlier one\n  only one of them could be there",
        ),
        (
            '[{"name": "a", "upstrem": "u:1", "upstream": "u:1"}]',
            "FILE: proxy 1 'a': nothing is called 'upstrem'\n  did you mean upstream?",
        ),
        (
            '[{"name": "a", "upstream": "u:1", "toxics": [{"type": "latency", "strem": "upstream"}]}]',
            "FILE: proxy 1 'a': toxic 'latency': nothing is called 'strem'\n  did you mean stream?",
        ),
        (
            '[{"name": "a", "upstream": "u:1", "toxics": [{"type": "latency", "attributes": {"latncy": 5}}]}]',
            "FILE: proxy 1 'a': toxic 'latency': nothing is called 'latncy'\n  did you mean latency?",
        ),
        ('[{"name": "a", "upstream": "u:1"}, {"upstream": "u:2"}]', "FILE: proxy 2: missing required field: name"),
        (
            '[{"name": "a", "upstream": "u:1", "toxics": [{"type": "latency", "attributes": {"latency": -1}}]}]',
            "FILE: proxy 1 'a': latency: latency cannot be negative",
        ),
        (
            '[{"name": "a", "upstream": "u:1", "protocol": "udp", "toxics": [{"type": "latencyy"}]}]',
            "FILE: proxy 1 'a': invalid toxic type\n  there are corrupt, duplication, latency, loss, noop, reordering",
        ),
        ('[{"enabled": 1}]', "FILE: json: cannot unmarshal number into Go struct field Proxy.enabled of type bool"),
    ],
)
def test_a_mistake_in_it_is_shown_where_it_is(tmp_path: Path, text: str, message: str) -> None:
    file = tmp_path / "toxiproxy.json"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(ChaosError) as caught:
        load_config(file)
    assert caught.value.render().replace(str(file), "FILE") == message


def test_what_the_original_would_pass_over_is_passed_over(tmp_path: Path) -> None:
    """A whole proxy, as a server tells it, with its logger; and what somebody noted beside it."""
    file = tmp_path / "toxiproxy.json"
    file.write_text(
        '[{"name": "a", "upstream": "u:1", "Logger": {}, "comment": "of the shop", "toxics": null}]', encoding="utf-8"
    )
    assert [one.name for one in load_config(file)] == ["a"]
    file.write_text("null", encoding="utf-8")
    assert load_config(file) == ()


def test_a_file_that_is_not_there_is_said_to_be(tmp_path: Path) -> None:
    with pytest.raises(ChaosError, match="no such file or directory"):
        load_config(tmp_path / "nothing.json")


def test_a_file_that_is_no_configuration_is_not_read_whole(tmp_path: Path) -> None:
    file = tmp_path / "huge.json"
    with file.open("wb") as sparse:
        sparse.truncate(1 << 30)
    with pytest.raises(ChaosError, match="larger than 4194304 bytes"):
        load_config(file)
