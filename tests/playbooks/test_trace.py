"""Trace: with one service that does not pass ids on, the thread is cut; and the run says where a failure came from."""

from __future__ import annotations

from chaoscli.outcome import TraceReport
from chaoscli.playbook.load import load_playbook
from tests.support.simulations import broken, judged


def test_every_expectation_holds_and_the_run_names_who_failed() -> None:
    outcome = judged("trace")
    assert [check.text for check in outcome.broken] == []
    lost, found = outcome.traces
    assert lost == TraceReport(variant="logs-only", path=("web",), how="502", found=False, count=lost.of, of=lost.of)
    way = ("web", "checkout", "pricing", "tax", "rates")
    assert found == TraceReport(variant="traced", path=way, how="500", found=True, count=found.of, of=found.of)
    assert found.count > 3


def test_one_service_that_keeps_the_ids_to_itself_cuts_the_thread() -> None:
    assert broken("trace", changed=["traced:pricing.tracing=false"]) == ["traced: traced of rates >= 95%"]


def test_where_everybody_passes_them_on_nothing_is_lost() -> None:
    services = load_playbook("trace").variants[0].topology.services
    changed = [f"logs-only:{service.name}.tracing=true" for service in services]
    assert broken("trace", changed=changed) == ["logs-only: traced == 0%"]
