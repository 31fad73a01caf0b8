"""What the user should know though the work goes on; the command line prints it as one line."""

from __future__ import annotations

import warnings


class Notice(UserWarning):
    """Something was not as it should be, and was dealt with."""


def warn(message: str) -> None:
    """Tell the caller's user, through Python's warnings, so that a library caller can filter or raise it."""
    warnings.warn(message, Notice, stacklevel=3)
