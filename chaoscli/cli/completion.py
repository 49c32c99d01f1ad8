"""What the shell offers behind <Tab>."""

from __future__ import annotations


def playbook_names(incomplete: str) -> list[str]:
    """The shipped playbooks that begin so. Files are the shell's own business."""
    from chaoscli.playbook.load import shipped

    return [one.name for one in shipped() if one.name.startswith(incomplete)]


def playbook_names_and_topics(incomplete: str) -> list[str]:
    """What can be explained."""
    from chaoscli.playbook.reference import TOPICS

    return [*playbook_names(incomplete), *(topic for topic in TOPICS if topic.startswith(incomplete))]
