"""What the user should know though the work goes on; the command line prints it as one line."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager


class Notice(UserWarning):
    """Something was not as it should be, and was dealt with."""


def warn(message: str) -> None:
    """Tell the caller's user, through Python's warnings, so that a library caller can filter or raise it."""
    warnings.warn(message, Notice, stacklevel=3)


@contextmanager
def unsaid() -> Iterator[None]:
    """Leave out what is said within the block: of data that are opened again it has been said before."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", Notice)
        yield
