"""Pictures made of characters, as lists of lines.

With `colour` they hold ANSI codes of 24-bit colours, which rich reads and brings down to what a
terminal can show; without it they hold plain characters and say the same to a pipe, under NO_COLOR
and to TERM=dumb. No line is wider than `width` columns. Which to use is for the caller to say.
"""

from __future__ import annotations

from dlcli.plot.terminal.charts import lines
from dlcli.plot.terminal.landscapes import landscape
from dlcli.plot.terminal.pictures import album, grid, image, images
from dlcli.plot.terminal.tables import bars, confusion, matrix

__all__ = ["album", "bars", "confusion", "grid", "image", "images", "landscape", "lines", "matrix"]
