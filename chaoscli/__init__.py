"""chaoscli: a playground for distributed failure. This is the map of the house.

A run goes one way through it: *load* (``playbook``), *stage* (``worlds``), *conduct* (``conductor``, ``play``), *record*
(``recording``), *judge* (``measures``, ``checks``, ``outcome``), *show* (``views``, ``reports``). Imports go down its floors:

====================  ====================================================================================================
words                 ``errors units compact dice settings card_numbers messages tracing events event_lines topology traffic
                      environment`` and ``faults.base``: what everybody speaks
thought, pure         ``faults`` harms · ``resilience`` how callers call · ``load`` when and what · ``measures recording
                      outcome exploration checks`` what it came to · ``playbook`` text to meaning
motion                ``net`` streams, HTTP, channels · ``proxy`` one engine, its links and faults · ``control`` Toxiproxy's
                      API · ``services`` the shop
stages                ``worlds``: nodes behind a board of proxies
lead                  ``conductor`` one variant · ``play`` all of them, side by side · ``explore`` thousands, in search
faces                 ``views`` a recording as it grows, and at the end · ``reports`` written down
doors                 ``cli``: one verb, one file · ``python``: the same for programs · ``pytest_plugin``
====================  ====================================================================================================

Pure means: time and dice are arguments, and nothing awaits, opens or reads a clock. ``tests/test_layers.py`` holds all this.

Programs begin with ``chaoscli.playground`` and ``chaoscli.proxy_to``; what is named in ``__all__`` is public, and imported when
it is first asked for.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from chaoscli.errors import ChaosError as ChaosError
    from chaoscli.python.playgrounds import playground as playground
    from chaoscli.python.proxies import BlockingProxy as BlockingProxy
    from chaoscli.python.proxies import Proxy as Proxy
    from chaoscli.python.proxies import proxy_to as proxy_to
    from chaoscli.python.reply import Reply as Reply
    from chaoscli.python.shop import BlockingShop as BlockingShop
    from chaoscli.python.shop import Shop as Shop

__version__ = "0.1.0"

_PUBLIC = {
    "ChaosError": "chaoscli.errors",
    "playground": "chaoscli.python.playgrounds",
    "BlockingProxy": "chaoscli.python.proxies",
    "Proxy": "chaoscli.python.proxies",
    "proxy_to": "chaoscli.python.proxies",
    "Reply": "chaoscli.python.reply",
    "BlockingShop": "chaoscli.python.shop",
    "Shop": "chaoscli.python.shop",
}
__all__ = list(_PUBLIC)


def __getattr__(name: str) -> object:
    if name not in _PUBLIC:
        raise AttributeError(f"module 'chaoscli' has no attribute '{name}'")
    return getattr(import_module(_PUBLIC[name]), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
