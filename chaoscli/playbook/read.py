"""Text to meaning: every problem of the whole playbook at once, or a playbook with every name resolved."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Annotated, Any, Literal, TypeVar

from pydantic import AfterValidator, Field, TypeAdapter, ValidationError

from chaoscli.checks.expectation import Names
from chaoscli.errors import Place, PlaybookError, UsageError
from chaoscli.playbook.cast import read_cast
from chaoscli.playbook.conditions import read_aborts
from chaoscli.playbook.cueing import read_cues
from chaoscli.playbook.including import Fetch, Fetched, with_included
from chaoscli.playbook.layers import with_layers
from chaoscli.playbook.matrix import Matrix
from chaoscli.playbook.meaning import FaultPlan, Playbook, Variant
from chaoscli.playbook.model import Name, Part, optional, part, quantity, within
from chaoscli.playbook.naming import names_in
from chaoscli.playbook.nodes import MappingNode, Problems, ScalarNode, TooManyProblemsError, value_of
from chaoscli.playbook.overrides import Override, read_override
from chaoscli.playbook.parameters import PARAMETER_DOC, fill_in
from chaoscli.playbook.scene import Known
from chaoscli.playbook.script import read_faults
from chaoscli.playbook.sentences import read_sentences
from chaoscli.playbook.source import read_source
from chaoscli.playbook.variants import Script, scripts
from chaoscli.playbook.wording import read_part
from chaoscli.topology import Topology
from chaoscli.units import DURATION, format_duration

T = TypeVar("T")

# A lesson is seconds and a soak an hour; a longer run wants a load tool, not a playground.
MAX_LASTS_S = 3600.0
MAX_SEED = 2**53  # what JSON carries everywhere without loss
MIN_LASTS_S = 0.1  # shorter than any service takes to answer


def _bounded(lasts_s: float) -> float:
    if not MIN_LASTS_S <= lasts_s <= MAX_LASTS_S:
        raise ValueError(f"a play lasts from {format_duration(MIN_LASTS_S)} to {format_duration(MAX_LASTS_S)}")
    return lasts_s


_Lasts: Any = Annotated[quantity(DURATION), AfterValidator(_bounded)]
LASTS: TypeAdapter[float] = TypeAdapter(_Lasts)

HEAD: type[Part] = part(
    "Playbook",
    {
        "playbook": (Name, Field(description="the playbook's name, as `chaos run` takes it")),
        "title": (str, optional("what it shows, in one sentence")),
        "group": (str, optional("the heading it stands under in `chaos list`")),
        "teaches": (list[str], optional("the ideas it is about, as tags")),
        "lesson": (str, optional("what is going to happen and why, told before the play")),
        "notice": (str, optional("what to look for in the picture, told after the play")),
        "next": (Name, optional("the playbook to try after this one")),
        "deliberate": (list[str], optional("warnings of `chaos check` that are the point here, by their names")),
        "lasts": (_Lasts, Field(description="how long load is offered, like 12s")),
        "seed": (
            Annotated[int, AfterValidator(within(0, MAX_SEED))],
            optional("the dice of this playbook unless --seed says otherwise"),
        ),
        "include": (
            Any,
            optional("a playbook, or a list of them, whose services play here as well; its load where this has none"),
        ),
        "worlds": (list[Literal["real", "sim"]], optional("where it can be played; everywhere without")),
        "parameters": (Any, optional(PARAMETER_DOC)),
        "services": (Any, Field(description="who is on stage, and whom each of them calls")),
        "layers": (Any, optional("services by the hundred, each layer calling the next, beside those written out")),
        "load": (Any, Field(description="the requests that arrive from outside")),
        "variants": (Any, optional("named differences to try side by side: dotted path -> value")),
        "matrix": (Any, optional("variants by combination: dimension -> option -> changes, or path -> a list of values")),
        "faults": (Any, optional("what goes wrong, and when")),
        "cues": (Any, optional("what is done to services and loads, and when")),
        "abort": (Any, optional("sentences that end a variant's play at once when they come to hold")),
        "expect": (Any, optional("sentences that must hold at the end")),
    },
    "One script, its variants, and what is expected of them.",
)


@dataclass(frozen=True, slots=True)
class Read:
    """A playbook and the tree that each of its variants was read from, which knows the place of everything."""

    playbook: Playbook
    trees: tuple[MappingNode, ...]


def read_playbook(data: bytes, file: str, *, overrides: Sequence[str] = (), name: str = "") -> Playbook:
    """The playbook that ``data`` is, which includes no other. ``read_whole`` says more."""
    return read_whole(data, file, overrides=overrides, name=name).playbook


def read_whole(
    data: bytes, file: str, *, overrides: Sequence[str] = (), name: str = "", identity: str = "", fetch: Fetch | None = None
) -> Read:
    """The playbook that ``data`` is. ``file`` names it in problems; ``name`` is what names it on a command line (``file``
    without). ``fetch`` finds what it includes, ``identity`` is its own among those. Raises PlaybookError with all problems."""
    root = read_source(data, file)
    changes = [read_override(one) for one in overrides]
    problems = Problems()
    try:
        root = with_included(root, identity or file, fetch or _fetch_nothing, problems)
        # Of what could not be included nothing is known, and everybody who speaks of it would be a problem.
        read = None if len(problems) else _read(root, changes, name or file, problems)
    except TooManyProblemsError:
        read = None
    if read is None:
        raise PlaybookError(list(problems))
    return read


def _fetch_nothing(wanted: str, inside: str) -> Fetched:
    raise UsageError(f"'{wanted}' cannot be included: '{inside}' is no file", hint="write its services here")


def _read(root: MappingNode, overrides: Sequence[Override], source_name: str, problems: Problems) -> Read | None:
    """None when there are problems."""
    filled = fill_in(root, overrides, problems)
    varied, matrix = scripts(filled.tree, filled.overrides, problems)
    played = tuple(replace(script, tree=with_layers(script.tree, problems)) for script in varied)
    head = _read_head(played[0].tree, problems)
    lasts_s = _lasts_s(played[0].tree)
    known = Known()
    variants = [_read_variant(script, lasts_s, known, problems) for script in played]
    expectations = read_sentences(played[0].tree, _names(played, variants, matrix), problems)
    if len(problems):
        return None
    playbook = Playbook(
        name=head["playbook"],
        title=_line(head.get("title")) or head["playbook"],
        group=_line(head.get("group")),
        teaches=tuple(head.get("teaches", ())),
        lesson=head.get("lesson", "").strip(),
        notice=head.get("notice", "").strip(),
        next=head.get("next", ""),
        source_name=source_name,
        lasts_s=head["lasts"],
        seed=head.get("seed"),
        variants=tuple(variants),
        expectations=expectations,
        matrix=matrix,
        parameters=filled.parameters,
        deliberate=tuple(head.get("deliberate", ())),
        worlds=tuple(head.get("worlds", ())),
    )
    return Read(playbook, tuple(script.tree for script in played))


def _read_head(tree: MappingNode, problems: Problems) -> dict[str, Any]:
    """The script's own values; none of them when one is wrong."""
    top = Place(file=tree.place.file, line=tree.place.line, column=1, text=tree.place.text)
    model = read_part(HEAD, tree, top, "the playbook", problems)
    head = model.given() if model is not None else {}
    for section in ("services", "load"):
        entry = tree.entries.get(section)
        if entry is not None and isinstance(entry.value, ScalarNode | MappingNode) and not names_in(entry.value):
            problems.add(entry.key, f"'{section}' has nobody in it")
    return head


def _lasts_s(tree: MappingNode) -> float | None:
    """How long the play lasts, as far as that can be told when something else of the script is wrong."""
    node = tree.get("lasts")
    try:
        return LASTS.validate_python(value_of(node)) if node is not None else None
    except ValidationError:
        return None


def _read_variant(script: Script, lasts_s: float | None, known: Known, problems: Problems) -> Variant:
    cast = read_cast(script.tree, lasts_s, known, problems)
    places = dict(cast.places)
    faults = read_faults(script.tree, cast, lasts_s, places, problems)
    return Variant(
        name=script.name,
        topology=_with_skewed_clocks(cast.topology, faults),
        faults=faults,
        cues=read_cues(script.tree, cast, lasts_s, places, problems),
        aborts=read_aborts(script.tree, cast, problems),
        summary=script.summary,
        changes=script.changes,
    )


def _with_skewed_clocks(topology: Topology, faults: Sequence[FaultPlan]) -> Topology:
    """Whoever starts a node must know whether its clock will be set."""
    skewed = {node for plan in faults if plan.kind == "clock_skew" for node in plan.nodes}
    if not skewed:
        return topology
    return replace(topology, nodes=tuple(replace(node, skewed=node.name in skewed) for node in topology.nodes))


def _names(played: Sequence[Script], variants: Sequence[Variant], matrix: Matrix | None) -> Names:
    """Everything a sentence may speak of, in any variant."""
    nodes = [node for variant in variants for node in variant.topology.nodes]
    return Names(
        variants=tuple(variant.name for variant in variants),
        options={option: matrix.cells_of(option) for option in matrix.options} if matrix is not None else {},
        links=_once(link for variant in variants for link in variant.topology.links),
        nodes=_once(name for node in nodes if node.kind != "load" for name in (node.name, node.group) if name),
        loads=_once(node.name for node in nodes if node.kind == "load"),
        faults=_once(name for script in played for section in ("faults", "cues") for name in names_in(script.tree.get(section))),
    )


def _once(found: Iterable[T]) -> tuple[T, ...]:
    return tuple(dict.fromkeys(found))


def _line(text: str | None) -> str:
    return " ".join((text or "").split())
