"""The function of the trained model as ONNX, compared with the run by onnxruntime before it is written.

The sizes of batches are free, and those of the sequences of recurrent networks; attention has sequences of one length,
the context, so that shorter ones are padded at their end.
"""

from __future__ import annotations

import logging
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np

from dlcli.errors import UsageError
from dlcli.export import destination, requirements
from dlcli.export.comparison import largest_difference, validation_inputs
from dlcli.export.options import Export
from dlcli.runs.trained import TrainedRun

OPTIONS = ("use",)
FOLDER = False
_LARGEST = 2**31 - 2**20  # bytes that a protocol buffer can hold, and room for the graph
_OUTPUT = "output"


def check(options: Export, run: TrainedRun) -> None:
    """Raise `UsageError` if the run has no weights, or a package is missing."""
    requirements.weights(options, run)
    for name in ("jax2onnx", "onnxruntime"):
        requirements.installed(name, extra="onnx")


def export(options: Export, run: TrainedRun) -> tuple[list[Path], dict[str, Any]]:
    """Write the file; return it, the inputs and the output of the function, and its difference to the run's own."""
    import jax2onnx

    found = run.learner.inference()
    if (size := run.restored.program.bytes) > _LARGEST:
        raise UsageError(f"an ONNX file has at most 2 GiB, and the model has {size / 2**30:.1f} GiB")
    fixed = {constraint.split()[0] for constraint in found.constraints}
    axes = {name: _axes(each.axes, each.example, fixed) for name, each in found.inputs.items()}
    specs = [SimpleNamespace(shape=axes[name], dtype=each.example.dtype) for name, each in found.inputs.items()]
    with _quiet(), _default_platform():
        model = jax2onnx.to_onnx(
            lambda *inputs: found.function(*inputs),
            specs,
            model_name=run.technique,
            input_names=list(found.inputs),
            output_names=[_OUTPUT],
        )
        content = model.SerializeToString()
        difference, compared = _compare(content, run, found)
    inputs = {name: f"{each.example.dtype} [{', '.join(map(str, axes[name]))}]" for name, each in found.inputs.items()}
    details = {"inputs": inputs, "output": found.output, "compared_on": compared, "largest_difference": difference}
    return destination.write_file(options.out, content), details


def _axes(text: str, example: np.ndarray, fixed: set[str]) -> tuple[int | str, ...]:
    """Return the sizes of the axes of an input: a name for any size, or the size of the example if it is fixed."""
    names = [each.strip() for each in text.split(",")]
    pairs = zip(names, example.shape, strict=True)
    return tuple(size if name.isdecimal() or name in fixed else name for name, size in pairs)


def _compare(content: bytes, run: TrainedRun, found: Any) -> tuple[float, str]:
    """Return the largest difference of the outputs, and on what they were compared."""
    import onnxruntime

    onnxruntime.set_default_logger_severity(3)
    session = onnxruntime.InferenceSession(content, providers=["CPUExecutionProvider"])
    examples = {name: each.example for name, each in found.inputs.items()}
    larger = {name: np.concatenate([each, each[:1]]) for name, each in examples.items()}
    cases = [examples, larger]
    compared = "random inputs"
    if (held_out := validation_inputs(run, examples)) is not None:
        cases.append(held_out)
        compared = f"{len(next(iter(held_out.values()))):,} validation examples"
    return max(_difference(session, inputs, run, found) for inputs in cases), compared


def _difference(session: Any, inputs: Mapping[str, np.ndarray], run: TrainedRun, found: Any) -> float:
    (output,) = session.run([_OUTPUT], dict(inputs))
    return largest_difference(output, np.asarray(found.function(*inputs.values())), run.options.dtype)


@contextmanager
def _default_platform() -> Iterator[None]:
    """Take the default of code that depends on the platform, for which jax2onnx has no converter."""
    import jax

    before = jax.lax.platform_dependent
    jax.lax.platform_dependent = lambda *arguments, default, **_: default(*arguments)
    try:
        yield
    finally:
        jax.lax.platform_dependent = before


@contextmanager
def _quiet() -> Iterator[None]:
    """Suppress the warnings of the converter: about parts of it that need other packages, and old uses of flax."""
    before = logging.root.manager.disable
    logging.disable(logging.WARNING)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(before)
