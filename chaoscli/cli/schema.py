"""``chaos schema``: the JSON Schema of playbooks, for editors that complete and explain."""

from __future__ import annotations

from chaoscli.cli.guard import guarded


def schema() -> None:
    """Print the JSON Schema of playbooks.

    For editors with a YAML language server: chaos schema > chaos.schema.json, and at the top of a playbook
    "# yaml-language-server: $schema=chaos.schema.json".
    """

    def verb() -> int:
        import json

        from chaoscli.playbook.schema import playbook_schema

        print(json.dumps(playbook_schema(), indent=2, ensure_ascii=False))
        return 0

    guarded(verb)
