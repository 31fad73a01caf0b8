"""Samples of a generative model as a figure."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from typing import Any

import numpy as np

from dlcli.artifacts import Figure
from dlcli.plot import page, terminal
from dlcli.plot.charts.scatter import ScatterChart


def scatter(points: np.ndarray, modes: np.ndarray, *, title: str, numbers: Mapping[str, Any]) -> Figure:
    """Return samples of a density as a scatter plot.

    Args:
        points: float [point, 2].
        modes: float [mode, 2], the modes of the density.
        title: title of the picture.
        numbers: further entries of the JSON output.
    """
    chart = ScatterChart.around(points, modes, title)
    numbers = {**numbers, "count": len(points), "points": points.tolist()}
    return Figure("sample", page.scatter.draw(chart), numbers, functools.partial(terminal.scatter.draw, chart))
