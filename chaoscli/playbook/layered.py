"""The playbook that ``chaos new --topology`` writes: services by the hundred, one of them slow, and what comes of it."""

from __future__ import annotations

from chaoscli.playbook.starter import check_playbook_name

_TEXT = """\
# yaml-language-server: $schema=chaos.schema.json
# {count} services in {layers} layers, each calling {fanout} of the next. Simulated only: as processes they would fill a room.
#
#   chaos run {file} --world sim     play it in virtual time
#   chaos run {file} --dry           what would happen, without playing it
#   chaos explore {file}             search for what breaks its promises

playbook: {name}
title: One slow service of {count}
worlds: [sim]

# Services by the hundred: `s2-7` is one of layer 2. Services of your own may stand beside them, under `services`.
layers:
  sizes: [{sizes}]
  fanout: {fanout}
  service: {{ workers: 4, service_time: 2ms, queue: 20 }}
  # How each of them calls those of the next layer: `chaos explain policies`.
  calls: {{ timeout: 2s }}

# The entry asks the one service of the first layer that the path begins with.
load:
  viewers:
    request: GET gateway /s1-${{n % {width}}}/
    rate: 10/s
    timeout: 2s

variants:
  plain:
    summary: waits as long as it takes
  guarded:
    summary: a short timeout, few calls at once, and something else to answer
    layers.calls: {{ timeout: {timeout}ms, bulkhead: {{ slots: 2 }}, fallback_reply: {{ status: 200 }} }}

faults:
  - {{ name: slow, at: 1s, for: 3s, slow: {leaf}, by: 1000x }}

lasts: 6s

expect:
  - plain: success before slow > 99%
  - guarded: success during slow > 99%
"""
# What a level of calls takes in this simulation: two ways of a millisecond and two of work.
_STEP_MS = 4
_LEAST_TIMEOUT_MS = 100


def layered(name: str, file: str, *, layers: int, width: int, fanout: int) -> str:
    """The text of a playbook of so many layers of services, that runs and whose promises hold."""
    check_playbook_name(name)
    return _TEXT.format(
        name=name, file=file, layers=layers, width=width, fanout=fanout, count=layers * width,
        sizes=", ".join([str(width)] * layers), leaf=f"s{layers}-0",
        timeout=max(_LEAST_TIMEOUT_MS, 5 * _STEP_MS * layers),
    )  # fmt: skip
