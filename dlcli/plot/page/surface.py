"""The paths of optimizers over a surface, for a file: contours, in three dimensions, and f − min over the steps."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
from matplotlib import colormaps, patheffects
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.colors import ListedColormap
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.text import Annotation
from matplotlib.ticker import MaxNLocator

from dlcli.artifacts import Animation
from dlcli.plot.charts.surface import Path, SurfaceChart, ValueScale, value_scale
from dlcli.plot.page import style
from dlcli.plot.page.lines import label_log_axis

_WIDTH, _HEIGHT, _HEIGHT_3D = 10.5, 5.6, 8.6  # inches
_LINE = 0.19  # inches of an entry of the legend
_SHADES, _CONTOURS = 32, 12
_TICKS = 5  # of the colour bar
_PALE = 0.5  # weight of white in the colours of the values, on which every line colour is visible
_MARKERS = {"minimum": ("*", 11.0), "saddle": ("X", 7.5), "maximum": ("^", 7.5), "flat": ("s", 5.0)}
_END_MARKERS = "oDvP<p>h"  # at the end of the paths, which are then distinguishable without colour
_HATCH = "#5C5C5C"
_MIN_GAP = 1e-12  # f − min below this is rounding
_SHORTEST = 0.15  # length of a path with arrows, in sides of the domain
_FRAMES, _SECONDS = 60, 0.08


class _Moving(NamedTuple):
    """A part of the picture that grows with the steps.

    Attributes:
        artists: what changes.
        show: truncates the artists after a step.
    """

    artists: Sequence[Artist]
    show: Callable[[int], None]


@style.applied()
def draw(chart: SurfaceChart, *, three_d: bool = False) -> Figure:
    """Draw the complete paths."""
    return _draw(chart, three_d)[0]


@style.applied()
def animate(chart: SurfaceChart, *, three_d: bool = False) -> Animation:
    """Draw the paths as they grow, step by step."""
    figure, parts = _draw(chart, three_d)
    last = len(chart.paths[0].points) - 1
    ends = np.unique(np.linspace(0, last, min(last, _FRAMES) + 1).round().astype(int))
    moving = [artist for part in parts for artist in part.artists]

    def show(frame: int) -> None:
        for part in parts:
            part.show(int(ends[frame]))

    return Animation(figure, len(ends), show, _SECONDS, moving)


def _draw(chart: SurfaceChart, three_d: bool) -> tuple[Figure, list[_Moving]]:
    points, paths = _point_handles(chart), _path_handles(chart)
    height = (_HEIGHT_3D if three_d else _HEIGHT) + _LINE * max(len(points), len(paths))
    note = "\n".join(style.wrap(chart.note, _WIDTH / 2, style.SMALL))
    height += _LINE * (note.count("\n") + 1) if note else 0
    figure = style.new_figure(_WIDTH, height + style.title_height(chart.title, _WIDTH))
    style.write_title(figure, chart.title)
    scale = value_scale(chart.values)
    if three_d:
        grid = figure.add_gridspec(2, 2, height_ratios=[1.6, 1], width_ratios=[1, 1])
        contours, space, gaps = grid[0, 0], figure.add_subplot(grid[0, 1], projection="3d"), grid[1, :]
    else:
        grid = figure.add_gridspec(1, 2, width_ratios=[1.25, 1])
        contours, space, gaps = grid[0, 0], None, grid[0, 1]
    parts = [_draw_contours(figure.add_subplot(contours), chart, scale)]
    if space is not None:
        parts.append(_draw_space(space, chart, scale))
    parts.append(_draw_gaps(figure.add_subplot(gaps), chart))
    figure.legend(handles=points, loc="outside lower left")
    figure.legend(
        handles=paths, loc="outside lower right", title=note or None, title_fontsize=style.SMALL, alignment="left"
    )
    return figure, parts


def pale_colormap() -> ListedColormap:
    """Return a pale viridis: dark blue for low values, yellow for high ones, with monotonically rising lightness."""
    return ListedColormap(_PALE + (1 - _PALE) * colormaps["viridis"](np.linspace(0, 1, 256))[:, :3])


def _draw_contours(axes: Axes, chart: SurfaceChart, scale: ValueScale) -> _Moving:
    """Draw the contours, plateaus, stationary points and paths."""
    axes.set(xlabel="x", ylabel="y", xlim=chart.x[[0, -1]], ylim=chart.y[[0, -1]])
    axes.set_title("contours of f" + (" (log scale)" if scale.log else ""))
    axes.set_facecolor("#F3E3E3")  # where f is undefined
    axes.grid(visible=False)
    shades = np.ma.masked_invalid(scale.shades(chart.values))
    levels = np.linspace(0, 1, _SHADES + 1)
    filled = axes.contourf(chart.x, chart.y, shades, levels, cmap=pale_colormap())
    axes.contour(chart.x, chart.y, shades, np.linspace(0, 1, _CONTOURS + 2)[1:-1], colors="#777777", linewidths=0.5)
    ticks = np.linspace(0, 1, _TICKS)
    bar = axes.figure.colorbar(filled, ax=axes, ticks=ticks)
    bar.ax.set_title("f(x, y)", fontsize=style.SMALL)
    bar.set_ticklabels([f"{value:,.4g}" for value in scale.inverse(ticks)])
    if chart.plateau.any():
        axes.contourf(
            chart.x, chart.y, chart.plateau, [0.5, 1.5], colors="none", hatches=["...."], zorder=1.5
        ).set_edgecolor(_HATCH)
    for kind in chart.kinds():
        points = np.array([(x, y) for each, x, y in chart.stationary if each == kind])
        axes.plot(*points.T, **_marker(kind, len(points)), zorder=6)
    axes.plot(*chart.paths[0].points[0], **_start_marker(), zorder=7)
    drawn = [_PathOnContours(axes, number, path, chart) for number, path in enumerate(chart.paths)]

    def show(step: int) -> None:
        for each in drawn:
            each.truncate(step)

    moving = [artist for each in drawn for artist in (each.line, *(arrow for _, arrow in each.arrows), each.head)]
    return _Moving(moving, show)


class _PathOnContours:
    """A path on the contours, which can be truncated."""

    def __init__(self, axes: Axes, number: int, path: Path, chart: SurfaceChart) -> None:
        self.points = _visible(path, chart)
        color = style.line_color(number)
        width = _line_width(number, len(chart.paths))
        outline = [patheffects.Stroke(linewidth=width + 0.9, foreground="#333333", alpha=0.55), patheffects.Normal()]
        look: dict[str, Any] = {"color": color, "linewidth": width, "path_effects": outline, "zorder": 4 + number / 100}
        (self.line,) = axes.plot(*self.points.T, **look)
        (self.head,) = axes.plot(*self.points[-1:].T, **_end_marker(number), zorder=8)
        self.arrows = [(at, self._arrow(axes, at, color)) for at in _arrow_places(self.points, chart)]

    def _arrow(self, axes: Axes, at: int, color: str) -> Annotation:
        """Draw an arrowhead on the path after a step."""
        look: dict[str, Any] = {
            "arrowstyle": "-|>",
            "mutation_scale": 13,
            "facecolor": color,
            "edgecolor": "black",
            "linewidth": 0.6,
        }
        tip, back = self.points[at], self.points[at - 1] - self.points[at]
        tail = tip + 0.01 * back / max(float(np.abs(back).max()), 1e-12) * np.ptp(axes.get_xlim())
        return axes.annotate("", xy=tip, xytext=tail, arrowprops={**look, "shrinkA": 0, "shrinkB": 0}, zorder=5)

    def truncate(self, step: int) -> None:
        for at, arrow in self.arrows:
            arrow.set_visible(at <= step)
        part = self.points[: step + 1]
        self.line.set_data(*part.T)
        self.head.set_data(*part[-1:].T)


def _draw_space(axes: Any, chart: SurfaceChart, scale: ValueScale) -> _Moving:
    """Draw the surface in three dimensions, with the vertical axis on the scale of the shades."""
    step = max(1, len(chart.x) // 60)
    x, y = np.meshgrid(chart.x[::step], chart.y[::step])
    axes.plot_surface(
        x, y, scale.shades(chart.values)[::step, ::step], cmap=pale_colormap(), linewidth=0.15,
        edgecolor="#888888", alpha=0.85, rcount=70, ccount=70, antialiased=True,
    )  # fmt: skip
    axes.set(xlabel="x", ylabel="y", xlim=chart.x[[0, -1]], ylim=chart.y[[0, -1]], zlim=(0, 1))
    axes.set_title("f(x, y)" + (" (log scale)" if scale.log else ""))
    axes.set_zticks([0, 1], [f"{value:,.4g}" for value in (scale.low, scale.high)])
    axes.view_init(elev=42, azim=-125)
    axes.computed_zorder = False  # the paths are on the surface; sorted by depth, parts of them would be hidden
    drawn = []
    for number, path in enumerate(chart.paths):
        points = _visible(path, chart)
        inside = _inside(points, chart)
        z = np.where(inside, scale.shades(_values_at(points, chart)), np.nan)
        points = np.where(inside[:, None], points, np.nan)
        look: dict[str, Any] = {"color": style.line_color(number), "linewidth": _line_width(number, len(chart.paths))}
        (line,) = axes.plot(*points.T, z + 0.01, zorder=5 + number / 100, **look)
        drawn.append((line, points, z))

    def show(step: int) -> None:
        for line, points, z in drawn:
            line.set_data_3d(*points[: step + 1].T, z[: step + 1] + 0.01)

    return _Moving([line for line, *_ in drawn], show)


def _draw_gaps(axes: Axes, chart: SurfaceChart) -> _Moving:
    axes.set_title("f(x, y) − minimum")
    axes.set(xlabel="step", yscale="log", xlim=(0, max(1, len(chart.paths[0].points) - 1)))
    axes.xaxis.set_major_locator(MaxNLocator(nbins=6, integer=True))
    axes.grid(visible=True)
    lines = []
    for number, path in enumerate(chart.paths):
        gaps = np.where(np.isfinite(path.gaps), np.maximum(path.gaps, _MIN_GAP), np.nan)
        look: dict[str, Any] = {"color": style.line_color(number), "linewidth": _line_width(number, len(chart.paths))}
        (line,) = axes.plot(np.arange(len(gaps)), gaps, **look)
        (head,) = axes.plot([], [], **_end_marker(number), clip_on=False)
        lines.append((line, head, gaps))
    finite = np.concatenate([gaps[np.isfinite(gaps)] for *_, gaps in lines])
    axes.set_ylim(finite.min() / 2, finite.max() * 2)
    label_log_axis(axes)

    def show(step: int) -> None:
        for line, head, gaps in lines:
            line.set_data(np.arange(step + 1), gaps[: step + 1])
            last = np.flatnonzero(np.isfinite(gaps[: step + 1]))[-1:]
            head.set_data(last, gaps[last])

    show(len(chart.paths[0].points) - 1)
    return _Moving([artist for line, head, _ in lines for artist in (line, head)], show)


def _point_handles(chart: SurfaceChart) -> list[Line2D | Patch]:
    handles: list[Line2D | Patch] = [Line2D([], [], **_start_marker(), label="start")]
    handles += [
        Line2D([], [], **_marker(kind, 1), label=f"{kind} ({sum(kind == each for each, _, _ in chart.stationary)})")
        for kind in chart.kinds()
    ]
    if chart.plateau.any():
        handles.append(Patch(facecolor="white", edgecolor=_HATCH, hatch="....", label="plateau"))
    return handles


def _path_handles(chart: SurfaceChart) -> list[Line2D]:
    return [
        Line2D([], [], **{**_end_marker(number), "linestyle": "-"}, label=f"{path.label}: {path.result}")
        for number, path in enumerate(chart.paths)
    ]


def _line_width(number: int, paths: int) -> float:
    """Return the width of a line in points: later paths are thinner, so that the paths below them remain visible."""
    return 1.3 + 2.2 * (paths - 1 - number) / max(paths - 1, 1)


def _start_marker() -> dict[str, Any]:
    return {"marker": "o", "markersize": 7, "color": "white", "markeredgecolor": "black", "linestyle": "none"}


def _end_marker(number: int) -> dict[str, Any]:
    look: dict[str, Any] = {
        "color": style.line_color(number),
        "marker": _END_MARKERS[number],
        "markersize": 6.5,
        "linestyle": "none",
    }
    return {**look, "markeredgecolor": "black", "markeredgewidth": 0.8}


def _marker(kind: str, count: int) -> dict[str, Any]:
    marker, size = _MARKERS[kind]
    size *= 0.7 if count > 12 else 1.0
    look: dict[str, Any] = {"marker": marker, "markersize": size, "linestyle": "none", "color": "white"}
    return {**look, "markeredgecolor": "black", "markeredgewidth": 0.9}


def _arrow_places(points: np.ndarray, chart: SurfaceChart) -> list[int]:
    """Return the steps after a third and after two thirds of the way, of a path that is long enough for arrows."""
    size = np.array([chart.x[-1] - chart.x[0], chart.y[-1] - chart.y[0]])
    lengths = np.linalg.norm(np.diff(points, axis=0) / size, axis=1)
    total = float(lengths.sum())
    if total < _SHORTEST:
        return []
    return sorted({int(np.searchsorted(np.cumsum(lengths), total * part)) + 1 for part in (1 / 3, 2 / 3)})


def _visible(path: Path, chart: SurfaceChart) -> np.ndarray:
    """Return the points before the first one far outside the domain, or non-finite."""
    ends = np.array([chart.x[[0, -1]], chart.y[[0, -1]]])
    size = ends[:, 1] - ends[:, 0]
    near = np.isfinite(path.points) & (np.abs(path.points - ends.mean(axis=1)) < 3 * size)
    far = np.flatnonzero(~near.all(axis=1))
    return path.points[: far[0]] if far.size else path.points


def _inside(points: np.ndarray, chart: SurfaceChart) -> np.ndarray:
    low, high = (np.array([chart.x[end], chart.y[end]]) for end in (0, -1))
    return np.asarray(((points >= low) & (points <= high)).all(axis=1))


def _values_at(points: np.ndarray, chart: SurfaceChart) -> np.ndarray:
    """Return the values at the nearest points of the grid, [point]."""
    columns = np.abs(chart.x[:, None] - points[:, 0]).argmin(axis=0)
    rows = np.abs(chart.y[:, None] - points[:, 1]).argmin(axis=0)
    return chart.values[rows, columns]
