"""Early stopping returns the parameters of the lowest validation loss, not those of the last step.

Formula: θ = θ_k with k = argmin_t L_validation(θ_t).

Reference: Goodfellow, Bengio and Courville, "Deep Learning", 2016, algorithm 7.1.
"""

from __future__ import annotations

import functools
import tempfile
from pathlib import Path

import jax.numpy as jnp

from dlcli import engine
from dlcli.checks import Result
from dlcli.metrics.metric import add, values
from dlcli.options.common import FitOptions
from dlcli.techniques.cnn import learner as cnn
from dlcli.techniques.cnn.options import Train

_PATIENCE, _EVERY = 4, 4
_TOLERANCE = 1e-5  # of a loss; the saved parameters are bitwise equal, the order of sums may differ


class Learner(cnn.Learner):
    """The digits classifier, whose best step is that of the lowest validation loss."""

    @staticmethod
    def monitor(options: FitOptions) -> tuple[str, ...]:
        return ("loss",)


def check() -> Result:
    """Train with a learning rate at which the loss fluctuates until early stopping; measure the returned weights."""
    with tempfile.TemporaryDirectory() as folder:
        run = Path(folder) / "run"
        options = Train(
            out=run,
            channels=4,
            stages=1,
            hidden=16,
            batch_size=30,
            optimizer="momentum",
            learning_rate=0.2,
            schedule="constant",
            steps=400,
            report_every=100,
            validate_every=_EVERY,
            save_every=1_000,
            patience=_PATIENCE,
        )
        events = list(engine.fit(Learner, options))
        losses = {event.step: event.metrics["loss"] for event in events if isinstance(event, engine.Validated)}
        ended = next(event for event in events if isinstance(event, engine.Ended))
        kept, last = (_loss(run, options, use) for use in ("best", "last"))
    lowest = min(losses, key=lambda step: losses[step])
    error = abs(kept - losses[lowest])
    numbers = {
        "difference_to_lowest_loss": error,
        "lowest_loss": losses[lowest],
        "lowest_loss_step": lowest,
        "returned_loss": kept,
        "last_step_loss": last,
        "last_step": ended.step,
    }
    stopped = ended.reason == "patience" and ended.step == lowest + _PATIENCE * _EVERY
    holds = error <= _TOLERANCE and ended.best_step == lowest and stopped and last > kept
    return Result.of(__name__, numbers, tolerance=_TOLERANCE, holds=holds)


def _loss(run: Path, options: Train, use: str) -> float:
    """Return the validation loss of the run's best or last parameters."""
    learner = engine.load(run, Learner, use)
    batches = [{name: jnp.asarray(value) for name, value in each.items()} for each in Learner.read(options).validation]
    losses = [{"loss": learner.score(batch)["loss"]} for batch in batches]
    return values(functools.reduce(add, losses))["loss"]
