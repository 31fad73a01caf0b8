"""Functions over the plane, in characters: values as tiles, vectors as arrows in eight directions."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from dlcli.plot.charts.field import Field, FieldChart
from dlcli.plot.terminal import tiles
from dlcli.plot.terminal.fitting import below, spread
from dlcli.plot.terminal.text import Cell, fit, paragraph, render

_HEIGHT = 12  # lines of a panel
_ARROWS = "→↗↑↖←↙↓↘"
_SHORT = 0.02  # length, relative to the longest arrow, below which a point is drawn


def draw(chart: FieldChart, width: int = 80, colour: bool = True, max_lines: int | None = None) -> list[str]:
    """Draw the panels with values as tiles, or the arrows of the others."""
    grid = chart.tiles()
    if grid is not None:
        return tiles.draw(grid, width, colour, max_lines, height=_HEIGHT)
    heading = [line for text in (chart.title, chart.note) for line in paragraph(text, width)]
    return below(heading, max_lines, lambda left: _rows(chart, width, colour, left))


def _rows(chart: FieldChart, width: int, colour: bool, max_lines: int | None) -> list[str]:
    blocks = []
    for label, fields in chart.rows:
        drawn = [_panel(f"{label}, {field.caption}" if label else field.caption, field, colour) for field in fields]
        across = max(1, (width + 2) // (len(fields[0].arrows[0]) * 2 + 2)) if fields[0].arrows is not None else 1
        blocks += [_beside(drawn[start : start + across]) for start in range(0, len(drawn), across)]
    return spread(blocks, max_lines, "panels")


def _beside(panels: Sequence[list[str]]) -> list[str]:
    return ["  ".join(lines) for lines in zip(*panels, strict=True)]


def _panel(caption: str, field: Field, colour: bool) -> list[str]:
    """Return the caption and a line per row of arrows, two columns per arrow."""
    assert field.arrows is not None
    lengths = np.linalg.norm(field.arrows, axis=-1)
    angles = np.rint(np.arctan2(field.arrows[..., 1], field.arrows[..., 0]) / (np.pi / 4)).astype(int) % 8
    shown = np.where(lengths > _SHORT * (lengths.max() or 1.0), np.array(list(_ARROWS))[angles], "·")
    levels = np.clip(np.sqrt(lengths / (lengths.max() or 1.0)), 0.25, 1.0)
    rows = []
    for row, level in zip(shown[::-1], levels[::-1], strict=True):
        # A longer arrow is bluer.
        cells = [
            Cell(f"{arrow} ", np.array([0.45 - 0.35 * each, 0.5, 0.5 + 0.3 * each]))
            for arrow, each in zip(row, np.round(level, 1), strict=True)
        ]
        rows.append(render(cells, colour))
    return [fit(caption, 2 * shown.shape[1]), *rows]
