"""How every figure looks: one style, whatever the user's own settings of matplotlib."""

from __future__ import annotations

import bisect
import functools
import warnings
from contextlib import AbstractContextManager
from typing import Literal

import matplotlib.style
import numpy as np
from matplotlib.colors import ListedColormap
from matplotlib.figure import Figure
from matplotlib.font_manager import findfont, fontManager, get_font

from dlcli.plot import palette

SMALL, NORMAL, LARGE = 7.5, 9.0, 11.0  # font sizes, points
DPI = 150
_POINTS_PER_INCH = 72
_MEASURED = 50.0  # points

# Where DejaVu Sans, which matplotlib brings along, lacks a script, the first of these is asked.
_FURTHER_FONTS = ("Noto Sans CJK SC", "Noto Sans CJK JP", "WenQuanYi Micro Hei", "Hiragino Sans", "Microsoft YaHei")


@functools.cache
def _settings() -> dict[str, object]:
    installed = set(fontManager.get_font_names())
    return {
        "font.family": ["DejaVu Sans", *(name for name in _FURTHER_FONTS if name in installed)],
        "font.size": NORMAL,
        "axes.titlesize": NORMAL,
        "axes.labelsize": NORMAL,
        "xtick.labelsize": SMALL,
        "ytick.labelsize": SMALL,
        "legend.fontsize": SMALL,
        "figure.titlesize": LARGE,
        "axes.spines.top": False,
        "axes.spines.right": False,
        "axes.edgecolor": "#555555",
        "axes.axisbelow": True,
        "grid.color": "#DDDDDD",
        "grid.linewidth": 0.6,
        "legend.frameon": False,
        "lines.linewidth": 1.5,
        "figure.dpi": DPI,
        "text.hinting": "none",  # hinted letters are wider the smaller they are, and would not fit what was measured
        # A class or a file may be called "$5"; nothing here is a formula.
        "text.parse_math": False,
        "axes.formatter.use_mathtext": False,
        "svg.hashsalt": "dlcli",  # else the names inside a file differ from one writing to the next
    }


def applied() -> AbstractContextManager[None]:
    """Return a context, also a decorator, in which matplotlib draws in our style; it is undone after."""
    return matplotlib.style.context(_settings(), after_reset=True)


def new_figure(width: float, height: float, *, layout: Literal["constrained"] | None = "constrained") -> Figure:
    """Return an empty figure, sizes in inches. It belongs to no window and is freed like any object."""
    with applied():
        return Figure(figsize=(width, height), layout=layout)


def line_color(number: int) -> str:
    """Return the colour of the line `number`; after the last one they begin again."""
    return palette.LINES[number % len(palette.LINES)]


def colormap(name: palette.Palette) -> ListedColormap:
    """Return one of our palettes as matplotlib wants it; no value is gray."""
    colors = palette.paint(np.linspace(0, 1, 256), name)
    return ListedColormap(colors, name).with_extremes(bad=palette.paint(np.array(np.nan), name))


def write_title(figure: Figure, title: str) -> None:
    """Write a title above all axes, from the left, in as many lines as the figure's width asks for."""
    room = figure.get_figwidth() - 0.4
    text = figure.suptitle("\n".join(wrap(title, room, LARGE)), x=0.2 / figure.get_figwidth(), ha="left")
    if figure.get_layout_engine() is None:
        text.set_y(1 - 0.1 / figure.get_figheight())


def title_height(title: str, width: float) -> float:
    """Return the inches that `write_title` needs on a figure of this width."""
    return 0.1 + 1.3 * LARGE / _POINTS_PER_INCH * len(wrap(title, width - 0.4, LARGE))


@functools.lru_cache(maxsize=4096)
def text_width(text: str, size: float) -> float:
    """Return how wide a line of text is, in inches."""
    font = get_font([findfont(family) for family in _settings()["font.family"]])
    # Measured large, where the rounding to pixels does not show; widths grow with the size.
    font.set_size(_MEASURED, _POINTS_PER_INCH)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a character that no font has is reported when it is drawn
        font.set_text(text)
    width, _ = font.get_width_height()
    return width / 64 / _MEASURED * size / _POINTS_PER_INCH  # FreeType counts in 64ths of a pixel


def shorten(text: str, width: float, size: float) -> str:
    """Cut a line of text to `width` inches; what was cut is an ellipsis."""
    if text_width(text, size) <= width:
        return text
    kept = bisect.bisect_right(range(len(text)), width, key=lambda end: text_width(text[:end] + "…", size)) - 1
    return text[: max(kept, 0)].rstrip() + "…"


def wrap(text: str, width: float, size: float) -> list[str]:
    """Break text into lines of at most `width` inches, between words; a word that is longer is cut."""
    lines: list[str] = []
    for paragraph in text.splitlines():
        line = ""
        for word in paragraph.split():
            longer = f"{line} {word}".strip()
            if line and text_width(longer, size) > width:
                lines.append(line)
                longer = word
            line = shorten(longer, width, size)
        lines.append(line)
    return lines
