"""The forward process of a diffusion model: states over the timesteps, and the noise schedule."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import numpy as np

from dlcli.plot.charts.lines import Line, Panel
from dlcli.plot.charts.strips import StripsChart

# Plain characters, since neither a terminal nor `page.style` renders formulas.
ALPHA_BAR, ONE_MINUS_ALPHA_BAR = "ᾱ_t (signal)", "1 − ᾱ_t (noise)"


@dataclasses.dataclass(frozen=True, eq=False)
class ForwardProcessChart:
    """States x_t of the forward process above the noise schedule.

    Attributes:
        strips: the states, a column per timestep shown.
        alpha_bar: float [timestep], the cumulative product of 1 − beta, which is the variance of the signal.
        timesteps: the timesteps that `strips` shows.
    """

    strips: StripsChart
    alpha_bar: np.ndarray
    timesteps: Sequence[int]

    def schedule(self) -> Panel:
        """Return the noise schedule as lines over the timesteps."""
        steps = np.arange(len(self.alpha_bar))
        signal, noise = Line(ALPHA_BAR, steps, self.alpha_bar), Line(ONE_MINUS_ALPHA_BAR, steps, 1 - self.alpha_bar)
        return Panel([signal, noise], "variance")
