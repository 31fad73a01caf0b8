"""The optimizers: one row for each, with its constructor and its default learning rates.

A new row is a new optimizer of `train`, `study optimizers` and `viz optimizer-surface`. This file loads neither jax
nor optax, since the options of the command line read it.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    import optax

Betas = tuple[float, float]  # decay rates of the first and the second moment


@dataclasses.dataclass(frozen=True)
class Optimizer:
    """A map from gradients to directions, which the learning rate then scales.

    Attributes:
        name: as `--optimizer` takes it.
        constructor: returns the optax transformation. It gets the module `dlcli.optim.rules`, which has `optax` and
            the rules that optax lacks, the momentum coefficient, and the betas.
        learning_rate: default in training where the technique's own default is another optimizer.
        study_rate: middle of the rates that `dlcli study optimizers` tries.
        surface_rate: default on a surface, in units of `surface_unit`.
        surface_unit: "1/curvature", of the steepest curvature, for rules that follow the slope; "diagonal", of the
            domain, for rules that divide by the size of the slope.
        uses: the hyperparameters that it has, of "momentum" and "betas".
    """

    name: str
    constructor: Callable[[Any, float, Betas], optax.GradientTransformation]
    learning_rate: float
    study_rate: float
    surface_rate: float
    surface_unit: Literal["1/curvature", "diagonal"]
    uses: tuple[Literal["momentum", "betas"], ...] = ()


_ROWS = (
    # The gradient g itself. Up to 2/curvature gradient descent goes down at every step; near it a ravine shows its
    # zigzag.
    Optimizer("sgd", lambda rules, *_: rules.optax.identity(), 0.1, 0.1, 1.8, "1/curvature"),
    # v ← momentum · v + g, and v (Polyak, 1964); a momentum of 0.9 multiplies a lasting slope by 10.
    Optimizer(
        "momentum",
        lambda rules, momentum, _: rules.optax.trace(momentum),
        0.03,
        0.03,
        0.5,
        "1/curvature",
        ("momentum",),
    ),
    # g + momentum · v (Bengio et al., 2012, arXiv:1212.0901, section 3.5).
    Optimizer(
        "nesterov",
        lambda rules, momentum, _: rules.optax.trace(momentum, nesterov=True),
        0.03,
        0.03,
        0.5,
        "1/curvature",
        ("momentum",),
    ),
    # g / √(Σg² + 1e-16) (Duchi et al., 2011). By default optax starts the sum at 0.1 and adds 1e-7 under the root,
    # which hides gradients below 3e-4.
    Optimizer(
        "adagrad",
        lambda rules, *_: rules.optax.scale_by_rss(initial_accumulator_value=0.0, eps=1e-16),
        0.03,
        0.03,
        0.05,
        "diagonal",
    ),
    # s ← 0.9 s + 0.1 g², and momentum over g / (√s + 1e-8) (Hinton's lecture 6, 2012).
    Optimizer(
        "rmsprop",
        lambda rules, momentum, _: rules.optax.chain(
            rules.optax.scale_by_rms(0.9, eps=1e-8, eps_in_sqrt=False), rules.optax.trace(momentum)
        ),
        1e-3,
        1e-3,
        0.0005,
        "diagonal",
        ("momentum",),
    ),
    # ε = 1e-8 (Kingma and Ba, 2015, arXiv:1412.6980, algorithm 1).
    Optimizer(
        "adam", lambda rules, _, betas: rules.optax.scale_by_adam(*betas), 1e-3, 3e-3, 0.01, "diagonal", ("betas",)
    ),
    # Adam's rule: weight decay is decoupled here for every rule, and 0 unless --weight-decay is given.
    Optimizer(
        "adamw", lambda rules, _, betas: rules.optax.scale_by_adam(*betas), 1e-3, 3e-3, 0.01, "diagonal", ("betas",)
    ),
    # b1 = 0.9, b2 = 0.99 (Chen et al., 2023, arXiv:2302.06675). Directions are ±1, so that it needs a third to a
    # tenth of Adam's learning rate.
    Optimizer("lion", lambda rules, *_: rules.optax.scale_by_lion(), 3e-4, 1e-3, 0.003, "diagonal"),
    # See `dlcli.optim.rules.muon`.
    Optimizer("muon", lambda rules, *_: rules.muon(), 1e-2, 1e-2, 0.01, "diagonal"),
)
OPTIMIZERS: dict[str, Optimizer] = {row.name: row for row in _ROWS}
WITH_MOMENTUM = tuple(name for name, row in OPTIMIZERS.items() if "momentum" in row.uses)
WITH_BETAS = tuple(name for name, row in OPTIMIZERS.items() if "betas" in row.uses)

if TYPE_CHECKING:
    OptimizerName = str
else:
    OptimizerName = Literal[tuple(OPTIMIZERS)]
