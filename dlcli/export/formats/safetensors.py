"""Weights by parameter path; options and data facts are in the metadata."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from dlcli.export import destination, requirements, weights
from dlcli.export.options import Export
from dlcli.runs.trained import TrainedRun

OPTIONS = ("use", "dtype")
FOLDER = False
check = requirements.weights


def export(options: Export, run: TrainedRun) -> tuple[list[Path], dict[str, Any]]:
    """Write the file; return it and the number of parameters."""
    from safetensors.numpy import save

    arrays = weights.cast(weights.parameters(run), options.dtype)
    written = destination.write_file(options.out, save(arrays, metadata=weights.metadata(run)))
    return written, {"tensors": len(arrays), "parameters": sum(array.size for array in arrays.values())}
