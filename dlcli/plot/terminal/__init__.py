"""Charts in characters, as lists of lines.

With `colour` the lines contain ANSI codes of 24-bit colours, which rich reduces to what the terminal can show. Without
it they are plain characters with the same content, for a pipe, NO_COLOR and TERM=dumb. No line is wider than `width`
columns, and no picture is taller than `max_lines`: what does not fit is left out, and a line counts it.
"""

from dlcli import discovery

__getattr__ = discovery.lazy_modules(__name__)  # `terminal.surface`: the file `surface.py`
