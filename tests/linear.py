"""A learner small enough to test the engine with: a line fitted to noisy points.

It has what makes resuming hard: an optimizer's moments, batch statistics, an average of the weights, and
streams of random numbers.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Annotated

import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx
from pydantic import Field

from dlcli import engine
from dlcli.engine import Mean, Metrics
from dlcli.errors import DatasetError
from dlcli.interface import WHOLE, Batch, Data, Facts
from dlcli.optim import build
from dlcli.options.common import BatchSize, Dataset, LearningRate, ReportEvery, ScheduleName, Steps, TrainOptions

HELD_OUT = 20  # examples; no multiple of the batch, so that the last batch is filled up


class LineFacts(Facts):
    features: Annotated[int, Field(ge=1, le=10**6)]


class Train(TrainOptions):
    """Options of the line."""

    dataset: Dataset = "line"
    batch_size: BatchSize = 8
    steps: Steps = 12
    report_every: ReportEvery = 5
    validate_every: ReportEvery = 4
    save_every: ReportEvery = 3
    learning_rate: LearningRate = 0.03
    schedule: ScheduleName = "constant"
    features: Annotated[int, Field(ge=1, le=10**6)] = 3
    spoilt_step: int = 0  # the batch of this step holds a NaN; 0: none does
    spoilt_validation: bool = False
    missing_step: int = 0  # the batch of this step cannot be read; 0: all can


class Learner(engine.Learner):
    """Least squares by gradient descent; a batch holds `x` float32 [batch, feature] and `y` float32 [batch]."""

    technique = "line"
    Options = Train
    Facts = LineFacts

    @staticmethod
    def read(options: Train, facts: LineFacts | None = None) -> Data:
        return Data(
            train_from=lambda step, share=WHOLE: map(share.cut, _batches(options, step)),
            validation=held_out(options, 1),
            test=held_out(options, 2),
            facts=LineFacts(features=options.features),
            sizes={"train": 10**6, "validation": HELD_OUT, "test": HELD_OUT},
            digest=f"line-{options.seed}",
        )

    def __init__(self, options: Train, facts: LineFacts):
        self.rngs = nnx.Rngs(options.seed)
        self.norm = nnx.BatchNorm(facts.features, momentum=0.9, rngs=self.rngs)
        self.dropout = nnx.Dropout(0.1, rngs=self.rngs)
        self.line = nnx.Linear(facts.features, 1, rngs=self.rngs)
        self.average = nnx.EMA(self.line, decay=0.9)
        self.optimizer = nnx.Optimizer(self.line, build.optimizer(options), wrt=nnx.Param)

    def update(self, batch: Batch) -> Metrics:
        x = self.dropout(self.norm(batch["x"]))
        y = batch["y"] + 0.01 * jax.random.normal(self.rngs.noise(), batch["y"].shape)
        losses, gradients = nnx.value_and_grad(lambda line: jnp.square(line(x)[:, 0] - y).mean())(self.line)
        self.optimizer.update(self.line, gradients)
        self.average.update(self.line)
        return {"loss": Mean.of(losses)}

    def score(self, batch: Batch) -> Metrics:
        prediction = self.average.apply_to(self.line)(self.norm(batch["x"]))[:, 0]
        return {"loss": Mean.of(jnp.square(prediction - batch["y"]), batch["mask"])}


def held_out(options: Train, split: int) -> list[Batch]:
    x, y = _points(options, HELD_OUT, [options.seed, 0, split])
    if options.spoilt_validation:
        y[-1] = np.nan
    batches = []
    for start in range(0, HELD_OUT, options.batch_size):
        rows = slice(start, start + options.batch_size)
        missing = options.batch_size - len(x[rows])
        mask = np.ones(len(x[rows]), np.float32)
        batches.append(
            {
                "x": np.pad(x[rows], [(0, missing), (0, 0)]),
                "y": np.pad(y[rows], (0, missing)),
                "mask": np.pad(mask, (0, missing)),
            }
        )
    return batches


def _batches(options: Train, first: int) -> Iterator[Batch]:
    for step in itertools.count(first):
        if step + 1 == options.missing_step:
            raise DatasetError(f"the batch of step {step + 1} must be there, found none")
        x, y = _points(options, options.batch_size, [options.seed, step + 1])
        if step + 1 == options.spoilt_step:
            y[0] = np.nan
        yield {"x": x, "y": y}


def _points(options: Train, count: int, seed: list[int]) -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(seed)
    x = random.normal(1.0, 2.0, [count, options.features]).astype(np.float32)
    return x, (x.sum(axis=1) + random.normal(0.0, 0.3, count)).astype(np.float32)
