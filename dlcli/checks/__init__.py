"""Statements of the course that a computation can prove wrong: one file each, found by its name.

A file's docstring begins with the statement; its function `check` measures and judges.
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
    """What a check found.

    Attributes:
        name: of the check.
        statement: the sentence that is checked.
        numbers: what was measured, by name; what the tolerance is for stands first.
        tolerance: bound on the first number.
        holds: whether the statement does.
    """

    name: str
    statement: str
    numbers: Mapping[str, Number]
    tolerance: float
    holds: bool

    @classmethod
    def of(cls, module: str, numbers: Mapping[str, Number], *, tolerance: float, holds: bool) -> Result:
        """Return the result of the check that is written in a module of this package, given by its `__name__`."""
        name = module.rpartition(".")[2].replace("_", "-")
        return cls(name, statement(name), numbers, tolerance, bool(holds))

    def described(self) -> dict[str, Any]:
        """Return it as JSON can hold it."""
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
