"""Statements of the course that a computation can refute: one file each, found by its name.

The docstring of a file begins with the statement and has paragraphs that start with "Formula:" and "Reference:"; its
function `check` returns the `Result`.
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


@dataclasses.dataclass(frozen=True)
class Explanation:
    """What a check verifies.

    Attributes:
        name: of the check.
        statement: the checked sentence.
        formula: the statement in symbols.
        reference: paper or book, with the equation or section.
        details: how it is measured; may be empty.
    """

    name: str
    statement: str
    formula: str
    reference: str
    details: str


def explanation(name: str) -> Explanation:
    """Return statement, formula and source of a check, without importing it.

    Raises:
        UsageError: there is no check of this name.
    """
    name = chosen("IDENTITY", name, names())
    first, *others = discovery.paragraphs(__name__, name)
    named = {
        label: each.removeprefix(f"{label}: ")
        for each in others
        for label in ("Formula", "Reference")
        if each.startswith(f"{label}: ")
    }
    details = " ".join(each for each in others if not each.startswith(("Formula: ", "Reference: ")))
    return Explanation(name, first, named["Formula"], named["Reference"], details)


def run(name: str) -> Result:
    """Measure a statement; this loads what the check needs.

    Raises:
        UsageError: there is no check of this name.
    """
    found: Result = discovery.load(__name__, chosen("IDENTITY", name, names())).check()
    return found
