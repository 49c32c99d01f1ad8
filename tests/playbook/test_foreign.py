"""Services that are not ours, as a playbook writes them."""

from __future__ import annotations

import pytest

from chaoscli.faults.datagrams.loss import DatagramLoss
from chaoscli.faults.loss import Loss
from chaoscli.playbook.doubts.base import Staged
from chaoscli.playbook.doubts.catalogue import doubts_about
from chaoscli.playbook.explain import explain
from chaoscli.playbook.meaning import Playbook
from chaoscli.playbook.plan import plan
from chaoscli.playbook.read import read_playbook
from chaoscli.playbook.source import read_source
from chaoscli.topology import NodeSpec

TEXT = """
playbook: own
services:
  hop: { calls: { api: { timeout: 1s }, api:admin: { timeout: 2s } } }
  api:
    command: python3 -m api --port ${port} --rate 5 --name 'two words'
    ports: { admin: http, stats: udp }
    env: { DEBUG: true, LEVEL: 3, DB: "postgres://${host.db}:${port.db}" }
    cwd: server
    calls: [db, clock]
  db: { address: 127.0.0.1:5432 }
  clock: { command: [ntpd, -p, "${port}"], protocol: udp, health: { log: up } }
load:
  shoppers: { request: GET hop /, rate: 5/s }
  queries: { command: [psql, -p, "${port.db}", -c, "select ${n}, '$${HOME}'"], calls: [db], rate: 2/s }
faults:
  - { name: skew, clock_skew: api, offset: 5s, at: 1s, for: 1s }
  - { name: stream, loss: api -> db, rate: 10%, at: 1s, for: 1s }
  - { name: datagrams, loss: api -> clock, rate: 10%, correlation: 50%, at: 1s, for: 1s }
lasts: 3s
"""


def read(file: str = "own.yaml", overrides: tuple[str, ...] = ()) -> Playbook:
    return read_playbook(TEXT.encode(), file, overrides=overrides)


def node(name: str, playbook: Playbook | None = None) -> NodeSpec:
    return (playbook or read()).variants[0].topology.node(name)


def test_a_command_is_words_or_a_line_and_nobody_quotes_numbers() -> None:
    api = node("api")
    assert api.settings["command"] == ["python3", "-m", "api", "--port", "${port}", "--rate", "5", "--name", "two words"]
    assert api.settings["env"] == {"DEBUG": "true", "LEVEL": "3", "DB": "postgres://${host.db}:${port.db}"}
    assert node("clock").settings["command"] == ["ntpd", "-p", "${port}"]


@pytest.mark.parametrize(
    ("file", "folder"), [("own.yaml", "server"), ("plays/own.yaml", "plays/server"), ("/srv/own.yaml", "/srv/server")]
)
def test_it_runs_in_a_folder_seen_from_the_playbook_s_own(file: str, folder: str) -> None:
    assert node("api", read(file)).settings["cwd"] == folder
    assert node("queries", read(file)).settings["cwd"] == (folder.removesuffix("server").rstrip("/") or ".")


def test_each_link_carries_what_the_port_at_its_end_speaks() -> None:
    topology = read().variants[0].topology
    assert {str(link): topology.protocol(link) for link in topology.links} == {
        "hop -> api": "http",
        "hop -> api:admin": "http",
        "api -> db": "tcp",
        "api -> clock": "udp",
        "shoppers -> hop": "http",
        "queries -> db": "tcp",
    }
    # Who calls a port of it waits for the whole service.
    assert [[one.name for one in wave] for wave in topology.waves()] == [["db", "clock"], ["api"], ["hop"]]


def test_an_override_may_name_a_port() -> None:
    changed = node("hop", read(overrides=("hop.calls.api:admin.timeout=3s",)))
    assert (changed.calls["api"]["timeout"], changed.calls["api:admin"]["timeout"]) == (1.0, 3.0)
    everywhere = read(overrides=("default:hop.calls.api:admin.timeout=4s",))
    assert node("hop", everywhere).calls["api:admin"]["timeout"] == 4.0


def test_whoever_starts_a_program_knows_whether_its_clock_will_be_set() -> None:
    assert [one.name for one in read().variants[0].topology.nodes if one.skewed] == ["api"]


def test_a_fault_has_the_settings_of_what_its_link_carries() -> None:
    faults = {one.name: one.fault for one in read().variants[0].faults}
    assert faults["stream"] == Loss(rate=0.1)
    assert faults["datagrams"] == DatagramLoss(rate=0.1, correlation=0.5)


def test_it_is_checked_for_doubts_like_any_other_but_not_for_how_its_own_code_calls() -> None:
    """A chain goes on behind a named port; and that `hop` gives up after 1s says nothing about the patience of `api`."""
    playbook = read()
    staged = Staged(playbook=playbook, variant=playbook.variants[0], tree=read_source(TEXT.encode(), "own.yaml"))
    assert list(doubts_about([staged], ())) == []
    assert [str(link) for link in staged.links if link.caller == "api"] == []


def test_what_it_is_can_be_explained_and_planned() -> None:
    docs = {part.name: part.doc for part in explain(read()).parts}
    assert docs["db"] == "runs elsewhere, at 127.0.0.1:5432"
    assert docs["clock"] == "ntpd -p '${port}'"
    assert docs["queries"].startswith("offers load: psql -p '${port.db}' -c ")
    assert plan(read()).starts == (("db (address)", "clock (command)"), ("api (command)",), ("hop",))
