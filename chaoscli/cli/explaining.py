"""Which page ``chaos explain`` shows: a topic of the reference, or a playbook's own."""

from __future__ import annotations

from chaoscli.errors import UsageError
from chaoscli.playbook.explain import explain
from chaoscli.playbook.load import load_playbook
from chaoscli.playbook.reference import TOPICS, nearest_topic, page
from chaoscli.views.explanation import ExplanationPage
from chaoscli.views.reference import ReferencePage


def page_of(name: str) -> ExplanationPage | ReferencePage:
    """UsageError for what is neither."""
    if name in TOPICS:
        return ReferencePage(page(name))
    try:
        return ExplanationPage(explain(load_playbook(name)))
    except UsageError as error:
        near = nearest_topic(name)
        if not near:
            raise
        raise UsageError(error.message, hint=f"did you mean `chaos explain {near}`?") from None


def topics() -> str:
    """What can be asked for, a line each."""
    pages = {topic: page(topic).title.partition(": ")[2] for topic in TOPICS}
    width = max(map(len, pages))
    lines = [f"chaos explain {topic.ljust(width)}  {title}" for topic, title in pages.items()]
    return "\n".join([*lines, f"chaos explain {'NAME'.ljust(width)}  a playbook: a name from `chaos list`, or a file"])
