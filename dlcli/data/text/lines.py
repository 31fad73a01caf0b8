"""The lines of a text set, divided into splits.

A raw text (a single `.txt` file) is divided line by line (see `dlcli.data.splits`); other text sets have splits. A
line with more than a tenth of a raw text, such as the single line of text8, is cut into pieces of about a hundredth of
the text, at white space if possible. Even a text of one line thus has pieces in each split.

Files larger than memory are read in pieces (see `large_lines`); their lines and splits are the same.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from typing import Protocol

from dlcli import files
from dlcli.data import splits, text_files
from dlcli.data.problems import refuse
from dlcli.data.splits import ALIASES
from dlcli.data.text import long_lines
from dlcli.data.text.catalogue import open_texts
from dlcli.data.text.columns import DEFAULT, ReadOptions
from dlcli.data.text.large import large_lines, large_texts
from dlcli.data.text.long_lines import LongLines


class Lines(Protocol):
    """The lines of a text set."""

    def digest(self, options: str) -> str:
        """Return the SHA-256 of the text and its splits, and of what else depends on options."""

    def __iter__(self) -> Iterator[tuple[str, str]]:
        """Yield the split and the text of each line, in the order of the text within each split."""


class LinesInMemory:
    """The lines of a text set that is in memory, by split."""

    def __init__(self, splits: Mapping[str, Sequence[str]]):
        self.splits = {name: splits[name] for name in ALIASES if splits.get(name)}

    def digest(self, options: str) -> str:
        """Return the SHA-256 of the text and its splits, and of what else depends on options."""
        digest = hashlib.sha256(options.encode())
        for split in ALIASES:
            digest.update(f"\n{split}\n".encode())
            digest.update("\n".join(self.splits.get(split, ())).encode("utf-8", "surrogatepass"))
        return digest.hexdigest()

    def __iter__(self) -> Iterator[tuple[str, str]]:
        """Yield the split and the text of each line."""
        for split, found in self.splits.items():
            for line in found:
                yield split, line


def read(dataset: str, options: ReadOptions = DEFAULT) -> Lines:
    """Return the lines of a text set.

    Raises:
        UsageError: no text set has this name.
        DatasetError: a file is missing or damaged.
    """
    path = text_files.located(dataset)
    if text_files.extension(path) == text_files.RAW and not path.is_dir():
        if not options.in_memory and large_texts.is_large([path]):
            return large_lines.LargeRawLines(path)
        raw, bad = text_files.raw(path)
        refuse(dataset, bad, skip_bad=options.skip_bad)
        found = list(pieces(files.split_lines(raw)))
        return LinesInMemory({split: [found[i] for i in each] for split, each in splits.numbered(len(found)).items()})
    texts = open_texts(dataset, options)
    return large_lines.of(texts) or LinesInMemory(
        {
            split: [line for document in documents.texts for line in files.split_lines(document)]
            for split, documents in texts.splits.items()
        }
    )


def pieces(lines: list[str]) -> Iterator[str]:
    """Yield the lines, those with too much of the text in pieces."""
    lengths = dict(enumerate(map(len, lines)))
    long = LongLines.of(lengths, sum(lengths.values()))
    for number, line in enumerate(lines):
        if number in long.numbers:
            yield from long_lines.cut(line, long.piece)
        else:
            yield line
