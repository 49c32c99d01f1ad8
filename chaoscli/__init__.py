"""chaoscli: a playground for distributed failure."""

__version__ = "0.1.0"
