"""The plan of a run: what it does and costs, measured by a few steps that are discarded."""

from __future__ import annotations

import dataclasses
import itertools
import shutil
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from statistics import median
from typing import Any

import jax

from dlcli.engine import devices
from dlcli.engine.initialization import Taken, initial
from dlcli.engine.layers import Layer, layers
from dlcli.engine.learner import Learner
from dlcli.engine.loop import prepared, validated
from dlcli.engine.prefetch import prefetch, train_batches
from dlcli.engine.program import Leaves, Program
from dlcli.interface import Batch, Data
from dlcli.options.common import FitOptions
from dlcli.paths import nearest_existing
from dlcli.runs import new

_MEASURED = 5  # steps


@dataclasses.dataclass(frozen=True)
class Plan:
    """The content and the cost of a run.

    Attributes:
        options: with `--epochs` turned into steps and the run folder named.
        device: name and number, such as "2 × cpu".
        sizes: number of examples in each split.
        validated: number of validation examples that each validation measures.
        parameters: number of parameters.
        frozen: how many of them are not updated.
        taken: what the first weights take from another run.
        flops: FLOPs per step (XLA's estimate); None if unknown.
        bytes: memory traffic per step in bytes (XLA's estimate); None if unknown.
        checkpoint: size of one checkpoint in bytes.
        checkpoints: maximum number of checkpoints kept.
        device_bytes: bytes of the state on each device, by value of `--shard`.
        free: free disk space at the run folder in bytes.
        compile_seconds: time of the first step of each shape of batches, including compilation.
        step_seconds: median time of a step.
        layers: of the network, with the output shapes for one batch.
        chosen: options that the technique sets, by name: the value, and the option that determines it.
    """

    options: FitOptions
    device: str
    sizes: Mapping[str, int]
    validated: int
    parameters: int
    frozen: int
    taken: Taken | None
    flops: float | None
    bytes: float | None
    checkpoint: int
    checkpoints: int
    device_bytes: Mapping[str, int]
    free: int
    compile_seconds: float
    step_seconds: float
    layers: Sequence[Layer]
    chosen: Mapping[str, tuple[Any, str]]

    @property
    def seconds(self) -> float:
        """Estimated training time, without validation and saving."""
        return self.compile_seconds + self.options.steps * self.step_seconds


@devices.memory_errors()
def plan(learner_type: type[Learner], options: FitOptions) -> Plan:
    """Set up a run as `fit` does, make a few steps, and discard everything."""
    found = prepared(learner_type, options)
    options = found.options.model_copy(update={"out": new.folder_for(learner_type.technique, options), "name": None})
    with devices.memory_errors():
        measured = _measured(learner_type, options, found.data, found.program)
    if found.range_test is None:
        return measured
    rate = {"learning_rate": (found.range_test.chosen, "range test")}
    return dataclasses.replace(measured, chosen={**measured.chosen, **rate})


def _measured(learner_type: type[Learner], options: FitOptions, data: Data, program: Program) -> Plan:
    leaves, taken = initial(program, learner_type, options, data.facts)
    batches = prefetch(train_batches(data, 0), devices.split(program.mesh))
    batch = next(batches)
    cost = program.update.lower(leaves, program.empty_window(batch), batch).cost_analysis() or {}
    compile_seconds, seconds = _timed(program, leaves, itertools.chain([batch], batches))
    batches.close()
    return Plan(
        options=options,
        device=devices.describe(program.mesh),
        sizes=data.sizes,
        validated=validated(options, data),
        parameters=program.parameters,
        frozen=program.frozen_parameters,
        taken=taken,
        flops=cost.get("flops"),
        bytes=cost.get("bytes accessed"),
        checkpoint=program.bytes,
        checkpoints=options.keep + 1,
        device_bytes={shard: program.device_bytes(shard) for shard in ("none", "fsdp")},
        free=shutil.disk_usage(nearest_existing(options.out or Path())).free,
        compile_seconds=compile_seconds,
        step_seconds=median(seconds),
        layers=layers(lambda: learner_type(options, data.facts), batch),
        chosen=learner_type.chosen(options),
    )


def _timed(program: Program, leaves: Leaves, batches: Iterator[Batch]) -> tuple[float, list[float]]:
    """Take the steps of a few batches; return the seconds of the first step of each shape, in all, and of the others.

    A batch of a shape that was not there before is used for two steps, of which the first compiles a program.
    """
    window, compiled, compiling, seconds = None, set(), 0.0, []
    for batch in itertools.islice(batches, _MEASURED):
        window = program.empty_window(batch) if window is None else window
        shapes = tuple(leaf.shape for leaf in jax.tree.leaves(batch))
        for is_new in (False,) if shapes in compiled else (True, False):
            start = time.perf_counter()
            leaves, window = program.update(leaves, window, batch)
            jax.block_until_ready(leaves)
            passed = time.perf_counter() - start
            if is_new:
                compiling += passed
            else:
                seconds.append(passed)
        compiled.add(shapes)
    return compiling, seconds
