"""What stands between a measure's parentheses: whose, of what, ended how."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from chaoscli.checks.hints import unknown
from chaoscli.checks.sentence import ExpectationError, Names
from chaoscli.measures.base import Measure, Scope, Taking
from chaoscli.measures.latency import RESULT_WORDS
from chaoscli.topology import Link

_EXAMPLES: Mapping[Taking, str] = {
    "load": "a load",
    "link": "a link (order -> inventory)",
    "node": "a node",
    "result": "a result (failures, any, timeout)",
    "what": "a fact (stock reserved, charged)",
}


class Arguments:
    """Reads the arguments of one measure, in a sentence that ``begins_with_variants`` or does not."""

    def __init__(self, measure: Measure, names: Names, begins_with_variants: bool) -> None:
        self._measure = measure
        self._names = names
        self._given: dict[str, str | Link] = {}
        # A variant called "timeout" is a result's word as well; where the sentence began with variants, that is meant.
        self._variant_last = begins_with_variants

    def read(self, parts: Sequence[tuple[str, int]]) -> tuple[Scope, str]:
        """The scope they make, and the variant they name or "". Each part comes with where it stands in the sentence."""
        for part, offset in parts:
            argument = part.strip()
            place = offset + len(part) - len(part.lstrip())
            role, value = self._role(argument, place)
            self._put(role, value, argument, place)
        given = dict(self._given)
        variant = given.pop("variant", "")
        return Scope(**given), str(variant)  # type: ignore[arg-type]

    def _role(self, argument: str, offset: int) -> tuple[str, str | Link]:
        if "->" in argument:
            return "link", self._link(argument, offset)
        known: dict[str, Iterable[str]] = {"load": self._names.loads, "node": self._names.nodes, "result": RESULT_WORDS}
        roles: list[str] = [role for role, words in known.items() if role in self._measure.takes and argument in words]
        if argument in self._names.variants:
            roles.insert(len(roles) if self._variant_last else 0, "variant")
        if roles:
            return next((role for role in roles if role not in self._given), roles[0]), argument
        if "what" in self._measure.takes and argument and (not self._names.facts or argument in self._names.facts):
            return "what", argument
        raise self._not_taken(argument, offset)

    def _link(self, argument: str, offset: int) -> Link:
        known = [str(link) for link in self._names.links]
        text = " -> ".join(part.strip() for part in argument.split("->"))
        if text not in known:
            raise unknown("link", text, known, offset, len(argument))
        return Link.parse(text)

    def _put(self, role: str, value: str | Link, argument: str, offset: int) -> None:
        name = self._measure.name
        if role not in {"variant", *self._measure.takes}:
            raise ExpectationError(
                f"'{name}' is not measured of a {role}", offset=offset, width=len(argument), hint=self._takes()
            )
        places = {"link", "load", "node"}
        if role == "variant" and role in self._given:
            raise ExpectationError(f"'{name}' is measured in one variant at a time", offset=offset, width=len(argument))
        if role in self._given or (role in places and places & set(self._given)):
            raise ExpectationError(f"'{name}' is measured of one thing at a time", offset=offset, width=len(argument))
        self._given[role] = value

    def _not_taken(self, argument: str, offset: int) -> ExpectationError:
        known = {"load": self._names.loads, "node": self._names.nodes, "what": self._names.facts}
        others = [role for role, names in known.items() if role not in self._measure.takes and argument in names]
        if others:
            message = f"'{self._measure.name}' is not measured of a {others[0]}"
            return ExpectationError(message, offset=offset, width=len(argument), hint=self._takes())
        choices = [*self._names.variants, *(str(link) for link in self._names.links if "link" in self._measure.takes)]
        choices += [name for role, names in known.items() if role in self._measure.takes for name in names]
        choices += RESULT_WORDS if "result" in self._measure.takes else ()
        return unknown("argument", argument, choices, offset, len(argument), listed=self._takes())

    def _takes(self) -> str:
        takes = [example for role, example in _EXAMPLES.items() if role in self._measure.takes]
        return f"it takes a variant, {', '.join(takes)}"
