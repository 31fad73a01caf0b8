"""What a run would do and cost, from a few steps on a state that is thrown away."""

from __future__ import annotations

import dataclasses
import shutil
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import median
from typing import Any

import jax

from dlcli.engine import devices
from dlcli.engine.layers import Layer, layers
from dlcli.engine.learner import Learner
from dlcli.engine.loop import initial, prepared, technique_name
from dlcli.engine.prefetch import prefetch
from dlcli.engine.program import Program
from dlcli.interface import Data
from dlcli.options.common import FitOptions
from dlcli.paths import nearest_existing
from dlcli.runs import new

_MEASURED = 5  # steps


@dataclasses.dataclass(frozen=True)
class Plan:
    """What a run would do.

    Attributes:
        options: with `--epochs` turned into steps and the run folder named.
        device: such as "2 × cpu".
        sizes: examples in each split.
        parameters: numbers that training changes.
        flops: floating-point operations of one step, as the compiler counts them; None where it does not.
        bytes: memory traffic of one step, likewise.
        checkpoint: bytes of one checkpoint.
        checkpoints: kept at most.
        free: bytes free where the run folder would be.
        compile_seconds: of the training step.
        step_seconds: median of a few steps.
        layers: of the network, with the output shapes for one batch.
        chosen: what the options leave to the technique, by name: its value, and what chose it.
    """

    options: FitOptions
    device: str
    sizes: Mapping[str, int]
    parameters: int
    flops: float | None
    bytes: float | None
    checkpoint: int
    checkpoints: int
    free: int
    compile_seconds: float
    step_seconds: float
    layers: Sequence[Layer]
    chosen: Mapping[str, tuple[Any, str]]

    @property
    def seconds(self) -> float:
        """Estimated time of training; validation and saving come on top."""
        return self.compile_seconds + self.options.steps * self.step_seconds


@devices.memory_errors()
def plan(learner_type: type[Learner], options: FitOptions) -> Plan:
    """Set a run up as `fit` does, make a few steps, and keep nothing."""
    data, program, options = prepared(learner_type, options)
    options = options.model_copy(update={"out": new.folder_for(technique_name(learner_type), options), "name": None})
    with devices.memory_errors():
        return _measured(learner_type, options, data, program)


def _measured(learner_type: type[Learner], options: FitOptions, data: Data, program: Program) -> Plan:
    leaves, batches = initial(program, options), prefetch(data.train_from(0), devices.split(program.mesh))
    batch = next(batches)
    window = program.empty_window(batch)
    cost = program.update.lower(leaves, window, batch).cost_analysis() or {}
    seconds = []
    for _ in range(_MEASURED + 1):
        start = time.perf_counter()
        leaves, window = program.update(leaves, window, batch)
        jax.block_until_ready(leaves)
        seconds.append(time.perf_counter() - start)
        batch = next(batches)
    batches.close()
    return Plan(
        options=options,
        device=devices.describe(program.mesh),
        sizes=data.sizes,
        parameters=program.parameters,
        flops=cost.get("flops"),
        bytes=cost.get("bytes accessed"),
        checkpoint=program.bytes,
        checkpoints=options.keep + 1,
        free=shutil.disk_usage(nearest_existing(options.out or Path())).free,
        compile_seconds=seconds[0],
        step_seconds=median(seconds[1:]),
        layers=layers(lambda: learner_type(options, data.facts), batch),
        chosen=learner_type.chosen(options),
    )
