"""The optimizer of a run, from its options.

This is where the options of optimization end: the functions that take values (`rule`,
`schedules.schedule`) know nothing of them, and the two that take `TrainOptions` spare every
learner the same list of nine values. A learner with two optimizers passes `options.model_copy`.
"""

from __future__ import annotations

from typing import Any

import jax
import optax
from optax import contrib

from dlcli.errors import UsageError
from dlcli.optim import penalties, schedules
from dlcli.options.common import OptimizerName, TrainOptions

ADAM = (0.9, 0.999)  # its usual b1 and b2


def schedule(options: TrainOptions) -> optax.Schedule:
    """Return the learning rate at each training step, the count of `nnx.Optimizer.step`.

    A step takes in one batch, and `--steps` and `--warmup-steps` count steps whatever
    `--accumulate` is. The rate changes with the update: the batches that go into one update share
    the rate of the first of them, so that a run passes through its whole schedule.
    """
    rate = schedules.schedule(options.schedule, options.learning_rate, options.steps, options.warmup_steps)
    return lambda step: rate(step - step % options.accumulate)


def optimizer(options: TrainOptions, betas: tuple[float, float] = ADAM) -> optax.GradientTransformation:
    """Return clipping, rule, weight decay and learning rate, in this order, over accumulated gradients.

    - `--clip-norm` bounds the norm of all gradients together, after accumulation.
    - `--weight-decay` is decoupled from the gradient for every rule (Loshchilov and Hutter, 2019,
      arXiv:1711.05101): an update takes learning rate × decay × weight off each weight, and passes
      over biases and norm parameters (`penalties.is_weight`).
    - `--accumulate` averages the gradients of so many batches into one update. The batches that
      a run's end leaves over make none.

    Args:
        options: of the run.
        betas: of `adam` and `adamw`, for a technique that needs others than usual.

    Raises:
        UsageError: the run is too short for one update, or for its warm-up.
    """
    if options.accumulate > options.steps:
        raise UsageError(
            f"--accumulate must be at most --steps, got {options.accumulate} of {options.steps}; accumulate less"
        )
    rate = schedule(options)
    update = optax.chain(
        optax.clip_by_global_norm(options.clip_norm) if options.clip_norm else optax.identity(),
        rule(options.optimizer, options.momentum, betas),
        optax.add_decayed_weights(options.weight_decay, mask=penalties.weight_mask),
        optax.scale_by_learning_rate(lambda count: rate(count * options.accumulate)),
    )
    if options.accumulate == 1:
        return update
    return optax.MultiSteps(update, options.accumulate).gradient_transformation()


def rule(name: OptimizerName, momentum: float, betas: tuple[float, float] = ADAM) -> optax.GradientTransformation:
    """Return the named map from gradients to directions, which the learning rate has yet to scale.

    - `sgd`: the gradient g itself.
    - `momentum`: v ← momentum · v + g, and v (Polyak, 1964). `nesterov`: g + momentum · v
      (Bengio et al., 2012, arXiv:1212.0901, section 3.5).
    - `adagrad`: g / √(Σg² + 1e-16) (Duchi et al., 2011).
    - `rmsprop`: s ← 0.9 s + 0.1 g², and momentum over g / (√s + 1e-8) (Hinton's lecture 6, 2012).
    - `adam` and `adamw`: by default b1 = 0.9, b2 = 0.999; ε = 1e-8 (Kingma and Ba, 2015,
      arXiv:1412.6980, algorithm 1). They are one rule, since weight decay is decoupled here for every rule;
      `adamw` brings no decay of its own, so without `--weight-decay` it has none.
    - `lion`: b1 = 0.9, b2 = 0.99 (Chen et al., 2023, arXiv:2302.06675); its directions are ±1, so
      it wants a third to a tenth of Adam's learning rate.
    - `muon`: see `_muon`.

    Args:
        name: one of the names above.
        momentum: of `momentum`, `nesterov` and `rmsprop`; the others do not use it.
        betas: b1 and b2 of `adam` and `adamw`, likewise.
    """
    rules = {
        "sgd": optax.identity,
        "momentum": lambda: optax.trace(momentum),
        "nesterov": lambda: optax.trace(momentum, nesterov=True),
        # optax starts the sum at 0.1 and adds 1e-7 under the root, which hides gradients below 3e-4.
        "adagrad": lambda: optax.scale_by_rss(initial_accumulator_value=0.0, eps=1e-16),
        "rmsprop": lambda: optax.chain(optax.scale_by_rms(0.9, eps=1e-8, eps_in_sqrt=False), optax.trace(momentum)),
        "adam": lambda: optax.scale_by_adam(*betas),
        "adamw": lambda: optax.scale_by_adam(*betas),
        "lion": optax.scale_by_lion,
        "muon": _muon,
    }
    return rules[name]()


def _muon() -> optax.GradientTransformation:
    """Return the nearest orthogonal matrix to each weight's momentum, and Adam for all else.

    Momentum 0.95 in Nesterov's form and five Newton-Schulz iterations, which bring the singular
    values near 1. A kernel counts as the matrix from all its other axes to its last one, so a
    convolution's [height, width, in, out] is [height · width · in, out]. Biases, norm parameters
    and embeddings are Adam's, as Jordan has it; he gives it a network's last layer too, which
    cannot be told from the parameters, so here Muon has that.

    The directions of matrices are scaled to the size of Adam's, 0.2 · √max(in, out), so that one
    learning rate serves both.

    Reference: Jordan et al., "Muon", 2024, kellerjordan.github.io/posts/muon; Liu et al., "Muon is
    Scalable for LLM Training", 2025, arXiv:2502.16982, equation 4 for the scale.
    """
    matrices = optax.chain(
        contrib.scale_by_muon(weight_dimension_numbers=_as_matrices),
        optax.stateless_with_tree_map(lambda direction, _: 0.2 * _longer_side(direction) ** 0.5 * direction),
    )
    return optax.partition({"muon": matrices, "adam": optax.scale_by_adam()}, _muon_labels)


def _muon_labels(parameters: Any) -> Any:
    def label(path: tuple[Any, ...], parameter: jax.Array) -> str:
        embedding = penalties.parameter_name(path) == "embedding"
        return "muon" if penalties.is_weight(path, parameter) and not embedding else "adam"

    return jax.tree_util.tree_map_with_path(label, parameters)


def _as_matrices(kernels: Any) -> Any:
    def axes(kernel: jax.Array) -> contrib.MuonDimensionNumbers:
        *inputs, output = range(kernel.ndim)
        return contrib.MuonDimensionNumbers(tuple(inputs), output)

    return jax.tree.map(axes, kernels)


def _longer_side(kernel: jax.Array) -> int:
    return max(kernel.size // kernel.shape[-1], kernel.shape[-1])
