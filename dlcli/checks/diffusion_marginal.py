"""The step-by-step forward process has the closed-form marginal: x_t is normal with mean √ᾱ_t x_0, variance 1 - ᾱ_t.

Many chains start at the same x_0. At several timesteps their mean and variance must be within a number of standard
errors that is exceeded by chance in one case in a million.

Formula: x_t = √(1 − β_t) x_{t−1} + √β_t ε gives x_t ~ N(√ᾱ_t x_0, 1 − ᾱ_t), ᾱ_t = Π_s (1 − β_s).

Reference: Ho et al., "Denoising Diffusion Probabilistic Models", 2020, arXiv:2006.11239, equations 2 and 4.
"""

from __future__ import annotations

import numpy as np
from scipy import stats

from dlcli.checks import Result
from dlcli.nn import diffusion
from dlcli.nn.diffusion import NoiseSchedule

_CHAINS, _STEPS, _START = 20_000, 200, 1.5
_LEVELS = (1, 20, 50, 100, 150, 200)
_SCHEDULES = ("linear", "cosine")
_FALSE_ALARM = 1e-6  # false-alarm probability


def check() -> Result:
    """Simulate both schedules, and compare means and variances in units of their standard errors."""
    random = np.random.default_rng(0)
    worst: dict[str, float] = {}
    for name in _SCHEDULES:
        path = diffusion.noise_schedule(name, _STEPS)
        means, variances = _deviations(path, _simulate(path, random))
        worst |= {f"means_{name}": means, f"variances_{name}": variances}
    bound = float(stats.norm.isf(_FALSE_ALARM / 2 / (2 * len(_SCHEDULES) * len(_LEVELS))))
    numbers = {"max_deviation_in_standard_errors": max(worst.values()), **worst, "chains": _CHAINS, "steps": _STEPS}
    return Result.of(__name__, numbers, tolerance=bound, holds=max(worst.values()) <= bound)


def _simulate(path: NoiseSchedule, random: np.random.Generator) -> np.ndarray:
    """Return the states of the chains at the timesteps, [timestep, chain]."""
    x, found = np.full(_CHAINS, _START), []
    for level, beta in enumerate(path.betas):
        x = np.sqrt(1 - beta) * x + np.sqrt(beta) * random.standard_normal(_CHAINS)
        if level in _LEVELS:
            found.append(x)
    return np.stack(found)


def _deviations(path: NoiseSchedule, found: np.ndarray) -> tuple[float, float]:
    """Return the largest distances of means and of variances from the closed form, in standard errors."""
    levels = list(_LEVELS)
    signal, noise = path.coefficients.alpha[levels], path.coefficients.sigma[levels]
    means = (found.mean(axis=1) - signal * _START) / (noise / np.sqrt(_CHAINS))
    # The variance estimate about a known mean has the standard error variance · √(2 / count).
    variances = (np.square(found - signal[:, None] * _START).mean(axis=1) / noise**2 - 1) / np.sqrt(2 / _CHAINS)
    return float(np.abs(means).max()), float(np.abs(variances).max())
