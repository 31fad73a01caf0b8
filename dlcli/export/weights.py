"""The weights of a trained model: arrays by parameter path."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from dlcli import __version__
from dlcli.errors import UsageError
from dlcli.files import as_json
from dlcli.runs.trained import TrainedRun

FORMAT = 1  # version of the metadata and of the names


def parameters(run: TrainedRun) -> dict[str, np.ndarray]:
    """Return the parameters and batch statistics of the trained model by path, such as "stack.blocks.0.norms.0.scale".

    The model has averaged weights if the technique averages them. Of a GAN, it is the generator.
    """
    import jax
    from flax import nnx

    state = nnx.state(run.learner.trained_model(), nnx.Any(nnx.Param, nnx.BatchStat))
    leaves, _ = jax.tree_util.tree_flatten_with_path(state)
    named = {jax.tree_util.keystr(path, simple=True, separator="."): leaf for path, leaf in leaves}
    return {name.removesuffix(".value"): np.asarray(leaf) for name, leaf in named.items()}


def cast(arrays: Mapping[str, np.ndarray], dtype: str) -> dict[str, np.ndarray]:
    """Return floating-point arrays in another type, contiguous in memory, and other arrays unchanged.

    Raises:
        UsageError: a finite value is too large for the type.
    """
    import ml_dtypes

    wanted = np.dtype(ml_dtypes.bfloat16 if dtype == "bfloat16" else dtype)
    found = {}
    for name, array in arrays.items():
        with np.errstate(over="ignore"):
            is_float = np.issubdtype(array.dtype, np.floating)
            found[name] = np.ascontiguousarray(array.astype(wanted) if is_float else array)
        if is_float and not np.isfinite(found[name].astype(np.float32)[np.isfinite(array)]).all():
            largest = float(np.abs(array).max())
            raise UsageError(f"{name} has a weight of {largest:.3g}, too large for --dtype {dtype}; use bfloat16")
    return found


def metadata(run: TrainedRun) -> dict[str, str]:
    """Return what rebuilds the model, as safetensors metadata: technique, options and facts as JSON, and versions."""
    return {
        "dlcli_version": __version__,
        "format_version": str(FORMAT),
        "technique": run.technique,
        "use": run.use,
        "options": _json(run.files.raw("options.json")),
        "facts": _json(run.files.raw("facts.json")),
    }


def _json(value: Mapping[str, Any]) -> str:
    return as_json(dict(value))
