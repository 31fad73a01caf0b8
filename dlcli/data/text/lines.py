"""The lines of a text set, divided into splits.

A raw text (a single `.txt` file) is divided line by line, by `dlcli.data.splits`; other text sets have their splits.
A line that holds more than a tenth of a raw text, as that of text8 does, is cut into pieces of about a hundredth of
the text, at white space where there is some near: so a corpus of one line or two has something in each split.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from dlcli import files
from dlcli.data import splits
from dlcli.data.problems import refuse
from dlcli.data.text import files as text_files
from dlcli.data.text import sets
from dlcli.data.text.columns import USUAL, Reading

_LARGEST_SHARE, _PIECE_SHARE = 0.1, 0.01  # of the characters of the text
_SHORTEST = 100  # characters of a piece: fewer hold too few neighbours
_SPACE = re.compile(r"\s")


def read(dataset: str, reading: Reading = USUAL) -> dict[str, list[str]]:
    """Return the lines of each split that has some.

    Raises:
        UsageError: there is no set of this name.
        DatasetError: a file is missing or damaged.
    """
    path = text_files.located(dataset)
    if text_files.is_text(path) and text_files.ending(path) == text_files.RAW:
        raw, bad = text_files.raw(path)
        refuse(dataset, bad, skip_bad=reading.skip_bad)
        found = list(pieces(files.split_lines(raw)))
        parts = {split: [found[place] for place in places] for split, places in splits.numbered(len(found)).items()}
    else:
        texts = sets.open(dataset, reading)
        parts = {
            split: [line for document in documents.texts for line in files.split_lines(document)]
            for split, documents in texts.splits.items()
        }
    return {split: each for split, each in parts.items() if each}


def pieces(lines: list[str]) -> Iterator[str]:
    """Yield the lines; in the place of one that holds too much of the text, its pieces."""
    total = sum(map(len, lines))
    piece = max(_SHORTEST, int(total * _PIECE_SHARE))
    for line in lines:
        if len(line) > max(2 * piece, total * _LARGEST_SHARE):
            yield from _cut(line, piece)
        else:
            yield line


def _cut(line: str, piece: int) -> Iterator[str]:
    """Cut a line at the first white space after each `piece` characters, or after twice as many where there is none."""
    start = 0
    while start < len(line):
        space = _SPACE.search(line, start + piece, start + 2 * piece)
        end = space.end() if space else min(start + 2 * piece, len(line))
        yield line[start:end]
        start = end
