"""Lines over training steps: losses, accuracies, learning rates."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Sequence

import numpy as np


@dataclasses.dataclass(frozen=True, eq=False)
class Line:
    """One line.

    Attributes:
        label: text in the legend.
        steps: [point], ascending.
        values: float [point]; non-finite values leave a gap.
        run: lines with the same run share a colour; default: the label.
        dashed: draw the line dashed, as training next to validation.
        best: the step to mark, one of `steps`.
        smoothing: decay of the weights of neighbouring points in a moving average, in [0, 1). Above 0 the average is
            drawn bold over the pale values.
        band: lowest and highest value at each step, float [2, point], shaded in a file; None: no band.
    """

    label: str
    steps: np.ndarray
    values: np.ndarray
    run: str = ""
    dashed: bool = False
    best: int | None = None
    smoothing: float = 0.0
    band: np.ndarray | None = None

    def __post_init__(self) -> None:
        steps, values = np.asarray(self.steps), np.asarray(self.values, dtype=np.float64)
        if steps.ndim != 1 or steps.shape != values.shape:
            raise ValueError(f"steps and values must have the same length, got {steps.shape} and {values.shape}")
        if self.band is not None and np.shape(self.band) != (2, len(steps)):
            raise ValueError(f"a band must have shape {(2, len(steps))}, got {np.shape(self.band)}")
        if self.best is not None and self.best not in steps:
            raise ValueError(f"the best step of {self.label!r} must be one of its steps, got {self.best}")
        if not 0 <= self.smoothing < 1:
            raise ValueError(f"smoothing must be in [0, 1), got {self.smoothing}")
        object.__setattr__(self, "steps", steps)
        object.__setattr__(self, "values", values)

    @functools.cached_property
    def smoothed(self) -> np.ndarray:
        """The moving average, float [point]; without smoothing the values."""
        return smooth(self.values, self.smoothing)

    @property
    def caption(self) -> str:
        """The text in the legend: the label, whether it is smoothed, and the best value with its step."""
        text = f"{self.label}, smoothed" if self.smoothing else self.label
        if self.best is None:
            return text
        value = self.values[self.steps == self.best][-1]
        return f"{text}, best {value:.4g} at step {self.best:,}"


@dataclasses.dataclass(frozen=True, eq=False)
class Panel:
    """Lines that share one pair of axes.

    Attributes:
        lines: the lines.
        ylabel: label of the vertical axis.
        log: use a logarithmic vertical axis.
    """

    lines: Sequence[Line]
    ylabel: str
    log: bool = False


@dataclasses.dataclass(frozen=True, eq=False)
class LinesChart:
    """Panels below each other over one horizontal axis.

    Attributes:
        title: title of the picture.
        panels: from top to bottom.
        xlabel: label of the horizontal axis.
        log_x: use a logarithmic horizontal axis.
    """

    title: str
    panels: Sequence[Panel]
    xlabel: str = "step"
    log_x: bool = False

    def __post_init__(self) -> None:
        if not self.panels:
            raise ValueError("a lines chart must have at least one panel")


def color_numbers(lines: Sequence[Line]) -> list[int]:
    """Return the number of the colour of each line; lines of one run share it."""
    runs = list(dict.fromkeys(line.run or line.label for line in lines))
    return [runs.index(line.run or line.label) for line in lines]


def smooth(values: np.ndarray, decay: float) -> np.ndarray:
    """Return a moving average of [point], with weights `decay ** distance` on both sides.

    A causal average would lag, and show a falling loss above its value. Near the ends the window shrinks
    symmetrically, for the same reason. Non-finite values are skipped.
    """
    finite = np.isfinite(values)
    known = values[finite]
    total, weight = known.copy(), np.ones(len(known))
    for distance in range(1, (len(known) + 1) // 2):
        factor = decay**distance
        if factor < 1e-3:
            break
        total[distance:-distance] += factor * (known[: -2 * distance] + known[2 * distance :])
        weight[distance:-distance] += 2 * factor
    smoothed = values.copy()
    smoothed[finite] = total / weight
    return smoothed
