"""The optimizer of a run, from its options.

Options end here: `rule` and `schedules.schedule` take values, `schedule` and `optimizer` take `NetworkOptions`. A
learner with two optimizers passes `options.model_copy`.
"""

from __future__ import annotations

import dataclasses
from typing import Any

import optax
from flax import nnx

from dlcli.errors import UsageError
from dlcli.optim import penalties, rules, schedules
from dlcli.optim.factors import scale_by_factors
from dlcli.optim.lookahead import lookahead
from dlcli.options.common import NetworkOptions
from dlcli.options.initialization import matches
from dlcli.options.optimizers import OPTIMIZERS, Betas, OptimizerName

ADAM: Betas = (0.9, 0.999)  # the defaults of its paper


@dataclasses.dataclass(frozen=True)
class Trainable:
    """A filter of nnx: the parameters of a network that are not frozen. They alone have gradients and moments.

    Attributes:
        network: attribute of the learner that is the network.
        frozen: patterns of the parameters that are not updated, matched against paths within the learner.
    """

    network: str
    frozen: tuple[str, ...] = ()

    def __call__(self, path: tuple[Any, ...], value: Any) -> bool:
        if not nnx.filterlib.to_predicate(nnx.Param)(path, value):
            return False
        return not self.frozen or not matches(self.frozen, "/".join(map(str, (self.network, *path))))


def trainable(options: NetworkOptions, network: str = "network") -> Trainable:
    """Return which parameters of a network the optimizer updates: all that `--freeze` does not name."""
    return Trainable(network, options.initialization.frozen)


def schedule(options: NetworkOptions) -> optax.Schedule:
    """Return the learning rate at each training step, the count of `nnx.Optimizer.step`.

    A step reads one batch; `--steps` and `--warmup-steps` count steps whatever `--gradient-accumulation-steps` is.
    The rate changes with the update: the batches of one update share the rate of the first of them, so that a run
    passes through its whole schedule.
    """
    peak = options.learning_rate
    assert not isinstance(peak, str)  # the engine has replaced "auto"
    rate = schedules.schedule(options.schedule, peak, options.steps, options.warmup_steps)
    return lambda step: rate(step - step % options.gradient_accumulation_steps)


def optimizer(options: NetworkOptions, betas: Betas = ADAM) -> optax.GradientTransformation:
    """Return clipping, rule, weight decay and learning rate, in this order, over accumulated gradients.

    - `--max-grad-norm` bounds the norm of all gradients together, after accumulation.
    - `--weight-decay` is decoupled from the gradient for every rule (Loshchilov and Hutter, 2019,
      arXiv:1711.05101): an update subtracts learning rate × decay × weight from each weight, and leaves
      biases and norm parameters unchanged (`penalties.is_weight`).
    - `--gradient-accumulation-steps` averages the gradients of N batches into one update. Batches left over at the
      end of a run update nothing.

    - `--lookahead` averages the weights every few updates.
    - `--init-lr-scale` multiplies the update of each parameter by a factor in the state, which the engine sets.

    Args:
        options: of the run.
        betas: of `adam` and `adamw`, for a technique that needs others than the defaults.

    Raises:
        UsageError: the run is too short for one update, or for its warm-up.
    """
    batches = options.gradient_accumulation_steps
    if batches > options.steps:
        raise UsageError(f"--gradient-accumulation-steps must be at most --steps, got {batches} of {options.steps}")
    rate = schedule(options)
    update = optax.chain(
        optax.clip_by_global_norm(options.max_grad_norm) if options.max_grad_norm else optax.identity(),
        rule(options.optimizer, options.momentum, betas),
        optax.add_decayed_weights(options.weight_decay, mask=penalties.weight_mask),
        optax.scale_by_learning_rate(lambda count: rate(count * batches)),
        *([scale_by_factors()] if options.initialization.lr_scale != 1 else []),
    )
    if options.lookahead:
        update = lookahead(update, options.lookahead)
    return update if batches == 1 else optax.MultiSteps(update, batches).gradient_transformation()


def rule(name: OptimizerName, momentum: float, betas: Betas = ADAM) -> optax.GradientTransformation:
    """Return the map from gradients to directions of an optimizer, before the learning rate.

    Args:
        name: a row of `OPTIMIZERS`.
        momentum: coefficient in [0, 1); only the rules in `WITH_MOMENTUM` use it.
        betas: decay rates of both moments; only the rules in `WITH_BETAS` use them.
    """
    return OPTIMIZERS[name].constructor(rules, momentum, betas)
