"""Learning-rate schedules: pure functions of the step.

Steps count from 0. All schedules start with a linear warm-up: step t of `warmup` has the rate
(t + 1) / (warmup + 1) of the peak, so the first rate is not 0 and step `warmup` is the first at the
peak. A decay to 0 ends at step `steps`, so the rate of the last step is not 0 either.
"""

from __future__ import annotations

from collections.abc import Callable

import jax.numpy as jnp
import numpy as np
import optax

from dlcli.errors import UsageError
from dlcli.options.common import ScheduleName

RANGE_TEST = "range-test"  # no `--schedule`: the engine sets it for a learning-rate range test
_RANGE = 1e7  # highest over lowest rate of a range test


def schedule(name: ScheduleName, peak: float, steps: int, warmup: int) -> optax.Schedule:
    """Return the learning rate of each step of a run.

    Args:
        name: of the decay after the warm-up. `constant` stays at the peak; `linear` and `cosine` fall to
            0 at the end; `inverse-sqrt` falls as 1 / sqrt(t + 1) whatever the length of the run;
            `one-cycle`, `step` and `cosine-restarts` are described at their functions. `RANGE_TEST` grows by
            a constant factor, to the peak at the end.
        peak: the highest learning rate.
        steps: of the run.
        warmup: steps of the warm-up.

    Raises:
        UsageError: the warm-up is as long as the run.
    """
    if warmup >= steps:
        raise UsageError(f"--warmup-steps must be smaller than --steps, got {warmup} of {steps}")
    if name == RANGE_TEST:
        return lambda step: peak * _RANGE ** ((step + 1) / steps - 1)
    if name == "one-cycle":
        return _one_cycle(peak, steps, warmup)
    decay = _DECAYS[name](peak, steps, warmup)
    growth = optax.linear_schedule(peak / (warmup + 1), peak, warmup) if warmup else decay
    return optax.join_schedules([growth, decay], [warmup])


def _one_cycle(peak: float, steps: int, warmup: int) -> optax.Schedule:
    """Rise from peak / 25 to the peak, then fall to peak / 250,000, each along half a cosine.

    The rise takes `warmup` steps, or 30 % of the run if that is 0.

    Reference: Smith and Topin, "Super-Convergence", 2018, arXiv:1708.07120, section 3. The
    paper's schedule has two linear halves of equal length and a short final decay; this is the form
    of fastai, PyTorch and optax, with their constants 25, 10,000 and 30 %.
    """
    rise = warmup or int(0.3 * steps)
    return optax.piecewise_interpolate_schedule("cosine", peak / 25, {rise: 25.0, steps: 1 / (25 * 10_000)})


def _step(peak: float, steps: int) -> optax.Schedule:
    """Divide the rate by 10 after half and after three quarters of the steps (He et al., 2015, section 4.2)."""
    first, second = max(1, steps // 2), max(2, 3 * steps // 4)
    return lambda step: jnp.where(step < first, peak, jnp.where(step < second, peak / 10, peak / 100))


def _cosine_restarts(peak: float, steps: int) -> optax.Schedule:
    """Fall along half a cosine to 0 and restart at the peak, three times, each twice as long as the one before.

    Reference: Loshchilov and Hutter, "SGDR", 2017, arXiv:1608.03983, equation 5, with T_mult = 2.
    """
    ends = [round(steps * part / 7) for part in (1, 3, 7)]
    lengths = np.maximum(np.diff([0, *ends]), 1).tolist()
    return optax.join_schedules([optax.cosine_decay_schedule(peak, length) for length in lengths], ends[:-1])


def _inverse_sqrt(peak: float, warmup: int) -> optax.Schedule:
    """Return the decay of Vaswani et al., 2017, arXiv:1706.03762, equation 3.

    The paper counts steps from 1 and reaches the peak at its `warmup_steps`, here `warmup + 1`.
    """
    return lambda step: peak * jnp.sqrt((warmup + 1) / (step + warmup + 1))


# By name: from peak, steps and warm-up to the schedule, whose steps count from the end of the warm-up.
_DECAYS: dict[str, Callable[[float, int, int], optax.Schedule]] = {
    "constant": lambda peak, steps, warmup: optax.constant_schedule(peak),
    "linear": lambda peak, steps, warmup: optax.linear_schedule(peak, 0.0, steps - warmup),
    "cosine": lambda peak, steps, warmup: optax.cosine_decay_schedule(peak, steps - warmup),
    "step": lambda peak, steps, warmup: _step(peak, steps - warmup),
    "cosine-restarts": lambda peak, steps, warmup: _cosine_restarts(peak, steps - warmup),
    "inverse-sqrt": lambda peak, steps, warmup: _inverse_sqrt(peak, warmup),
}
