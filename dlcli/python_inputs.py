"""Inputs of a Python call as the commands take them: a list of paths, strings or arrays."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from dlcli.errors import UsageError


def listed(inputs: Any, technique: str) -> list[Any]:
    """Return one or several inputs as a list; a stack of images is as many of them."""
    if technique == "mlp":
        return _rows(inputs)
    if isinstance(inputs, str | Path):
        return [inputs]
    if hasattr(inputs, "shape"):
        import numpy as np

        array = np.asarray(inputs)
        several = array.ndim == 4 or (array.ndim == 3 and array.shape[-1] > 4)
        return list(array) if several else [array]
    if technique == "cnn":
        import numpy as np

        return [each if isinstance(each, str | Path) else np.asarray(each) for each in inputs]
    return list(inputs)


def _rows(inputs: Any) -> list[Any]:
    """Return rows of numbers as a list: strings and paths as strings, numbers [feature] or [row, feature] as arrays."""
    import numpy as np

    if isinstance(inputs, str | Path):
        return [str(inputs)]
    given = inputs if hasattr(inputs, "shape") else list(inputs)
    if any(isinstance(each, str | Path) for each in given):
        return list(map(str, given))
    try:
        return list(np.atleast_2d(np.asarray(given, np.float64)))
    except (TypeError, ValueError) as error:
        raise UsageError(f"rows must be strings, or numbers [feature] or [row, feature]: {error}") from error
