"""The lines of a text set, divided into splits.

A raw text (a single `.txt` file) is divided line by line (see `dlcli.data.splits`); other text sets have splits. A
line with more than a tenth of a raw text, such as the single line of text8, is cut into pieces of about a hundredth of
the text, at white space if possible. Even a text of one line thus has pieces in each split.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterator

from dlcli import files
from dlcli.data import splits, text_files
from dlcli.data.problems import refuse
from dlcli.data.text.catalogue import open_texts
from dlcli.data.text.columns import DEFAULT, ReadOptions

_LONGEST, _PIECE = 0.1, 0.01  # fractions of the characters of the text
_SHORTEST = 100  # characters of a piece; shorter pieces have too few neighbouring words
_SPACE = re.compile(r"\s")


def read(dataset: str, options: ReadOptions = DEFAULT) -> dict[str, list[str]]:
    """Return the lines of each split that is not empty.

    Raises:
        UsageError: no text set has this name.
        DatasetError: a file is missing or damaged.
    """
    path = text_files.located(dataset)
    if text_files.is_text(path) and text_files.extension(path) == text_files.RAW:
        raw, bad = text_files.raw(path)
        refuse(dataset, bad, skip_bad=options.skip_bad)
        found = list(pieces(files.split_lines(raw)))
        parts = {split: [found[i] for i in indices] for split, indices in splits.numbered(len(found)).items()}
    else:
        texts = open_texts(dataset, dataclasses.replace(options, in_memory=True))
        parts = {
            split: [line for document in documents.texts for line in files.split_lines(document)]
            for split, documents in texts.splits.items()
        }
    return {split: each for split, each in parts.items() if each}


def pieces(lines: list[str]) -> Iterator[str]:
    """Yield the lines, those with too much of the text in pieces."""
    total = sum(map(len, lines))
    piece = max(_SHORTEST, int(total * _PIECE))
    for line in lines:
        if len(line) > max(2 * piece, total * _LONGEST):
            yield from _cut(line, piece)
        else:
            yield line


def _cut(line: str, piece: int) -> Iterator[str]:
    """Cut a line at the first white space after each `piece` characters, or after 2·`piece` if there is none."""
    start = 0
    while start < len(line):
        space = _SPACE.search(line, start + piece, start + 2 * piece)
        end = space.end() if space else min(start + 2 * piece, len(line))
        yield line[start:end]
        start = end
