"""A learner small enough to test the engine with: a line fitted to noisy points.

Its state has every kind that a resumed run must restore: moments of an optimizer, batch statistics, an average of the
weights, and random streams.
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
from dlcli.data.held_out import HeldOut, in_order
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
    nan_step: int = 0  # the batch of this step contains a NaN; 0: none does
    nan_validation: bool = False
    missing_step: int = 0  # the batch of this step cannot be read; 0: all can


class Learner(engine.Learner):
    """Least squares by gradient descent; a batch contains `x` float32 [batch, feature] and `y` float32 [batch]."""

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


def held_out(options: Train, split: int) -> HeldOut:
    x, y = _points(options, HELD_OUT, [options.seed, 0, split])
    if options.nan_validation:
        y[-1] = np.nan

    # Not the copies that `HeldOut` fills a batch with: a NaN must not be one of them.
    def read(examples: int) -> Iterator[Batch]:
        for indices in in_order(HELD_OUT, options.batch_size, examples):
            missing = options.batch_size - len(indices)
            yield {
                "x": np.pad(x[indices], [(0, missing), (0, 0)]),
                "y": np.pad(y[indices], (0, missing)),
                "mask": np.pad(np.ones(len(indices), np.float32), (0, missing)),
            }

    return HeldOut.whole(read, options.batch_size)


def _batches(options: Train, first: int) -> Iterator[Batch]:
    for step in itertools.count(first):
        if step + 1 == options.missing_step:
            raise DatasetError(f"the batch of step {step + 1} must exist, found none")
        x, y = _points(options, options.batch_size, [options.seed, step + 1])
        if step + 1 == options.nan_step:
            y[0] = np.nan
        yield {"x": x, "y": y}


def _points(options: Train, count: int, seed: list[int]) -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(seed)
    x = random.normal(1.0, 2.0, [count, options.features]).astype(np.float32)
    return x, (x.sum(axis=1) + random.normal(0.0, 0.3, count)).astype(np.float32)
