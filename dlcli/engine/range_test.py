"""The learning-rate range test: one short training in which the rate grows, to choose the rate of a run.

Reference: Smith, "Cyclical Learning Rates for Training Neural Networks", 2017, arXiv:1506.01186, section 3.3.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence
from contextlib import closing
from typing import Any

import jax
import numpy as np
from jax.sharding import Mesh

from dlcli import activity
from dlcli.engine import devices
from dlcli.engine.initialization import initial
from dlcli.engine.learner import Learner
from dlcli.engine.prefetch import prefetch, train_batches
from dlcli.engine.program import Program
from dlcli.errors import UsageError
from dlcli.interface import Data
from dlcli.metrics.metric import values
from dlcli.optim.schedules import RANGE_TEST
from dlcli.options.common import AUTO, FitOptions
from dlcli.plot.charts.lines import smooth

STEPS = 100  # rates to test
HIGHEST = 10.0
_SMOOTHING = 0.8  # decay of the weights of neighbouring losses
_RECENT = 5  # losses whose mean shows that the rate is too high
_DIVERGED = 4.0  # times the lowest mean loss


@dataclasses.dataclass(frozen=True)
class RangeTest:
    """The training loss while the learning rate grows by a constant factor per step.

    Attributes:
        rates: learning rates, ascending, [step].
        losses: training loss of the batch of each step, before its update, [step].
    """

    rates: Sequence[float]
    losses: Sequence[float]

    @property
    def smoothed(self) -> np.ndarray:
        """The losses averaged over neighbouring steps, float [step]."""
        return smooth(np.asarray(self.losses, np.float64), _SMOOTHING)

    @property
    def lowest(self) -> float:
        """The rate at which the smoothed loss is lowest: soon after it, training diverges."""
        return self.rates[int(np.argmin(self.smoothed))]

    @property
    def chosen(self) -> float:
        """A third of the rate with the lowest loss, with two digits: the paper's lower bound of useful rates."""
        return float(f"{self.lowest / 3:.1e}")

    def described(self) -> dict[str, Any]:
        """Return the values as JSON, for `run.json`."""
        return {"learning_rate": self.chosen, "lowest_loss_at": self.lowest, **dataclasses.asdict(self)}


def needed(options: FitOptions) -> bool:
    """Return whether the learning rate of a run is left to a range test."""
    return getattr(options, "learning_rate", None) == AUTO


def range_test(learner_type: type[Learner], options: FitOptions, data: Data, mesh: Mesh) -> RangeTest:
    """Train the first weights of a run for up to `STEPS` updates, each with a higher rate, and drop the result.

    Raises:
        UsageError: the loss falls at no rate.
    """
    batches = getattr(options, "gradient_accumulation_steps", 1)  # of one update
    changes = {"learning_rate": HIGHEST, "schedule": RANGE_TEST, "steps": STEPS * batches, "warmup_steps": 0}
    tested = options.model_copy(update=changes)
    program = Program(learner_type, tested, data.facts, mesh)
    rates, losses = _measured(program, learner_type, tested, data, batches)
    found = RangeTest(rates, losses)
    if not losses or found.lowest == rates[0]:
        raise UsageError(
            f"--learning-rate auto finds no rate: the training loss falls at none from {rates[0]:g} to {rates[-1]:g}",
            hint="give a number, such as --learning-rate 1e-3",
        )
    return found


def _measured(
    program: Program, learner_type: type[Learner], options: FitOptions, data: Data, batches: int
) -> tuple[list[float], list[float]]:
    """Return the rates and the losses, up to where the loss diverges."""
    leaves, _ = initial(program, learner_type, options, data.facts)
    rates: list[float] = []
    losses: list[float] = []
    part: list[dict[str, float]] = []  # of the open update
    try:
        with closing(prefetch(train_batches(data, 0), devices.split(program.mesh))) as placed:
            for step, batch in zip(range(options.steps), placed, strict=False):
                activity.report("learning-rate range test", step, options.steps)
                leaves, window = program.update(leaves, program.empty_window(batch), batch)
                part.append(values(jax.device_get(window.metrics)))
                if len(part) < batches:
                    continue
                loss, rate = (float(np.mean([each[name] for each in part])) for name in ("loss", "learning_rate"))
                part = []
                if not math.isfinite(loss):
                    break
                rates.append(rate)
                losses.append(loss)
                if _diverges(losses):
                    break
    finally:
        activity.report("")
    return rates, losses


def _diverges(losses: Sequence[float]) -> bool:
    """Return whether the mean of the last losses is far above the lowest mean."""
    if len(losses) < 2 * _RECENT:
        return False
    means = np.convolve(losses, np.full(_RECENT, 1 / _RECENT), "valid")
    return bool(means[-1] > _DIVERGED * means.min())
