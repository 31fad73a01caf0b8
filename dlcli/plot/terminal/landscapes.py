"""A surface and the trails over it, in characters."""

from __future__ import annotations

import itertools

import numpy as np

from dlcli.plot import palette
from dlcli.plot.scene import Scene, scale
from dlcli.plot.terminal.text import MARKS, Cell, fit, paragraph, render

_RAMP = " .:-="  # from the lowest height to the highest; the characters of marks and trails are others
_MARKS = {"minimum": "M", "saddle": "S", "maximum": "A", "flat": "F"}
_GROUND = (0.04, 0.30)  # grays of the lowest and the highest place
_START = "O"
_LEAST = 6  # lines of the map


def landscape(
    scene: Scene, *, width: int = 80, height: int = 20, colour: bool = True, most: int | None = None
) -> list[str]:
    """Draw a surface from above with its trails, and what the signs mean.

    Args:
        scene: what is shown.
        width: columns.
        height: lines of the map itself at most.
        most: lines of all of it; None: any number.
        colour: shades of gray and a colour for each trail; else characters of growing weight.
    """
    around = len(paragraph(scene.title, width)) + 1 + len(_key(scene, width, colour))
    height = height if most is None else max(min(height, most - around), _LEAST)
    gutter = max(len(label) for label in _row_labels(scene, height)) + 1
    shape = height, width - gutter
    cells = _ground(scene, shape, colour)
    for number, trail in enumerate(scene.trails):
        _put(cells, scene, _dense(trail.points, scene), MARKS[number % len(MARKS)], palette.terminal_ink(number))
    for kind, x, y in scene.marks:
        _put(cells, scene, np.array([[x, y]]), _MARKS[kind], None)
    _put(cells, scene, scene.trails[0].points[:1], _START, None)
    labels = [f"{label:>{gutter - 1}}" for label in _row_labels(scene, height)]
    left, right = f"{scene.x[0]:.3g}", f"{scene.x[-1]:.3g}"
    below = " " * gutter + left + f"x{right:>{shape[1] - len(left) - 1}}"
    rows = [f"{label} {render(row, colour)}" for label, row in zip(labels, cells, strict=True)]
    return [*paragraph(scene.title, width), *rows, below, *_key(scene, width, colour)]


def _ground(scene: Scene, shape: tuple[int, int], colour: bool) -> list[list[Cell]]:
    rows = np.linspace(len(scene.y) - 1, 0, shape[0]).round().astype(int)
    columns = np.linspace(0, len(scene.x) - 1, shape[1]).round().astype(int)
    shares = scale(scene.heights).shares(scene.heights)[np.ix_(rows, columns)]
    if colour:
        low, high = _GROUND
        grays = low + (high - low) * np.nan_to_num(shares)
        return [[Cell(" ", None, np.full(3, gray)) for gray in np.round(row, 2)] for row in grays]
    places = np.minimum((np.nan_to_num(shares) * len(_RAMP)).astype(int), len(_RAMP) - 1)
    signs = np.where(np.isnan(shares), "?", np.array(list(_RAMP))[places])
    return [[Cell(sign) for sign in row] for row in signs]


def _put(cells: list[list[Cell]], scene: Scene, points: np.ndarray, sign: str, color: np.ndarray | None) -> None:
    height, width = len(cells), len(cells[0])
    with np.errstate(invalid="ignore", over="ignore"):
        across = (points[:, 0] - scene.x[0]) / (scene.x[-1] - scene.x[0])
        up = (points[:, 1] - scene.y[0]) / (scene.y[-1] - scene.y[0])
        seen = (across >= 0) & (across <= 1) & (up >= 0) & (up <= 1)
    inks: dict[float, np.ndarray] = {}
    for place, level in zip(across[seen], up[seen], strict=True):
        row, column = round((1 - level) * (height - 1)), round(place * (width - 1))
        ground = cells[row][column].ground
        if ground is not None and ground[0] not in inks:
            inks[ground[0]] = palette.ink(ground) if color is None else palette.lightened(color, ground)
        cells[row][column] = Cell(sign, color if ground is None else inks[ground[0]], ground)


def _dense(points: np.ndarray, scene: Scene) -> np.ndarray:
    """Return the points and, between two that are far apart, enough others that the trail has no gap."""
    least = np.array([scene.x[-1] - scene.x[0], scene.y[-1] - scene.y[0]]) / 80
    found = [points[:1]]
    for before, after in itertools.pairwise(points):
        way = after - before
        if not np.isfinite(way).all():
            break
        count = int(min(1 + np.abs(way / least).max(), 200))
        found.append(before + way * np.linspace(0, 1, count + 1)[1:, None])
    return np.concatenate(found)


def _row_labels(scene: Scene, height: int) -> list[str]:
    labels = [""] * height
    labels[0], labels[height // 2], labels[-1] = f"{scene.y[-1]:.3g}", "y", f"{scene.y[0]:.3g}"
    return labels


def _key(scene: Scene, width: int, colour: bool) -> list[str]:
    shades = "darker is lower" if colour else "lower is fainter"
    signs = [f"{_START} start", *(f"{_MARKS[kind]} {kind}" for kind in scene.kinds()), shades]
    lines = paragraph("   ".join(signs), width)
    for number, trail in enumerate(scene.trails):
        sign = render([Cell(MARKS[number % len(MARKS)], palette.terminal_ink(number))], colour)
        lines.append(f"{sign} {fit(f'{trail.label}: {trail.result}', width - 2)}")
    return lines
