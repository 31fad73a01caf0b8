"""The paths of optimizers over a surface, in characters."""

from __future__ import annotations

import itertools

import numpy as np

from dlcli.plot import palette
from dlcli.plot.charts.lines import Line, Panel
from dlcli.plot.charts.surface import SurfaceChart, value_scale
from dlcli.plot.terminal.lines import draw_panel
from dlcli.plot.terminal.text import MARKERS, Cell, fit, paragraph, render

_RAMP = " .:-="  # from the lowest value to the highest; none of them marks a point or a path
_POINTS = {"minimum": "M", "saddle": "S", "maximum": "A", "flat": "F"}
_GRAYS = (0.04, 0.30)  # of the lowest and the highest value
_START = "O"
_MIN_HEIGHT = 6  # lines of the map
_GAPS_HEIGHT = 8  # lines of f − min
_MIN_GAP = 1e-12  # f − min below this is rounding


def draw(chart: SurfaceChart, width: int = 80, colour: bool = True, max_lines: int | None = None) -> list[str]:
    """Draw the paths over the surface, and below them f − min over the steps."""
    lines = [Line(path.label, np.arange(len(path.gaps)), np.maximum(path.gaps, _MIN_GAP)) for path in chart.paths]
    gaps = draw_panel(Panel(lines, "f − minimum", log=True), width, colour, height=_GAPS_HEIGHT)
    left = None if max_lines is None else max_lines - len(gaps) - 1
    return [*draw_map(chart, width, colour, left), "", *gaps]


def draw_map(
    chart: SurfaceChart, width: int = 80, colour: bool = True, max_lines: int | None = None, *, height: int = 20
) -> list[str]:
    """Draw the paths over the surface, seen from above, with a legend.

    Args:
        chart: the surface and the paths.
        width: columns of the terminal.
        colour: shades of gray and a colour per path; otherwise characters.
        max_lines: number of lines available; None: unlimited.
        height: maximum lines of the map without title and legend.
    """
    around = len(paragraph(chart.title, width)) + 1 + len(_legend(chart, width, colour))
    height = height if max_lines is None else max(min(height, max_lines - around), _MIN_HEIGHT)
    gutter = max(len(label) for label in _row_labels(chart, height)) + 1
    shape = height, width - gutter
    cells = _background(chart, shape, colour)
    for number, path in enumerate(chart.paths):
        marker = MARKERS[number % len(MARKERS)]
        _put(cells, chart, _dense(path.points, chart), marker, palette.terminal_color(number))
    for kind, x, y in chart.stationary:
        _put(cells, chart, np.array([[x, y]]), _POINTS[kind], None)
    _put(cells, chart, chart.paths[0].points[:1], _START, None)
    labels = [f"{label:>{gutter - 1}}" for label in _row_labels(chart, height)]
    left, right = f"{chart.x[0]:.3g}", f"{chart.x[-1]:.3g}"
    axis = " " * gutter + left + f"x{right:>{shape[1] - len(left) - 1}}"
    rows = [f"{label} {render(row, colour)}" for label, row in zip(labels, cells, strict=True)]
    return [*paragraph(chart.title, width), *rows, axis, *_legend(chart, width, colour)]


def _background(chart: SurfaceChart, shape: tuple[int, int], colour: bool) -> list[list[Cell]]:
    rows = np.linspace(len(chart.y) - 1, 0, shape[0]).round().astype(int)
    columns = np.linspace(0, len(chart.x) - 1, shape[1]).round().astype(int)
    shades = value_scale(chart.values).shades(chart.values)[np.ix_(rows, columns)]
    if colour:
        low, high = _GRAYS
        grays = low + (high - low) * np.nan_to_num(shades)
        return [[Cell(" ", None, np.full(3, gray)) for gray in np.round(row, 2)] for row in grays]
    levels = np.minimum((np.nan_to_num(shades) * len(_RAMP)).astype(int), len(_RAMP) - 1)
    characters = np.where(np.isnan(shades), "?", np.array(list(_RAMP))[levels])
    return [[Cell(character) for character in row] for row in characters]


def _put(
    cells: list[list[Cell]], chart: SurfaceChart, points: np.ndarray, marker: str, color: np.ndarray | None
) -> None:
    height, width = len(cells), len(cells[0])
    with np.errstate(invalid="ignore", over="ignore"):
        across = (points[:, 0] - chart.x[0]) / (chart.x[-1] - chart.x[0])
        up = (points[:, 1] - chart.y[0]) / (chart.y[-1] - chart.y[0])
        inside = (across >= 0) & (across <= 1) & (up >= 0) & (up <= 1)
    colors: dict[float, np.ndarray] = {}
    for x, y in zip(across[inside], up[inside], strict=True):
        row, column = round((1 - y) * (height - 1)), round(x * (width - 1))
        background = cells[row][column].background
        if background is not None and background[0] not in colors:
            gray = background[0]
            colors[gray] = palette.text_color(background) if color is None else palette.lightened(color, background)
        cells[row][column] = Cell(marker, color if background is None else colors[background[0]], background)


def _dense(points: np.ndarray, chart: SurfaceChart) -> np.ndarray:
    """Interpolate between distant neighbouring points, so that the path has no gaps."""
    step = np.array([chart.x[-1] - chart.x[0], chart.y[-1] - chart.y[0]]) / 80
    found = [points[:1]]
    for before, after in itertools.pairwise(points):
        delta = after - before
        if not np.isfinite(delta).all():
            break
        count = int(min(1 + np.abs(delta / step).max(), 200))
        found.append(before + delta * np.linspace(0, 1, count + 1)[1:, None])
    return np.concatenate(found)


def _row_labels(chart: SurfaceChart, height: int) -> list[str]:
    labels = [""] * height
    labels[0], labels[height // 2], labels[-1] = f"{chart.y[-1]:.3g}", "y", f"{chart.y[0]:.3g}"
    return labels


def _legend(chart: SurfaceChart, width: int, colour: bool) -> list[str]:
    scale = value_scale(chart.values)
    shades = (
        f"{'dark' if colour else 'faint'} to {'light' if colour else 'dense'}: f = {scale.low:.3g} to {scale.high:.3g}"
    )
    points = [f"{_START} start", *(f"{_POINTS[kind]} {kind}" for kind in chart.kinds())]
    lines = paragraph("   ".join([*points, shades + (" (log scale)" if scale.log else "")]), width)
    for number, path in enumerate(chart.paths):
        marker = render([Cell(MARKERS[number % len(MARKERS)], palette.terminal_color(number))], colour)
        lines.append(f"{marker} {fit(f'{path.label}: {path.result}', width - 2)}")
    return [*lines, *paragraph(chart.note, width)]
