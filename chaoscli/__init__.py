"""chaoscli: a playground for distributed failure. This is the map of the house.

A run goes one way through it: *load* (``playbook``), *stage* (``worlds``), *conduct* (``conductor``, ``play``), *record*
(``recording``), *judge* (``measures``, ``checks``, ``outcome``), *show* (``views``, ``reports``). Imports go down its floors:

====================  ====================================================================================================
words                 ``errors units dice settings messages tracing events event_lines topology traffic faults.base``:
                      what everybody speaks
thought, pure         ``faults`` harms · ``resilience`` how callers call · ``load`` when and what · ``measures recording
                      outcome checks`` what it came to · ``playbook`` text to meaning
motion                ``net`` streams, HTTP, channels · ``proxy`` one engine, its links and faults · ``control`` Toxiproxy's
                      API · ``services`` the shop
stages                ``worlds``: nodes behind a board of proxies
lead                  ``conductor`` one variant · ``play`` all of them, side by side
faces                 ``views`` a recording as it grows, and at the end · ``reports`` written down
doors                 ``cli``: one verb, one file
====================  ====================================================================================================

Pure means: time and dice are arguments, and nothing awaits, opens or reads a clock. ``tests/test_layers.py`` holds all this.
"""

__version__ = "0.1.0"
