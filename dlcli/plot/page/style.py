"""The style of all figures, independent of the user's matplotlib settings."""

from __future__ import annotations

import bisect
import contextlib
import functools
import warnings
from collections.abc import Iterator
from typing import Literal

import matplotlib.style
import numpy as np
from matplotlib.colors import Colormap, ListedColormap
from matplotlib.figure import Figure
from matplotlib.font_manager import findfont, fontManager, get_font

from dlcli.plot import palette

SMALL, NORMAL, LARGE = 7.5, 9.0, 11.0  # font sizes, points
DPI = 150
_POINTS_PER_INCH = 72
_MEASURING_SIZE = 50.0  # points

# Fallbacks for the scripts that DejaVu Sans, the font that matplotlib ships, does not cover.
_FALLBACK_FONTS = ("Noto Sans CJK SC", "Noto Sans CJK JP", "WenQuanYi Micro Hei", "Hiragino Sans", "Microsoft YaHei")


@functools.cache
def _fonts() -> list[str]:
    installed = set(fontManager.get_font_names())
    return ["DejaVu Sans", *(name for name in _FALLBACK_FONTS if name in installed)]


@functools.cache
def _settings() -> dict[str, object]:
    return {
        "font.family": _fonts(),
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
        "text.hinting": "none",  # hinted glyphs are wider at small sizes than `text_width` measures
        # The name of a class or file may contain "$"; it is not a formula.
        "text.parse_math": False,
        "axes.formatter.use_mathtext": False,
        "svg.hashsalt": "dlcli",  # else the ids in a file differ each time it is written
    }


@contextlib.contextmanager
def applied() -> Iterator[None]:
    """Return a context manager, also a decorator, that applies the style and restores the settings afterwards."""
    with matplotlib.style.context(_settings(), after_reset=True):
        yield


def new_figure(width: float, height: float, *, layout: Literal["constrained"] | None = "constrained") -> Figure:
    """Return an empty figure of this size in inches; it is not registered with pyplot."""
    with applied():
        return Figure(figsize=(width, height), layout=layout)


def line_color(number: int) -> str:
    """Return the colour of line `number`; the colours repeat after the last."""
    return palette.LINES[number % len(palette.LINES)]


def line_pattern(number: int) -> str:
    """Return the pattern of line `number`: solid, and dotted where its colour repeats."""
    return "-" if number < len(palette.LINES) else ":"


def colormap(name: palette.Palette) -> Colormap:
    """Return a palette as a matplotlib colormap; NaN is gray."""
    colors = palette.paint(np.linspace(0, 1, 256), name)
    return ListedColormap(colors, name).with_extremes(bad=palette.paint(np.array(np.nan), name))


def write_title(figure: Figure, title: str) -> None:
    """Write a left-aligned title above all axes, wrapped to the width of the figure."""
    lines = wrap(title, figure.get_figwidth() - 0.4, LARGE)
    text = figure.suptitle("\n".join(lines), x=0.2 / figure.get_figwidth(), ha="left")
    if figure.get_layout_engine() is None:
        text.set_y(1 - 0.1 / figure.get_figheight())


def title_height(title: str, width: float) -> float:
    """Return the height in inches that `write_title` needs on a figure of this width."""
    return 0.1 + 1.3 * LARGE / _POINTS_PER_INCH * len(wrap(title, width - 0.4, LARGE))


@functools.lru_cache(maxsize=4096)
def text_width(text: str, size: float) -> float:
    """Return the width of a line of text in inches, at a font size in points."""
    font = get_font([findfont(family) for family in _fonts()])
    # Measured at a large size, where rounding to pixels is negligible; the width is proportional to the size.
    font.set_size(_MEASURING_SIZE, _POINTS_PER_INCH)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # matplotlib warns about missing glyphs when it draws
        font.set_text(text)
    width, _ = font.get_width_height()
    return width / 64 / _MEASURING_SIZE * size / _POINTS_PER_INCH  # FreeType returns 64ths of a pixel


def shorten(text: str, width: float, size: float) -> str:
    """Truncate a line of text to `width` inches, with an ellipsis."""
    if text_width(text, size) <= width:
        return text
    kept = bisect.bisect_right(range(len(text)), width, key=lambda end: text_width(text[:end] + "…", size)) - 1
    return text[: max(kept, 0)].rstrip() + "…"


def wrap(text: str, width: float, size: float) -> list[str]:
    """Wrap text at words into lines of at most `width` inches; a longer word is truncated."""
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
