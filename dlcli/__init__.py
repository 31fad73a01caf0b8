"""A deep-learning laboratory for the terminal."""

__version__ = "0.2.0"
