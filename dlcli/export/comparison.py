"""Compares an exported function with the model's own."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from dlcli.errors import DatasetError
from dlcli.notices import warn
from dlcli.runs.trained import TrainedRun

# Largest difference, relative to the largest output, by the type of the activations.
_TOLERANCE = {"float32": 1e-4, "bfloat16": 5e-2}


def largest_difference(found: np.ndarray, expected: np.ndarray, dtype: str) -> float:
    """Return the largest absolute difference between two outputs; of pixels, it may be one step of rounding.

    Args:
        found: output of the exported function.
        expected: output of the model.
        dtype: of the activations.
    """
    difference = float(np.abs(found.astype(np.float64) - expected).max())
    largest = 1.0 if expected.dtype == np.uint8 else _TOLERANCE[dtype] * max(1.0, float(np.abs(expected).max()))
    assert difference <= largest, f"the exported function differs by {difference}"
    return difference


def validation_inputs(run: TrainedRun, examples: Mapping[str, np.ndarray]) -> dict[str, np.ndarray] | None:
    """Return inputs from the first validation batch of a run, of the types and the axes of examples except the first.

    Args:
        run: the run.
        examples: an example of each input.

    Returns:
        The inputs by name; None if the batch does not have them, as those of generative models, or the data is gone.
    """
    try:
        batch = next(iter(type(run.learner).read(run.options, run.facts).validation))
    except DatasetError as error:
        warn(f"the data of the run cannot be opened, so that random inputs are compared: {error}")
        return None
    if not examples.keys() <= batch.keys():
        return None
    found = {}
    for name, example in examples.items():
        array = np.asarray(batch[name])
        if array.ndim != example.ndim or any(
            have < need for have, need in zip(array.shape[1:], example.shape[1:], strict=True)
        ):
            return None
        whole = (slice(None), *map(slice, example.shape[1:]))
        found[name] = array[whole].astype(example.dtype)
    return found
