"""The function of the trained model as StableHLO, which jax calls without dlcli on CPUs, GPUs and TPUs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from dlcli.export import destination, requirements
from dlcli.export.comparison import largest_difference
from dlcli.export.options import Export
from dlcli.runs.trained import TrainedRun

OPTIONS = ("use",)
FOLDER = False
_PLATFORMS = ("cpu", "cuda", "rocm", "tpu")


def check(options: Export, run: TrainedRun) -> None:
    """Raise `UsageError` if the run has no weights, or the package that serializes is missing."""
    requirements.weights(options, run)
    requirements.package("flatbuffers")


def export(options: Export, run: TrainedRun) -> tuple[list[Path], dict[str, Any]]:
    """Write the file; return it, the inputs and output of the function, and its difference to the run's own.

    The weights are constants of the function, and the sizes of batches and sequences are free.
    """
    import jax
    from jax import export as jax_export

    found = run.learner.inference()
    scope = jax_export.SymbolicScope(found.constraints)
    arguments = [
        jax.ShapeDtypeStruct(jax_export.symbolic_shape(each.axes, scope=scope), each.example.dtype)
        for each in found.inputs.values()
    ]
    compiled = jax.jit(lambda *inputs: found.function(*inputs))
    content = bytes(jax_export.export(compiled, platforms=_PLATFORMS)(*arguments).serialize())
    examples = [each.example for each in found.inputs.values()]
    output = np.asarray(jax_export.deserialize(bytearray(content)).call(*examples))
    difference = largest_difference(output, np.asarray(compiled(*examples)), run.options.dtype)
    inputs = {name: f"{each.example.dtype} [{each.axes}]" for name, each in found.inputs.items()}
    details: dict[str, Any] = {"inputs": inputs, "output": found.output}
    if found.constraints:
        details["constraints"] = list(found.constraints)
    return destination.write_file(options.out, content), {**details, "largest_difference": difference}
