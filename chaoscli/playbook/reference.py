"""Reference pages as plain data, drawn from the catalogues and models that playbooks are read with: none can be missing or
stale, because there is no other list of what there is."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from difflib import get_close_matches
from typing import Any, get_args

from chaoscli.checks import expectation
from chaoscli.checks.catalogue import INVARIANTS
from chaoscli.checks.relations import SAID
from chaoscli.checks.sentence import Relation
from chaoscli.faults.catalogue import FAULTS, FaultKind
from chaoscli.faults.datagrams.catalogue import DATAGRAM_FAULTS
from chaoscli.load.settings import Load
from chaoscli.measures.base import COUNT, EVERY_WINDOW, Measure, When
from chaoscli.measures.catalogue import MEASURES
from chaoscli.playbook.cue_kinds import CUES, CueKind
from chaoscli.playbook.cueing import cue_part
from chaoscli.playbook.doubts.catalogue import DOUBTS
from chaoscli.playbook.foreign import foreign_part
from chaoscli.playbook.model import settings_fields, settings_part
from chaoscli.playbook.one_service import service_part
from chaoscli.playbook.parameters import PARAMETER
from chaoscli.playbook.reference_rows import Page, Row, Section, nested, rows_of
from chaoscli.playbook.schema import language_schema
from chaoscli.playbook.script import fault_part
from chaoscli.resilience.elsewhere import ELSEWHERE, LIBRARIES
from chaoscli.resilience.policy import LAYERS, Policy
from chaoscli.services.catalogue import KINDS
from chaoscli.services.foreign import BLANKS, FOREIGN, Health

_HARMS = {"bytes": "the bytes of a link", "messages": "whole requests and replies", "datagrams": "datagrams", "node": "a node"}
_HEALTH = "Of a service that is not ours: when it counts as ready."
_FILLED = "What the command, the environment and the health check of a service that is not ours may ask for."
_WHEN: Mapping[str, tuple[When, str]] = {
    "during FAULT": ("during", "while the fault lasted, each time it did"),
    "before FAULT": ("before", "before it first came"),
    "after FAULT": ("after", "after it last healed"),
    "between FAULT and FAULT": ("between", "after the one last healed and before the other came next"),
    "from 2s to 5s": ("from", "by the clock of the play; `before 2s` and `after 5s` are open on one side"),
}


def page(topic: str) -> Page:
    """The page of one of TOPICS."""
    return TOPICS[topic]()


def nearest_topic(word: str) -> str:
    """The topic that was probably meant; empty when none was."""
    return next(iter(get_close_matches(word, TOPICS, n=1, cutoff=0.7)), "")


def faults() -> Page:
    every = rows_of(fault_part("latency").model_json_schema(), only=_shared_keys())
    return Page(
        title="faults: what can go wrong",
        lead="A fault is one entry of the list `faults`. Its kind is a key whose value says where it strikes; faults may"
        " overlap, each ends by itself, and all are undone on every way out of a run.",
        sections=(
            Section(heading="every fault", rows=every),
            *map(_fault, (*FAULTS.values(), *DATAGRAM_FAULTS.values())),
        ),
        example="faults:\n  - { name: lag, latency: order -> inventory, delay: 300ms, jitter: 50ms, at: 2s, for: 3s }",
    )


def _fault(row: FaultKind) -> Section:
    datagrams = row.harms == "datagrams"
    schema = fault_part(row.kind, datagrams).model_json_schema()
    shared = _shared_keys() - {"direction", "share"}
    heading = f"{row.kind} (of a link that carries udp)" if datagrams else row.kind
    return Section(heading=heading, doc=f"Harms {_HARMS[row.harms]}.", rows=rows_of(schema, leaving_out=shared, first=row.kind))


def _shared_keys() -> frozenset[str]:
    """What may be written for any fault of a link's bytes that is not a setting of its own."""
    row = FAULTS["latency"]
    return frozenset(fault_part(row.kind).model_json_schema()["properties"]) - {row.kind, *settings_fields(row.settings)}


def cues() -> Page:
    shared = frozenset(cue_part("kill").model_json_schema()["properties"]) - {"kill"}
    every = rows_of(cue_part("kill").model_json_schema(), only=shared)
    return Page(
        title="cues: what is done to services and loads",
        lead="A cue is one entry of the list `cues`. What it does is a key whose value says to whom. Like a fault it has a name,"
        " which windows (`during`, `before`, `after`) may speak of; one that lasts is undone at the latest with the play.",
        sections=(Section(heading="every cue", rows=every), *(_cue(row, shared) for row in CUES.values())),
        example="cues:\n  - { name: crash, kill: inventory, at: 2s, for: 1s }\n  - { load: shoppers, rate: 60/s, at: 4s }",
    )


def _cue(row: CueKind, shared: frozenset[str]) -> Section:
    schema = cue_part(row.kind).model_json_schema()
    without = "" if row.lasts else "It has no `for`."
    return Section(heading=row.kind, doc=without, rows=rows_of(schema, leaving_out=shared, first=row.kind))


def policies() -> Page:
    schema = settings_part(Policy).model_json_schema()
    return Page(
        title="policies: how a caller calls",
        lead="A policy stands at a call: `order: { calls: { inventory: { timeout: 500ms } } }`. Its parts are layers around each"
        f" attempt, from the outside in: {', '.join(LAYERS)}. `order` makes some of them change places. A load takes the same"
        " keys about its own callee.",
        sections=tuple(map(_sourced, (Section(heading="a call", rows=rows_of(schema)), *nested(schema)))),
        example="order:\n  calls:\n    inventory: { timeout: 300ms, retry: { attempts: 3, backoff: exponential, jitter: full } }",
    )


def _sourced(section: Section) -> Section:
    """With where it comes from, and what is usual elsewhere."""
    known = ELSEWHERE.get(section.heading)
    if known is None:
        return section
    usual = {row.name: row.usual.replace("must be given", "stated") for row in section.rows}
    rows = [(one.setting, usual[one.setting], *one.theirs) for one in known.beside]
    return replace(section, source=known.source, beside=(("", "here", *LIBRARIES), *rows) if rows else ())


def load() -> Page:
    schema = settings_part(Load).model_json_schema()
    own = frozenset(settings_fields(Load)) - frozenset(settings_fields(Policy)) | {"timeout"}
    return Page(
        title="load: who asks for what, and how often",
        lead="Each entry of `load` starts requests on a schedule, whatever the replies do, and counts latency from the moment"
        " each was meant to start: an open model. With `users` it is a closed one: each waits for an answer, thinks, and asks"
        " again. In a path, a body, a header and an expected body `${n}` is the request's number, `${n % 3}` goes round in three,"
        " `${request}` is its id, and the names of `values` stand for what was drawn. Every key of a policy may stand here too:"
        " `chaos explain policies`.",
        sections=(
            Section(heading="a load", rows=rows_of(schema, only=own, first="request")),
            *(section for section in nested(schema) if section.heading in own),
        ),
        example=_LOADS,
    )


_LOADS = """\
load:
  shoppers:
    requests:
      - { weight: 9, request: "GET inventory /api/inventory/check/${book}" }
      - request: POST order /api/orders
        json: { productId: "${book}", quantity: 1, customerId: "CUST-${n}" }
        expect_body: { status: CREATED }
    values: { book: [BOOK-001, BOOK-002] }
    rate: 10/s
    stages: [{ for: 2s }, { for: 3s, to: 60/s }]
  office: { request: GET order /actuator/health, users: 5, think: 500ms }"""


def services() -> Page:
    own = [frozenset(service_part(kind).model_json_schema()["properties"]) for kind in KINDS]
    # The schema that editors get: it has the calls, which are no setting of a service.
    whole = language_schema()
    schema = {**whole["$defs"][service_part(next(iter(KINDS))).__name__], "$defs": whole["$defs"]}
    shared = frozenset.intersection(*own) | {"calls"}
    return Page(
        title="services: who works",
        lead="Each entry of `services` is a process of its own with workers and a queue. One that has the name of a kind is of"
        " that kind; any other says `kind:`.",
        sections=(
            _sourced(Section(heading="every service", rows=tuple(_of_any_kind(row) for row in rows_of(schema, only=shared)))),
            *(_sourced(section) for section in nested(schema) if section.heading != "calls"),
            *(section for kind in KINDS for section in (_service(kind, shared), *_inside(kind, shared))),
            *(_foreign(kind, whole["$defs"]) for kind in FOREIGN),
            Section(heading="health", doc=_HEALTH, rows=rows_of(settings_part(Health).model_json_schema())),
            Section(heading="filled in, and its variable", doc=_FILLED, rows=tuple(map(_blank, BLANKS))),
        ),
        example="services:\n  inventory: { workers: 4, service_time: 20ms, queue: 64 }\n  depot: { kind: inventory }",
    )


def _of_any_kind(row: Row) -> Row:
    """The model of one kind knows only its own name."""
    return replace(row, written=" | ".join(KINDS)) if row.name == "kind" else row


def _service(kind: str, shared: frozenset[str]) -> Section:
    schema = service_part(kind).model_json_schema()
    asks = KINDS[kind].asks
    asking = "" if asks is None else (f" It asks {', '.join(asks)}." if asks else " It asks nobody.")
    return Section(heading=kind, doc=f"{KINDS[kind].doc}.{asking}", rows=rows_of(schema, leaving_out=shared))


def _inside(kind: str, shared: frozenset[str]) -> Iterator[Section]:
    """What has keys of its own inside one kind of service, like ``gateway: move``. A monolith's modules are kinds themselves."""
    schema = service_part(kind).model_json_schema()
    for section in nested({**schema, "$defs": schema.get("$defs", {})}):
        if section.heading not in shared and section.heading not in KINDS:
            yield replace(section, heading=f"{kind}: {section.heading}")


def _blank(blank: tuple[str, str, str]) -> Row:
    written, variable, doc = blank
    return Row(name=written, written=variable, doc=doc)


def _foreign(kind: str, definitions: Mapping[str, Any]) -> Section:
    row = FOREIGN[kind]
    schema = {**definitions[foreign_part(kind).__name__], "$defs": definitions}
    return Section(heading=f"not ours: {kind}", doc=row.doc, rows=rows_of(schema, first=kind))


def measures() -> Page:
    return Page(
        title="measures: what can be expected of a run",
        lead="A measure is a number over one variant's recording. Alone it speaks of the requests of all loads; in parentheses"
        " it speaks of a load, a link (`p99(order -> inventory)`), a service, a result or a fact, as far as it can. A measure"
        " without data fails.",
        sections=(Section(heading="measures", rows=tuple(_measure(one) for one in MEASURES.values())),),
        example="expect:\n  - success > 99%\n  - p99(order -> inventory) < 200ms during lag",
    )


def _measure(measure: Measure) -> Row:
    of = ", ".join(one for one in ("load", "link", "node", "result", "what") if one in measure.takes)
    windows = f"only {' or '.join(sorted(measure.windows))} a fault" if measure.windows else "over the whole play"
    only = "" if measure.windows == EVERY_WINDOW else f"; {windows}"
    return Row(
        name=measure.name, written="12" if measure.unit is COUNT else measure.unit.example, usual=of, doc=f"{measure.doc}{only}"
    )


def expectations() -> Page:
    grammar = (expectation.__doc__ or "").partition("::\n\n")[2].partition("\n\n")
    return Page(
        title="expectations: what must hold at the end",
        lead="Each entry of the list `expect` is a sentence as one would say it. Without variants it holds of every one.",
        sections=(
            Section(heading="how to say it", text=_dedented(grammar[0]), doc=" ".join(grammar[2].split()).replace("``", "`")),
            Section(heading="comparisons", rows=tuple(_relations())),
            Section(heading="windows", rows=tuple(Row(name=said, doc=doc) for said, (_, doc) in _WHEN.items())),
            Section(
                heading="while the play goes on",
                doc="A comparison may also be asked four times a second, of what ended in the last second, or in a longer while,"
                " like `errors > 90% over 2s`. A fault or a cue comes `when` it holds; `abort`, one such sentence or a list of"
                " them, ends the play of a variant at once, undoes everything, and fails.",
            ),
            Section(heading="laws of the shop", rows=tuple(Row(name=law.name, doc=law.doc) for law in INVARIANTS.values())),
        ),
        example=_SENTENCES,
    )


_SENTENCES = """\
expect:
  - jitter: recovery <= 3s after slow
  - success(budget) > 2 x success(naive) during slow
  - order -> inventory: p99 is at most 200ms before slow
  - throughput of shoppers within 10% of 30/s
  - naive: errors between 20% and 60% from 2s to 5s
  - budget: no timeouts after slow
  - naive: breaks no double charge
  - all: no oversell"""


def _relations() -> Iterator[Row]:
    for sign in get_args(Relation):
        said = ", ".join(word for word, means in SAID.items() if means == sign and word.isascii())
        yield Row(name=sign, doc=f"also: {said}" if said else "as it is")
    yield Row(name="between A and B", doc="from A to B, both included; so does A <= x <= B")
    yield Row(name="within 10% of A", doc="at most so much away from A; a margin may also be a quantity, like 20ms")
    yield Row(name="no X", doc="X == 0")


def _dedented(text: str) -> str:
    return "\n".join(line.removeprefix("    ") for line in text.splitlines())


def playbook() -> Page:
    schema = language_schema()
    return Page(
        title="playbook: what a file may hold",
        lead="A playbook is one YAML file. `${NAME}` stands for a parameter wherever a value is written. A variant changes any"
        " service, load, fault or cue by its dotted path, like `order.calls.inventory.timeout: 1s`; `none` takes one away.",
        sections=(
            Section(heading="a playbook", rows=rows_of(schema, only=frozenset(schema["properties"]), first="playbook")),
            Section(heading="parameters", rows=rows_of(PARAMETER.model_json_schema())),
        ),
        example=_PLAYBOOK,
    )


_PLAYBOOK = """\
playbook: mine
include: retries
parameters: { pace: { type: rate, default: 20/s, help: how many come } }
load: { shoppers: { request: POST order /api/orders, rate: "${pace}" } }
matrix:
  order.calls.inventory.timeout: [100ms, 1s]
  retry:
    never: {}
    twice: { order.calls.inventory.retry: { attempts: 2 } }
faults: [{ name: slow, slow: inventory, by: 5x, at: 2s, for: 2s }]
expect: [{ twice: amplification < 2.1 during slow }]
lasts: 6s"""


def warnings() -> Page:
    rows = tuple(Row(name=one.name, doc=one.doc) for one in DOUBTS.values())
    return Page(
        title="warnings: what is right and cannot work",
        lead="`chaos check` tells each at its place; it changes the exit code only with `--strict`. Where one is the very point"
        " of a playbook, its `deliberate` says so.",
        sections=(Section(heading="warnings", rows=rows),),
        example="deliberate: [retries-multiply]",
    )


TOPICS: dict[str, Callable[[], Page]] = {
    "playbook": playbook,
    "warnings": warnings,
    "faults": faults,
    "cues": cues,
    "policies": policies,
    "measures": measures,
    "load": load,
    "expectations": expectations,
    "services": services,
}
