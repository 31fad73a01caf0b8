"""Errors that a user can act on, each with its exit code. Every other exception is a bug (exit code 1).

UserError
├── UsageError       2   an option or argument
├── DatasetError     3   data that is missing or malformed
├── RunError         4   a run folder or a checkpoint
├── DivergedError    5   a value that is not finite
├── DeviceError      6   a device that is missing or out of memory
├── DiskError        7   a disk that is full or read-only
├── CheckFailed      8   a statement of the course that does not hold
└── LostError        9   another process of the run that ended or does not respond
"""

from __future__ import annotations


class UserError(Exception):
    """An invalid input or environment: the message states what must hold and what was found.

    Attributes:
        exit_code: of the command.
        kind: name of the kind of error in JSON output.
        hint: how to solve the problem; may be empty.
        reported: whether the JSON on standard output has already reported the error.
    """

    exit_code = 1
    kind = "bug"
    reported = False

    def __init__(self, message: str, *, hint: str = ""):
        super().__init__(message)
        self.hint = hint


class UsageError(UserError):
    """An option or argument that is not valid."""

    exit_code = 2
    kind = "usage"


class DatasetError(UserError):
    """A data set is missing, empty or malformed."""

    exit_code = 3
    kind = "data"


class RunError(UserError):
    """A run folder cannot be read, or is not compatible with the program."""

    exit_code = 4
    kind = "run"


class DivergedError(UserError):
    """A metric or a parameter is not finite."""

    exit_code = 5
    kind = "diverged"


class DeviceError(UserError):
    """A device is not available, or has too little memory."""

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


class LostError(UserError):
    """Another process of the run ended, or does not respond."""

    exit_code = 9
    kind = "lost"
