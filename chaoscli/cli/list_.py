"""``chaos list``: the playbooks that come with chaoscli, in the order of a course."""

from __future__ import annotations

from chaoscli.cli.guard import guarded


def list_() -> None:
    """List the playbooks that are shipped, by what they teach."""

    def verb() -> int:
        from chaoscli.cli.output import Output
        from chaoscli.playbook.explain import listed
        from chaoscli.views.listing import Listing

        Output().print(Listing(listed()))
        return 0

    guarded(verb)
