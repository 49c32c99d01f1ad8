"""Where a proxy's API is looked for, as options that several verbs share."""

from __future__ import annotations

from typing import Annotated

import typer

# Where Toxiproxy's clients look for it.
API_HOST, API_PORT = "127.0.0.1", 8474

Host = Annotated[str, typer.Option(help="Where the proxy's API listens.")]
Port = Annotated[int, typer.Option(min=1, max=65535, help="The API's port.")]
