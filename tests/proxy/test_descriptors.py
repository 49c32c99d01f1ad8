from __future__ import annotations

import subprocess
import sys

PROGRAM = """
import resource
from chaoscli.proxy.descriptors import allow_many
_, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
hard = min(hard, 5000) if hard != resource.RLIM_INFINITY else 5000
resource.setrlimit(resource.RLIMIT_NOFILE, (256, hard))
assert allow_many() == hard
assert allow_many() == hard
assert resource.getrlimit(resource.RLIMIT_NOFILE) == (hard, hard)
"""


def test_a_process_takes_all_the_descriptors_it_may_have() -> None:
    subprocess.run([sys.executable, "-c", PROGRAM], check=True)
