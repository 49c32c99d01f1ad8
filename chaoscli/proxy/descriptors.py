"""Room for thousands of connections: two descriptors each, where a process may have a thousand by default."""

from __future__ import annotations

import contextlib
import resource

# Thirty thousand connections: more than one engine serves, and less than any system's own limit.
MOST_DESCRIPTORS = 65_536


def allow_many() -> int:
    """Raise this process's own limit as far as it may go, and say where it is now."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = MOST_DESCRIPTORS if hard == resource.RLIM_INFINITY else min(hard, MOST_DESCRIPTORS)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        with contextlib.suppress(OSError, ValueError):  # some systems say they would allow more than they do
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
    return resource.getrlimit(resource.RLIMIT_NOFILE)[0]
