"""Lines with too much of a raw text, such as the single line of text8: cut into pieces, so that each split has some."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterator, Mapping

_LONGEST, _PIECE = 0.1, 0.01  # fractions of the characters of the text
_SHORTEST = 100  # characters of a piece; shorter pieces have too few neighbouring words
_SPACE = re.compile(r"\s")


@dataclasses.dataclass(frozen=True)
class LongLines:
    """The lines of a text that are cut.

    Attributes:
        numbers: of the lines.
        piece: characters of a piece, at least; a piece has at most twice as many.
    """

    numbers: frozenset[int] = frozenset()
    piece: int = _SHORTEST

    @classmethod
    def of(cls, lengths: Mapping[int, int], total: int) -> LongLines:
        """Return the lines with more than a tenth of a text, to be cut into pieces of about a hundredth.

        Args:
            lengths: characters of each line that may be long, by its number.
            total: characters of all lines.
        """
        piece = max(_SHORTEST, int(total * _PIECE))
        longest = max(2 * piece, total * _LONGEST)
        return cls(frozenset(number for number, length in lengths.items() if length > longest), piece)


NONE = LongLines()


def cut(line: str, piece: int) -> Iterator[str]:
    """Cut a line into pieces."""
    start = 0
    while start < len(line):
        end = cut_once(line, start, piece)
        yield line[start:end]
        start = end


def cut_once(line: str, start: int, piece: int) -> int:
    """Return the end of a piece: at the first white space after `piece` characters, or after 2·`piece` without one."""
    space = _SPACE.search(line, start + piece, start + 2 * piece)
    return space.end() if space else min(start + 2 * piece, len(line))
