"""What the shell offers behind <Tab>."""

from __future__ import annotations


def playbook_names(incomplete: str) -> list[str]:
    """The shipped playbooks that begin so. Files are the shell's own business."""
    from chaoscli.playbook.load import shipped

    return [one.name for one in shipped() if one.name.startswith(incomplete)]
