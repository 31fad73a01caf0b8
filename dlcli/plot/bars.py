"""A bar for each of several named values: the accuracy of each class."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure

from dlcli.plot import style

_BAR = 0.24  # inches
_LABEL_WIDTH = 2.2


@style.applied()
def bars(
    labels: Sequence[str],
    values: np.ndarray,
    *,
    title: str,
    xlabel: str,
    intervals: np.ndarray | None = None,
    mean: float | None = None,
) -> Figure:
    """Draw horizontal bars from zero, from top to bottom.

    Args:
        labels: a name for each bar.
        values: float [bar]; NaN has no bar.
        title: of the figure.
        xlabel: what the values are, with their unit.
        intervals: float [bar, 2], the lower and upper bound of each value.
        mean: drawn as a line across all bars.
    """
    if not len(labels) == len(values) > 0:
        raise ValueError(f"there must be a label for each value, got {len(labels)} and {len(values)}")
    width = 7.5
    figure = style.new_figure(width, 0.7 + style.title_height(title, width) + _BAR * len(labels))
    style.write_title(figure, title)
    axes = figure.add_subplot(xlabel=xlabel, ylim=(len(labels) - 0.5, -0.5))
    places = np.arange(len(labels))
    axes.barh(places, values, height=0.72, color=style.line_color(5))
    if intervals is not None:
        axes.hlines(places, intervals[:, 0], intervals[:, 1], color="black", linewidth=1.0)
    if mean is not None:
        axes.axvline(mean, color=style.line_color(1), linestyle="--", linewidth=1.2)
        above = {"transform": axes.get_xaxis_transform(), "ha": "center", "va": "bottom"}
        axes.text(mean, 1.0, f"mean {mean:.4g}", color=style.line_color(1), fontsize=style.SMALL, **above)
    axes.set_yticks(places, [style.shorten(label, _LABEL_WIDTH, style.SMALL) for label in labels])
    axes.tick_params(axis="y", length=0)
    numbers = axes.secondary_yaxis("right")
    numbers.set_yticks(places, [f"{value:.4g}" if np.isfinite(value) else "none" for value in values])
    numbers.tick_params(length=0)
    numbers.spines[:].set_visible(False)
    return figure
