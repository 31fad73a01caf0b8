"""Errors a user can act on, each with its exit code. Everything else is a bug (exit 1).

UserError
├── UsageError       2   an option or argument
├── DatasetError     3   data that is missing or malformed
├── RunError         4   a run folder or a checkpoint
├── DivergedError    5   a value stopped being finite
├── DeviceError      6   a device that is missing or out of memory
├── DiskError        7   a disk that is full or read-only
└── CheckFailed      8   a statement that does not hold
"""

from __future__ import annotations


class UserError(Exception):
    """A wrong input or environment: the message says what must hold, what was found, what to do.

    Attributes:
        told: whether the JSON on standard output has said it already, which holds one object an answer.
    """

    exit_code = 1
    kind = "fault"
    told = False

    def __init__(self, message: str, *, hint: str = ""):
        super().__init__(message)
        self.hint = hint


class UsageError(UserError):
    """An option or argument that cannot be used as given."""

    exit_code = 2
    kind = "usage"


class DatasetError(UserError):
    """A data set is missing, empty or of the wrong form."""

    exit_code = 3
    kind = "data"


class RunError(UserError):
    """A run folder cannot be read, or does not fit the program."""

    exit_code = 4
    kind = "run"


class DivergedError(UserError):
    """A metric or a parameter stopped being a finite number."""

    exit_code = 5
    kind = "diverged"


class DeviceError(UserError):
    """A device was demanded that is not there, or its memory does not suffice."""

    exit_code = 6
    kind = "device"


class DiskError(UserError):
    """A file cannot be written: the disk is full or read-only."""

    exit_code = 7
    kind = "disk"


class CheckFailed(UserError):
    """A statement of the course does not hold within its tolerance."""

    exit_code = 8
    kind = "check"
