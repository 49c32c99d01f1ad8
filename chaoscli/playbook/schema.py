"""The JSON Schema of playbooks, for editors: the very models that playbooks are read with, put together.

It says what may be written where, with the help of every key; what only makes sense together (a fault's aim, a call to a
service that is there, the words of an expectation) is for ``chaos check``.
"""

from __future__ import annotations

from typing import Any

from pydantic.json_schema import models_json_schema

from chaoscli.faults.catalogue import FAULTS
from chaoscli.faults.datagrams.catalogue import DATAGRAM_FAULTS
from chaoscli.load.settings import Load
from chaoscli.playbook.cue_kinds import CUES
from chaoscli.playbook.cueing import cue_part
from chaoscli.playbook.foreign import foreign_part
from chaoscli.playbook.layers import LAYERS
from chaoscli.playbook.model import Part, settings_part
from chaoscli.playbook.one_service import service_part
from chaoscli.playbook.parameters import PARAMETER
from chaoscli.playbook.read import HEAD
from chaoscli.playbook.script import fault_part
from chaoscli.resilience.policy import Policy
from chaoscli.services.catalogue import KINDS
from chaoscli.services.foreign import COMMAND, FOREIGN

Schema = dict[str, Any]

_DIALECT = "https://json-schema.org/draft/2020-12/schema"
_REFERENCE = "#/$defs/{model}"

# A variant's change may be any value: what stands at the end of its path decides.
_CHANGES = {"summary": {"type": "string", "description": "what is different, in a few words"}}
_WHOM = "whom it calls, at ${url.NAME} or NAME_URL: `db`, or `db:admin` for a port of it"
_TEXT = {"anyOf": [{"type": "string"}, {"type": "number"}, {"type": "boolean"}]}
_NAMES = {"type": "array", "items": {"type": "string"}}
_BLANK = {"type": "string", "pattern": r"\$\{"}
_ANY_SERVICE = "AnyService"


def playbook_schema() -> Schema:
    """A JSON Schema (draft 2020-12) that every right playbook fits."""
    whole: Schema = _with_blanks(language_schema())
    return whole


def language_schema() -> Schema:
    """The same without the ``${parameter}`` that may stand for any value."""
    services = {kind: service_part(kind) for kind in KINDS}
    foreign = {kind: foreign_part(kind) for kind in FOREIGN}
    faults = {kind: fault_part(kind) for kind in FAULTS}
    faults |= {f"{kind} of datagrams": fault_part(kind, datagrams=True) for kind in DATAGRAM_FAULTS}
    cues = {kind: cue_part(kind) for kind in CUES}
    policy, load = settings_part(Policy), settings_part(Load)
    references, definitions = _collected(
        [HEAD, PARAMETER, LAYERS, policy, load, *services.values(), *foreign.values(), *faults.values(), *cues.values()]
    )
    for part in services.values():
        definitions[_name(references[part])]["properties"]["calls"] = _calls(references[policy])
    commands: Schema = definitions[_name(references[load])]["properties"]
    commands["command"] = _words(commands["command"])
    commands["env"] |= _optional({"type": "object", "additionalProperties": _TEXT})
    health: Schema = definitions["Health"]["properties"]
    health["command"] = _words(health["command"])
    command: Schema = definitions[_name(references[foreign[COMMAND]])]["properties"]
    command["command"] = _words(command["command"])
    command["env"] |= _optional({"type": "object", "additionalProperties": _TEXT})
    command["calls"] = _NAMES | {"description": _WHOM}
    head: Schema = definitions.pop(_name(references[HEAD]))
    definitions[_ANY_SERVICE] = _any_service(
        [references[part] for part in services.values()], [references[part] for part in foreign.values()]
    )
    properties: Schema = head["properties"]
    properties["services"] |= _services({kind: references[part] for kind, part in services.items()})
    layered: Schema = definitions[_name(references[LAYERS])]["properties"]
    layered["service"] |= references[services["hop"]]
    layered["calls"] |= references[policy]
    layered["entry_calls"] |= references[policy]
    properties["layers"] |= references[LAYERS]
    properties["load"] |= {"type": "object", "additionalProperties": references[load], "minProperties": 1}
    properties["include"] |= {"anyOf": [{"type": "string"}, _NAMES]}
    properties["parameters"] |= _optional({"type": "object", "additionalProperties": _short_or(references[PARAMETER])})
    changes = _optional({"type": "object", "properties": _CHANGES})
    dimension = {
        "anyOf": [{"type": "object", "additionalProperties": changes, "minProperties": 1}, {"type": "array", "minItems": 1}]
    }
    properties["matrix"] |= _optional({"type": "object", "additionalProperties": dimension, "minProperties": 1})
    properties["variants"] |= _optional({"type": "object", "additionalProperties": changes})
    properties["faults"] |= _optional({"type": "array", "items": {"anyOf": [references[part] for part in faults.values()]}})
    properties["cues"] |= _optional({"type": "array", "items": {"anyOf": [references[part] for part in cues.values()]}})
    rule = {"type": "string"}
    properties["abort"] |= _optional({"anyOf": [rule, {"type": "array", "items": rule}]})
    properties["expect"] |= _optional({"type": "array", "items": _sentence()})
    # Who plays may come from what is included.
    needed = [one for one in head.pop("required") if one not in ("services", "load")]
    ways = [["include"], ["services", "load"], ["layers", "load"]]
    head |= {"required": needed, "anyOf": [{"required": way} for way in ways]}
    return {"$schema": _DIALECT, **head, "$defs": dict(sorted(definitions.items()))}


def _with_blanks(schema: Any) -> Any:
    """A number, a truth or one of some words may also be written as a parameter; texts and quantities are texts anyway."""
    if isinstance(schema, list):
        return [_with_blanks(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    made = {key: one if key in ("examples", "default", "enum") else _with_blanks(one) for key, one in schema.items()}
    if schema.get("type") not in ("integer", "number", "boolean") and not _is_choice(schema):
        return made
    told = {key: made.pop(key) for key in ("description", "default") if key in made}
    return {**told, "anyOf": [made, _BLANK]}


def _is_choice(schema: Schema) -> bool:
    return "enum" in schema and any(isinstance(word, str) and word != "none" for word in schema["enum"])


def _short_or(whole: Schema) -> Schema:
    """One value, or the mapping that it is short for."""
    return {"anyOf": [whole, {"type": ["string", "number", "boolean"]}]}


def _collected(parts: list[type[Part]]) -> tuple[dict[type[Part], Schema], Schema]:
    """A reference to each model, and the definitions they refer to."""
    found, whole = models_json_schema([(part, "validation") for part in parts], ref_template=_REFERENCE)
    return {part: found[part, "validation"] for part in parts}, {name: _tidied(one) for name, one in whole["$defs"].items()}


def _tidied(schema: Any) -> Any:
    """Without the titles that only repeat a key; and what may be off may be written `none`."""
    if isinstance(schema, list):
        return [_tidied(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    if schema == {"type": "null"}:
        return {"enum": ["none", None]}
    return {key: _tidied(one) for key, one in schema.items() if not (key == "title" and isinstance(one, str))}


def _name(reference: Schema) -> str:
    return str(reference["$ref"]).rpartition("/")[2]


def _any_service(kinds: list[Schema], foreign: list[Schema]) -> Schema:
    """One of ours says what kind it is; one that is not has a command or an address."""
    return {"anyOf": [{"type": "object", "required": ["kind"], "anyOf": kinds}, *foreign]}


def _services(kinds: dict[str, Schema]) -> Schema:
    """A service by the name of a kind is of that kind, unless it says otherwise; any other has to say."""
    anyone = {"$ref": _REFERENCE.format(model=_ANY_SERVICE)}
    known = {kind: _optional({"anyOf": [reference, anyone]}) for kind, reference in kinds.items()}
    return {"type": "object", "properties": known, "additionalProperties": anyone, "minProperties": 1}


def _calls(policy: Schema) -> Schema:
    doc = "whom it calls, and how: a policy for each, or a list of names for the usual one"
    return {"description": doc, "anyOf": [_NAMES, {"type": "object", "additionalProperties": _optional(policy)}]}


def _sentence() -> Schema:
    """``success > 90%``, or ``naive: success > 90%``, which YAML reads as a mapping of one key."""
    one = {"type": "object", "additionalProperties": {"type": "string"}, "minProperties": 1, "maxProperties": 1}
    return {"anyOf": [{"type": "string"}, one]}


def _words(schema: Schema) -> Schema:
    """A command: words, of which numbers need no quotes, or one line that is split as a shell would."""
    words = {"type": "array", "items": _TEXT, "minItems": 1}
    return {"description": schema["description"], "anyOf": [words, {"type": "string"}]}


def _optional(schema: Schema) -> Schema:
    return {"anyOf": [schema, {"type": "null"}]}
