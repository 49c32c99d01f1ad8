"""What the README shows of Python does what it says."""

from __future__ import annotations

import re
from pathlib import Path

import chaoscli
from tests.support.command import CHECKOUT

TEXT = (CHECKOUT / "README.md").read_text(encoding="utf-8")


def test_the_playground_of_the_readme_is_opened_harmed_and_judged(tmp_path: Path) -> None:
    playbook = next(block for block in re.findall(r"^```yaml\n(.*?)^```", TEXT, flags=re.M | re.S) if "jitter:" in block)
    file = tmp_path / "checkout.yaml"
    file.write_text(playbook)
    (example,) = (one for one in re.findall(r"^```python\n(.*?)^```", TEXT, flags=re.M | re.S) if "proxy_to" in one)
    known: dict[str, object] = {}
    exec(example.replace('"checkout.yaml"', repr(str(file))), known)
    reply = known["reply"]
    assert isinstance(reply, chaoscli.Reply)
    assert reply.ok
