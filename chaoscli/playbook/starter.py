"""The playbook that ``chaos new`` writes: small, commented, and true: it runs, and what it expects holds."""

from __future__ import annotations

import re

from chaoscli.errors import UsageError
from chaoscli.playbook.templates import TEMPLATES

# What a playbook may be called: what a file system, a shell and a CI system take as it is.
NAME = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,39}")

_TEXT = """\
# yaml-language-server: $schema=chaos.schema.json
# `chaos schema > chaos.schema.json` makes editors complete and explain every key.
#
#   chaos run {file}                 play it on real processes
#   chaos run {file} --world sim     play it in virtual time, over in a moment
#   chaos run {file} --dry           what would happen, without playing it
#   chaos check {file}               every mistake at once, and what cannot work: `chaos explain warnings`

# What else may stand here: `chaos explain playbook`.
playbook: {name}
title: What a slow inventory does to those who order

# Who works. A service named after a kind is of that kind: `chaos explain services`.
services:
  inventory: {{ workers: 4, service_time: 20ms, queue: 16, stock: {{ BOOK-001: 1000 }} }}
  order:
    calls:
      # How order calls inventory, for every variant that does not say otherwise: `chaos explain policies`.
      inventory: {{ timeout: 300ms }}

# Who asks for what, and how often: `chaos explain load`.
load:
  shoppers:
    request: POST order /api/orders
    json: {{ productId: BOOK-001, quantity: 1, customerId: CUST-1 }}
    rate: 30/s

# The differences to try. All play side by side, under the same load and the same dice.
variants:
  no-retry:
    summary: takes the first failure for an answer
  jitter:
    summary: tries again, a little later each time
    order.calls.inventory.retry: {{ attempts: 4, backoff: exponential, base: 100ms, jitter: full }}

# What goes wrong, and when: `chaos explain faults`.
faults:
  - {{ name: slow, at: 2s, for: 2s, slow: inventory, by: 10x }}

# Services can also be killed, paused and started again, and the load can change, as `cues`: `chaos explain cues`.

# How long it all takes. Leave time after the last fault: recovering is half of the story.
lasts: 7s

# What must hold at the end, or the command exits with 1: `chaos explain expectations`, `chaos explain measures`.
expect:
  - success before slow > 99%
  - jitter: recovery <= 2s after slow
  - success(jitter) > success(no-retry)
  - all: no oversell
"""


SHOP = "shop"


def starter(name: str, file: str, template: str = SHOP) -> str:
    """The text of a playbook called ``name`` that will be in ``file``; UsageError for what no playbook can be called."""
    check_playbook_name(name)
    if template != SHOP and template not in TEMPLATES:
        known = {SHOP: "a slow service and retries", **{key: one.doc for key, one in TEMPLATES.items()}}
        lines = "\n  ".join(f"{key}: {doc}" for key, doc in known.items())
        raise UsageError(f"there is no template '{template}'", hint=lines)
    text = _TEXT if template == SHOP else TEMPLATES[template].text
    return text.format(name=name, file=file)


def check_playbook_name(name: str) -> None:
    """UsageError for what no playbook can be called."""
    if NAME.fullmatch(name) is None:
        raise UsageError(
            f"a playbook cannot be called '{name}'", hint="a letter, then up to 39 letters, digits, '-' and '_', like checkout"
        )
