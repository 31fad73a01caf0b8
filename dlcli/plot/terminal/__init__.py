"""Pictures made of characters, as lists of lines.

With `colour` they hold ANSI codes of 24-bit colours, which rich reads and brings down to what a
terminal can show; without it they hold plain characters and say the same to a pipe, under NO_COLOR
and to TERM=dumb. No line is wider than `width` columns, and no picture higher than `most` lines where
that is given: what has no room is left out, and the picture says so. Which to use is for the caller to say.
"""

from __future__ import annotations

from dlcli.plot.terminal.boxes import boxes
from dlcli.plot.terminal.charts import charts, lines
from dlcli.plot.terminal.clouds import cloud
from dlcli.plot.terminal.fitting import below, cut
from dlcli.plot.terminal.landscapes import landscape
from dlcli.plot.terminal.pictures import album, grid, image, images
from dlcli.plot.terminal.tables import bars, confusion, intervals, matrix
from dlcli.plot.terminal.text import paragraph

__all__ = [
    "album",
    "bars",
    "below",
    "boxes",
    "charts",
    "cloud",
    "confusion",
    "cut",
    "grid",
    "image",
    "images",
    "intervals",
    "landscape",
    "lines",
    "matrix",
    "paragraph",
]
