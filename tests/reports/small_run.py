"""A run of a second in two variants, with a retry, a refusal, a fault and a request that is never answered."""

from __future__ import annotations

from chaoscli.checks.again import expectations_of
from chaoscli.checks.judge import judge
from chaoscli.outcome import Outcome
from chaoscli.recording import RunRecording
from tests.support.recordings import recording, run_of


def small_run() -> RunRecording:
    naive = (
        recording("naive")
        .node("order", "ready", at=-0.04)
        .curtain(1.0)
        .request(at=0.1, took=0.2, name="s-1", status=200)
        .call("shoppers -> order", "s-1", at=0.1, took=0.2, arrives=0.001)
        .call("order -> inventory", "s-1", at=0.11, took=0.05, result="timeout", arrives=None)
        .retry("order -> inventory", "s-1", at=0.16, attempt=2, delay=0.04)
        .call("order -> inventory", "s-1", at=0.2, took=0.08, attempt=2, arrives=0.001, queue=3, busy=4)
        .answered("inventory", "s-1", at=0.279, attempt=2, queued=0.06, worked=0.018)
        .answered("order", "s-1", at=0.299, caller="shoppers", worked=0.198, own=0.01)
        .fault("cut", at=0.4, until=0.8, kind="silence", text="silence")
        .request(at=0.5, name="s-2")
        .call("shoppers -> order", "s-2", at=0.5, arrives=0.001)
        .refused("order", "s-2", at=0.502, caller="shoppers")
        .fell(at=1.2)
    )
    calm = recording("calm").curtain(1.0).request(at=0.1, took=0.02, name="s-1").fault("cut", at=0.4, until=0.8).fell(at=1.0)
    sentences = ("all: success is 100%", "naive: p50 < 100ms", "no oversell")
    return run_of(naive, calm, title="A <small> run & its *page*", expectations=sentences)


def small_outcome() -> Outcome:
    run = small_run()
    return judge(run, expectations_of(run))
