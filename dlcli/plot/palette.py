"""Values to colours, the same in files and in the terminal.

Colours are float [..., 3] in [0, 1], in the order red, green, blue.
"""

from __future__ import annotations

from typing import Literal

import numpy as np

# Okabe and Ito, "Color Universal Design", 2008: distinguishable with every kind of colour blindness.
# Yellow is last, because it is faint on white.
LINES = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000", "#F0E442")

# For text on white: the first seven at 0.7 of their brightness, and gray instead of yellow.
TEXT = ("#00507D", "#954200", "#006F50", "#8F5575", "#A16F00", "#3C7EA3", "#000000", "#8C8C8C")

# For characters on a dark or light terminal: the same hues, each with a contrast (WCAG 2) of at least 3 against both
# black and white. None is the terminal's default colour.
TERMINAL = ("#1480C4", "#D55E00", "#009E73", "#C375A0", "#B87F00", "#4691BB", None, "#948C26")

Palette = Literal["gray", "blues", "heat", "signed"]

# Evenly spaced from the lowest value to the highest. Heat: matplotlib's inferno, whose lightness increases
# monotonically. Blues and signed: ColorBrewer's Blues, and RdBu with blue for negative values.
_ANCHORS: dict[Palette, tuple[str, ...]] = {
    "gray": ("#000000", "#FFFFFF"),
    "blues": ("#FFFFFF", "#DEEBF7", "#C6DBEF", "#9ECAE1", "#6BAED6", "#4292C6", "#2171B5", "#08519C", "#08306B"),
    "heat": ("#000004", "#210C4A", "#57106E", "#8A226A", "#BC3754", "#E45A31", "#F98E09", "#F9CB35", "#FCFFA4"),
    "signed": ("#053061", "#2166AC", "#4393C3", "#92C5DE", "#F7F7F7", "#F4A582", "#D6604D", "#B2182B", "#67001F"),
}
_NAN = (0.6, 0.6, 0.6)


def from_hex(text: str) -> np.ndarray:
    """Parse a colour such as "#0072B2"."""
    return np.array([int(text[start : start + 2], 16) for start in (1, 3, 5)]) / 255


def limits(values: np.ndarray, palette: Palette) -> tuple[float, float]:
    """Return the default values at the two ends of the palette.

    An image, which is gray or has channels, has the limits 0 and 255 (uint8) or 0 and 1. A map has its lowest and
    highest value, symmetric around zero with the signed palette.
    """
    if values.dtype == np.uint8:
        return 0.0, 255.0
    if palette == "gray":
        return 0.0, 1.0
    finite = values[np.isfinite(values)]
    low, high = (float(finite.min()), float(finite.max())) if finite.size else (0.0, 1.0)
    if palette == "signed":
        low, high = -max(abs(low), abs(high)), max(abs(low), abs(high))
    return low, high


def normalize(values: np.ndarray, palette: Palette, ends: tuple[float, float] | None = None) -> np.ndarray:
    """Map values to [0, 1] between the ends of the palette (default: `limits`), and clip them.

    Where the ends are equal, all values map to the middle of the signed palette, or to the start of another.
    """
    low, high = ends or limits(values, palette)
    values = np.asarray(values, dtype=np.float64)
    if high <= low:
        return np.where(np.isnan(values), np.nan, 0.5 if palette == "signed" else 0.0)
    return np.clip((values - low) / (high - low), 0.0, 1.0)


def paint(fractions: np.ndarray, palette: Palette) -> np.ndarray:
    """Map [...] in [0, 1] to colours [..., 3]; NaN becomes gray."""
    anchors = np.stack([from_hex(text) for text in _ANCHORS[palette]])
    positions = np.linspace(0, 1, len(anchors))
    filled = np.nan_to_num(fractions)
    colors = np.stack([np.interp(filled, positions, anchors[:, channel]) for channel in range(3)], axis=-1)
    return np.where(np.isnan(fractions)[..., None], _NAN, colors)


def luminance(colors: np.ndarray) -> np.ndarray:
    """Map colours [..., 3] to their luma [...] in [0, 1], with the weights of ITU-R BT.709."""
    return np.asarray(colors @ np.array([0.2126, 0.7152, 0.0722]))


def relative_luminance(colors: np.ndarray) -> np.ndarray:
    """Map sRGB colours [..., 3] to their relative luminance [...] in [0, 1], as WCAG 2 defines it."""
    linear = np.where(colors <= 0.04045, colors / 12.92, ((colors + 0.055) / 1.055) ** 2.4)
    return luminance(linear)


def contrast(one: np.ndarray, other: np.ndarray) -> float:
    """Return the contrast ratio of two colours [3], from 1 for equal colours to 21 for black and white (WCAG 2)."""
    low, high = sorted(float(relative_luminance(np.asarray(each))) for each in (one, other))
    return (high + 0.05) / (low + 0.05)


def lightened(color: np.ndarray, background: np.ndarray, minimum: float = 3.0) -> np.ndarray:
    """Mix a colour [3] with just enough white to reach a contrast of `minimum` against a dark background [3]."""
    for weight in np.linspace(0, 1, 21):
        mixed = color + weight * (1 - color)
        if contrast(mixed, background) >= minimum:
            return mixed
    return np.ones(3)


def terminal_color(number: int) -> np.ndarray | None:
    """Return the colour of the line or group with this number in a terminal; None: the terminal's default."""
    color = TERMINAL[number % len(TERMINAL)]
    return None if color is None else from_hex(color)


def text_color(background: np.ndarray) -> np.ndarray:
    """Return black or white [3], whichever is legible on a background of this colour [3]."""
    # Black and white have equal contrast (WCAG 2) against 0.18 of linear light, which is 0.46 in sRGB.
    return np.full(3, 0.0 if luminance(background) > 0.46 else 1.0)


def as_colors(image: np.ndarray, palette: Palette = "gray", ends: tuple[float, float] | None = None) -> np.ndarray:
    """Convert an image or map, [height, width] with no, one or three channels, to colours [height, width, 3].

    Three channels are red, green and blue: uint8, or floats in [0, 1].
    """
    values = squeezed(image)
    if values.ndim == 3:
        return normalize(values, "gray", ends)
    return paint(normalize(values, palette, ends), palette)


def squeezed(image: np.ndarray) -> np.ndarray:
    """Drop the channel axis of [height, width, 1]; return [height, width] and [height, width, 3] unchanged.

    Raises:
        ValueError: the array has another shape, or no pixels.
    """
    image = np.asarray(image)
    if image.ndim == 3 and image.shape[-1] == 1:
        image = image[..., 0]
    if image.size == 0 or image.ndim not in (2, 3) or image.shape[2:] not in ((), (3,)):
        raise ValueError(f"an image must be [height, width] with 1 or 3 channels, got shape {image.shape}")
    return image


def overlay(image: np.ndarray, heat: np.ndarray, ends: tuple[float, float] | None = None) -> np.ndarray:
    """Blend a heat map [height, width] over a gray version of an image of the same size.

    Returns:
        Colours [height, width, 3].
    """
    fractions = normalize(heat, "heat", ends)
    gray = luminance(as_colors(image))[..., None]
    # The image stays visible where the heat is low, and no pixel is covered completely.
    weight = 0.75 * np.nan_to_num(fractions)[..., None] ** 0.7
    return np.asarray((1 - weight) * gray + weight * paint(fractions, "heat"))
