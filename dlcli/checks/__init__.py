"""Statements of the course that a computation can refute: one file each, found by its name.

The docstring of a file begins with the statement; its function `check` returns the `Result`.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

from dlcli import discovery
from dlcli.nearest import chosen

Number = float | int | None


@dataclasses.dataclass(frozen=True)
class Result:
    """The result of a check.

    Attributes:
        name: of the check.
        statement: the checked sentence.
        numbers: the measurements by name; the tolerance applies to the first.
        tolerance: upper bound of the first number.
        holds: whether the statement holds.
    """

    name: str
    statement: str
    numbers: Mapping[str, Number]
    tolerance: float
    holds: bool

    @classmethod
    def of(cls, module: str, numbers: Mapping[str, Number], *, tolerance: float, holds: bool) -> Result:
        """Return the result of a check, given the `__name__` of its module."""
        name = module.rpartition(".")[2].replace("_", "-")
        return cls(name, statement(name), numbers, tolerance, bool(holds))

    def described(self) -> dict[str, Any]:
        """Return the result as JSON values."""
        return {**dataclasses.asdict(self), "numbers": dict(self.numbers)}


def names() -> list[str]:
    """Return the names of all checks, in alphabetical order, without importing any."""
    return discovery.names(__name__)


def statement(name: str) -> str:
    """Return the statement that a check measures, without importing it."""
    return discovery.summary(__name__, name)


def run(name: str) -> Result:
    """Measure a statement; this loads what the check needs.

    Raises:
        UsageError: there is no check of this name.
    """
    found: Result = discovery.load(__name__, chosen("IDENTITY", name, names())).check()
    return found
