"""What goes into a network: images under augmentation, and the parts of an image that a class rests on."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from dlcli.plot import palette
from dlcli.plot.tiles import Grid, Row, Tile


def augmentation(image: np.ndarray, rows: Sequence[tuple[str, Sequence[Tile]]], *, title: str, note: str = "") -> Grid:
    """Show an image and, row by row, what each transformation makes of it.

    Args:
        image: the original, which begins each row.
        rows: name of the transformation, and changed images whose captions tell the strengths drawn.
        title: of the picture.
        note: what holds for all rows.
    """
    return Grid(title, [Row([Tile(image, "original"), *tiles], name) for name, tiles in rows], note)


def saliency(image: np.ndarray, importance: np.ndarray, gradient: np.ndarray, *, title: str, note: str = "") -> Grid:
    """Show an image, where a class is seen in it, and which pixels would change its score.

    Args:
        image: [height, width] with no, one or three channels.
        importance: Grad-CAM, float [height, width] of the image, at least 0.
        gradient: of the score by the pixels, the largest magnitude over the channels, [height, width].
        title: of the picture; it should name the class and its probability.
        note: anything further.

    Reference: Selvaraju et al., "Grad-CAM", 2017, arXiv:1610.02391, section 3; Simonyan, Vedaldi and
    Zisserman, "Deep Inside Convolutional Networks", 2014, arXiv:1312.6034, section 3.1.
    """
    steepest = float(np.abs(gradient).max())
    heat = palette.overlay(image, importance, (0.0, float(importance.max())))
    tiles = [
        Tile(image, "input"),
        Tile(heat, "Grad-CAM: yellow speaks most for the class"),
        Tile(np.abs(gradient), f"|input gradient|, up to {steepest:.3g}", "heat", (0.0, steepest)),
    ]
    return Grid(title, [Row(tiles)], note)
