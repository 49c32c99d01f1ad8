"""Numbers over a recording: one file for each family, ``catalogue.py`` for all of them by name."""
