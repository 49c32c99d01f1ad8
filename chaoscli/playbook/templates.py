"""The other playbooks that ``chaos new --template`` writes: each small, commented and true.

In the texts ``{name}`` and ``{file}`` are filled in; other braces are doubled.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Template:
    """``doc`` is what it is about, in a line."""

    doc: str
    text: str


_HEAD = """\
# yaml-language-server: $schema=chaos.schema.json
# `chaos schema > chaos.schema.json` makes editors complete and explain every key; `chaos explain playbook` lists them.
#
#   chaos run {file}                 play it on real processes
#   chaos run {file} --world sim     play it in virtual time, over in a moment
#   chaos check {file}               every mistake at once, and what cannot work

"""

_CRASH = """\
playbook: {name}
title: What those who order notice of a crash

services:
  inventory: {{ workers: 8, service_time: 10ms, stock: {{ BOOK-001: 5000 }} }}
  order:
    workers: 64
    calls:
      inventory: {{ timeout: 500ms }}

load:
  shoppers:
    request: POST order /api/orders
    json: {{ productId: BOOK-001, quantity: 1, customerId: "CUST-${{n}}" }}
    # Who is told no has not ordered, whatever the status says.
    expect_body: {{ status: CREATED }}
    rate: 20/s

variants:
  gives-up:
    summary: takes the first failure for an answer
  tries-again:
    summary: tries again until inventory is back
    order.calls.inventory.retry: {{ attempts: 10, backoff: exponential, base: 100ms, cap: 500ms }}

# What is done to services and loads, and when: `chaos explain cues`.
cues:
  # A kill is a power cut; with `for` the service starts again after that, with its disk.
  - {{ name: crash, kill: inventory, at: 2s, for: 1s }}
  # More come for a while, and go again.
  - {{ name: rush, load: shoppers, rate: 40/s, at: 5s, for: 1s }}

lasts: 8s

expect:
  - errors before crash < 10%
  - gives-up: errors > 50% during crash
  - tries-again: success is at least 95% during crash
  - success of shoppers during rush > 99%
  - all: no oversell
"""

_MATRIX = """\
playbook: {name}
title: How long to wait, and how often to ask again

# What whoever plays it may choose: `chaos run {file} --set slower=20x`.
parameters:
  slower: {{ type: factor, default: 15x, help: how much slower inventory gets }}
  pace: {{ type: rate, default: 20/s, help: how many shoppers come }}

services:
  inventory: {{ workers: 3, service_time: 15ms, queue: 60 }}
  order: {{ reserve: false, workers: 200, calls: {{ inventory: {{}} }} }}

load:
  shoppers:
    request: POST order /api/orders
    json: {{ productId: BOOK-001, quantity: 1, customerId: CUST-1 }}
    rate: "${{pace}}"
    arrivals: constant

# Every combination is a variant of its own. A dimension is a path with a list of values...
matrix:
  order.calls.inventory.timeout: [100ms, 400ms]
  # ...or has options with changes, each with a name that expectations may use for all of its cells.
  retry:
    once: {{}}
    thrice: {{ order.calls.inventory.retry: {{ attempts: 3, backoff: none }} }}

faults:
  - {{ name: slow, at: 2s, for: 2s, slow: inventory, by: "${{slower}}" }}

lasts: 7s

# A lesson may be a mistake that `chaos check` would warn of: it is named here.
deliberate: [stale-queue]

expect:
  - no errors before slow
  - thrice: amplification > 1.3 during slow
  - once: amplification within 1% of 1x
"""

_USERS = """\
playbook: {name}
title: Who waits for an answer hides how slow it is

services:
  catalogue: {{ kind: hop, workers: 4, service_time: 20ms, queue: 500, calls: {{ prices: {{ timeout: 2s }} }} }}
  prices: {{ kind: hop, workers: 8, service_time: 10ms }}

load:
  # An open model: they come whatever became of those before, more and more of them, and some all at once.
  visitors:
    request: GET catalogue /
    rate: 10/s
    stages: [{{ for: 2s }}, {{ for: 3s, to: 60/s }}]
    bursts: {{ every: 2s, of: 10 }}
  # A closed model: five people, each of whom waits for an answer, thinks, and asks again.
  clerks:
    requests:
      - {{ weight: 3, request: "GET catalogue /${{page}}" }}
      - {{ request: "GET prices /${{page}}" }}
    values: {{ page: [books, music, games] }}
    users: 5
    think: 200ms

faults:
  - {{ name: lag, at: 5s, for: 2s, latency: catalogue -> prices, delay: 300ms }}

lasts: 9s

expect:
  - success > 99%
  - p50(visitors) during lag > 2 x p50(visitors) before lag
  # Whoever waits asks less: that is what makes a closed model kind to a slow service.
  - throughput(clerks) during lag < 80% of throughput(clerks) before lag
"""

TEMPLATES: dict[str, Template] = {
    "crash": Template("a service is killed and comes back", _HEAD + _CRASH),
    "matrix": Template("two dimensions and two parameters", _HEAD + _MATRIX),
    "users": Template("stages, bursts and users who think", _HEAD + _USERS),
}
