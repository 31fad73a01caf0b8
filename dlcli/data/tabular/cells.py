"""Cells of a table of numbers."""

from __future__ import annotations

import math

from dlcli.data.labels import MISSING, visible

LONGEST_NAME = 255  # characters in the name of a column or a class
LARGEST = 1e100  # absolute value of a number, so that sums of squares are finite


def number(cell: str) -> float | None:
    """Return the finite number in a cell, or None if it contains something else."""
    try:
        found = float(cell)
    except ValueError:
        return None
    # Python reads 1_000 as a number; other tools do not.
    return found if math.isfinite(found) and abs(found) <= LARGEST and "_" not in cell else None


def is_missing(cell: str) -> bool:
    """Return whether a cell contains no value: it is empty, or a usual spelling of a missing value."""
    return not cell.strip() or cell.strip() in MISSING or cell.strip() == "?"


def problem(cell: str, column: str) -> str:
    """Return what is wrong with a cell that is not a number, as the end of a sentence."""
    if is_missing(cell):
        return f"has no value in column {visible(column)}"
    if number(cell.replace(",", ".")) is not None:
        return f"must have a number in column {visible(column)}, found {visible(cell)}: write a decimal point"
    return f"must have a number in column {visible(column)}, found {visible(cell[:40])}"
