"""Warnings to the user; the command line prints each as one line."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager


class Notice(UserWarning):
    """A problem that was handled, and that does not stop the work."""


def warn(message: str) -> None:
    """Issue a `Notice` through the warnings module, so that callers of the library can filter or raise it."""
    warnings.warn(message, Notice, stacklevel=3)


@contextmanager
def silenced() -> Iterator[None]:
    """Suppress notices within the block, such as those of data that is opened a second time."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", Notice)
        yield
