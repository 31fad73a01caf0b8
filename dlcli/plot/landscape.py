"""Optimizers on their way over a surface: from above, in three dimensions, and their heights over the steps."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
from matplotlib import patheffects
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.colors import ListedColormap
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import MaxNLocator

from dlcli.artifacts import Animation
from dlcli.plot import style
from dlcli.plot.curves import label_logarithms
from dlcli.plot.scene import Scale, Scene, Trail, scale

_WIDTH, _HEIGHT, _DEEP_HEIGHT = 10.5, 5.6, 8.6  # inches
_LINE = 0.19  # inches of a line of the legend
_SHADES, _LINES = 32, 12
_DARKEST, _LIGHTEST = 0.5, 1.0  # grays of the lowest and the highest place: every line can be seen on them
_MARKS = {"minimum": ("*", 11.0), "saddle": ("X", 7.5), "maximum": ("^", 7.5), "flat": ("s", 5.0)}
_ENDS = "oDvP<p>h"  # where trails end, so that more than the colour tells them apart
_HATCH = "#5C5C5C"
_LEAST = 1e-12  # height above the lowest point, below which all is rounding
_FRAMES, _SECONDS = 60, 0.08


class Trace(NamedTuple):
    """A part of the picture that grows with the steps: what is drawn anew, and what cuts it off after a step."""

    artists: Sequence[Artist]
    show: Callable[[int], None]


@style.applied()
def landscape(scene: Scene, *, three_d: bool = False) -> Figure:
    """Draw the whole trails."""
    return _draw(scene, three_d)[0]


@style.applied()
def animation(scene: Scene, *, three_d: bool = False) -> Animation:
    """Draw the trails as they grow."""
    figure, traces = _draw(scene, three_d)
    last = len(scene.trails[0].points) - 1
    ends = np.unique(np.linspace(0, last, min(last, _FRAMES) + 1).round().astype(int))
    moving = [artist for trace in traces for artist in trace.artists]

    def show(frame: int) -> None:
        for trace in traces:
            trace.show(int(ends[frame]))

    return Animation(figure, len(ends), show, _SECONDS, moving)


def _draw(scene: Scene, three_d: bool) -> tuple[Figure, list[Trace]]:
    marks, ends = _mark_handles(scene), _trail_handles(scene)
    height = (_DEEP_HEIGHT if three_d else _HEIGHT) + _LINE * max(len(marks), len(ends))
    figure = style.new_figure(_WIDTH, height + style.title_height(scene.title, _WIDTH))
    style.write_title(figure, scene.title)
    shades = scale(scene.heights)
    if three_d:
        grid = figure.add_gridspec(2, 2, height_ratios=[1.6, 1], width_ratios=[1, 1])
        above, beside, over = grid[0, 0], figure.add_subplot(grid[0, 1], projection="3d"), grid[1, :]
    else:
        grid = figure.add_gridspec(1, 2, width_ratios=[1.25, 1])
        above, beside, over = grid[0, 0], None, grid[0, 1]
    traces = [_draw_above(figure.add_subplot(above), scene, shades)]
    if beside is not None:
        traces.append(_draw_beside(beside, scene, shades))
    traces.append(_draw_heights(figure.add_subplot(over), scene))
    figure.legend(handles=marks, loc="outside lower left")
    figure.legend(handles=ends, loc="outside lower right")
    return figure, traces


def _gray() -> ListedColormap:
    return ListedColormap(np.repeat(np.linspace(_DARKEST, _LIGHTEST, 256)[:, None], 3, axis=1))


def _draw_above(axes: Axes, scene: Scene, shades: Scale) -> Trace:
    """Draw the map: shades and lines of equal height, plateaus, stationary points, trails."""
    axes.set(xlabel="x", ylabel="y", xlim=scene.x[[0, -1]], ylim=scene.y[[0, -1]])
    axes.set_title("seen from above: the darker, the lower" + (", shades by logarithm" if shades.log else ""))
    axes.set_facecolor("#F3E3E3")  # no value
    axes.grid(visible=False)
    shares = np.ma.masked_invalid(shades.shares(scene.heights))
    levels = np.linspace(0, 1, _SHADES + 1)
    axes.contourf(scene.x, scene.y, shares, levels, cmap=_gray())
    axes.contour(scene.x, scene.y, shares, np.linspace(0, 1, _LINES + 2)[1:-1], colors="#777777", linewidths=0.5)
    if scene.plateau.any():
        axes.contourf(
            scene.x, scene.y, scene.plateau, [0.5, 1.5], colors="none", hatches=["...."], zorder=1.5
        ).set_edgecolor(_HATCH)
    for kind in scene.kinds():
        places = np.array([(x, y) for each, x, y in scene.marks if each == kind])
        axes.plot(*places.T, **_mark(kind, len(places)), zorder=6)
    axes.plot(*scene.trails[0].points[0], **_begin(), zorder=7)
    drawn = [_Drawn(axes, number, trail, scene) for number, trail in enumerate(scene.trails)]

    def show(step: int) -> None:
        for each in drawn:
            each.until(step)

    return Trace([artist for each in drawn for artist in (each.line, each.head)], show)


class _Drawn:
    """A trail from above, which may be cut off."""

    def __init__(self, axes: Axes, number: int, trail: Trail, scene: Scene):
        self.points = _seen(trail, scene)
        color = style.line_color(number)
        thick = _thickness(number, len(scene.trails))
        dark = [patheffects.Stroke(linewidth=thick + 0.9, foreground="#333333", alpha=0.55), patheffects.Normal()]
        look = {"color": color, "linewidth": thick, "path_effects": dark, "zorder": 4 + number / 100}
        (self.line,) = axes.plot(*self.points.T, **look)
        (self.head,) = axes.plot(*self.points[-1:].T, **_end(number), zorder=8)

    def until(self, step: int) -> None:
        part = self.points[: step + 1]
        self.line.set_data(*part.T)
        self.head.set_data(*part[-1:].T)


def _draw_beside(axes: Axes, scene: Scene, shades: Scale) -> Trace:
    """Draw the surface in three dimensions, its heights as the shades have them."""
    step = max(1, len(scene.x) // 60)
    x, y = np.meshgrid(scene.x[::step], scene.y[::step])
    axes.plot_surface(
        x, y, shades.shares(scene.heights)[::step, ::step], cmap=_gray(), linewidth=0.15,
        edgecolor="#888888", alpha=0.85, rcount=70, ccount=70, antialiased=True,
    )  # fmt: skip
    axes.set(xlabel="x", ylabel="y", xlim=scene.x[[0, -1]], ylim=scene.y[[0, -1]], zlim=(0, 1))
    axes.set_title("height" + (", by logarithm" if shades.log else ""))
    ends = [f"{end:,.4g}" for end in (shades.low, shades.high)]
    axes.set_zticks([0, 1], ends)
    axes.view_init(elev=42, azim=-125)
    axes.computed_zorder = False  # trails lie on the surface, and must not be hidden by rounding
    trails = []
    for number, trail in enumerate(scene.trails):
        points = _seen(trail, scene)
        inside = _inside(points, scene)
        heights = np.where(inside, shades.shares(_lifted(points, scene)), np.nan)
        points = np.where(inside[:, None], points, np.nan)
        look = {"color": style.line_color(number), "linewidth": _thickness(number, len(scene.trails))}
        (line,) = axes.plot(*points.T, heights + 0.01, zorder=5 + number / 100, **look)
        trails.append((line, points, heights))

    def show(step: int) -> None:
        for line, points, heights in trails:
            line.set_data_3d(*points[: step + 1].T, heights[: step + 1] + 0.01)

    return Trace([line for line, *_ in trails], show)


def _draw_heights(axes: Axes, scene: Scene) -> Trace:
    axes.set_title("height above the lowest point known")
    axes.set(xlabel="step", yscale="log", xlim=(0, max(1, len(scene.trails[0].points) - 1)))
    axes.xaxis.set_major_locator(MaxNLocator(nbins=6, integer=True))
    axes.grid(visible=True)
    lines = []
    for number, trail in enumerate(scene.trails):
        heights = np.where(np.isfinite(trail.heights), np.maximum(trail.heights, _LEAST), np.nan)
        look = {"color": style.line_color(number), "linewidth": _thickness(number, len(scene.trails))}
        (line,) = axes.plot(np.arange(len(heights)), heights, **look)
        (head,) = axes.plot([], [], **_end(number), clip_on=False)
        lines.append((line, head, heights))
    finite = np.concatenate([heights[np.isfinite(heights)] for *_, heights in lines])
    axes.set_ylim(finite.min() / 2, finite.max() * 2)
    label_logarithms(axes)

    def show(step: int) -> None:
        for line, head, heights in lines:
            line.set_data(np.arange(step + 1), heights[: step + 1])
            last = np.flatnonzero(np.isfinite(heights[: step + 1]))[-1:]
            head.set_data(last, heights[last])

    show(len(scene.trails[0].points) - 1)
    return Trace([artist for line, head, _ in lines for artist in (line, head)], show)


def _mark_handles(scene: Scene) -> list[Line2D | Patch]:
    handles: list[Line2D | Patch] = [Line2D([], [], **_begin(), label="start")]
    handles += [
        Line2D([], [], **_mark(kind, 1), label=f"{kind} ({sum(kind == each for each, _, _ in scene.marks)})")
        for kind in scene.kinds()
    ]
    if scene.plateau.any():
        handles.append(Patch(facecolor="white", edgecolor=_HATCH, hatch="....", label="plateau"))
    return handles


def _trail_handles(scene: Scene) -> list[Line2D]:
    return [
        Line2D([], [], **{**_end(number), "linestyle": "-"}, label=f"{trail.label}: {trail.result}")
        for number, trail in enumerate(scene.trails)
    ]


def _thickness(number: int, trails: int) -> float:
    """Return the points of a line's width: later trails are thinner, so that those they lie on show below them."""
    return 1.3 + 2.2 * (trails - 1 - number) / max(trails - 1, 1)


def _begin() -> dict[str, object]:
    return {"marker": "o", "markersize": 7, "color": "white", "markeredgecolor": "black", "linestyle": "none"}


def _end(number: int) -> dict[str, object]:
    look = {"color": style.line_color(number), "marker": _ENDS[number], "markersize": 6.5, "linestyle": "none"}
    return {**look, "markeredgecolor": "black", "markeredgewidth": 0.8}


def _mark(kind: str, count: int) -> dict[str, object]:
    marker, size = _MARKS[kind]
    size *= 0.7 if count > 12 else 1.0
    look = {"marker": marker, "markersize": size, "linestyle": "none", "color": "white"}
    return {**look, "markeredgecolor": "black", "markeredgewidth": 0.9}


def _seen(trail: Trail, scene: Scene) -> np.ndarray:
    """Return the points up to the first that is far outside of what is drawn."""
    ends = np.array([scene.x[[0, -1]], scene.y[[0, -1]]])
    size = ends[:, 1] - ends[:, 0]
    near = np.isfinite(trail.points) & (np.abs(trail.points - ends.mean(axis=1)) < 3 * size)
    away = np.flatnonzero(~near.all(axis=1))
    return trail.points[: away[0]] if away.size else trail.points


def _inside(points: np.ndarray, scene: Scene) -> np.ndarray:
    low, high = (np.array([scene.x[end], scene.y[end]]) for end in (0, -1))
    return ((points >= low) & (points <= high)).all(axis=1)


def _lifted(points: np.ndarray, scene: Scene) -> np.ndarray:
    """Return the height of the nearest place of the grid, [point]."""
    columns = np.abs(scene.x[:, None] - points[:, 0]).argmin(axis=0)
    rows = np.abs(scene.y[:, None] - points[:, 1]).argmin(axis=0)
    return scene.heights[rows, columns]
