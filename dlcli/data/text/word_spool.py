"""The words of lines, numbered in the order of first occurrence, on the disk until their final ids are known.

Memory is taken by the different words alone, not by the length of the text.
"""

from __future__ import annotations

import contextlib
import tempfile
from array import array
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import IO

import numpy as np

from dlcli.files import disk_errors

LONGEST = 1_000  # words per sentence; the limit of word2vec.c
_CHUNK = 2**18  # words that are held in memory, and sentences that are renumbered at a time
_HINT = "free some space, or set DLCLI_CACHE to a writable folder with enough space"

Ids = tuple[np.ndarray, np.ndarray]  # words of some sentences, and the number of words of each


class Spool:
    """The words of the lines of a split, in two temporary files without names.

    Attributes:
        lines: their number.
        counts: occurrences of each word so far, int64 [word].
    """

    def __init__(self, folder: Path):
        self._folder = folder
        self._files = contextlib.ExitStack()
        self._words, self._lengths = (self._files.enter_context(self._temporary()) for _ in range(2))
        self._held, self._ends = array("i"), array("q")
        self._written = 0
        self.lines = 0
        self.counts = np.zeros(0, np.int64)

    def __enter__(self) -> Spool:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        self._files.close()

    def extend(self, numbers: Iterator[int]) -> None:
        """Add the words of a line."""
        self._held.extend(numbers)
        self._ends.append(self._written + len(self._held))
        self.lines += 1
        if len(self._held) >= _CHUNK or len(self._ends) >= _CHUNK:
            self._flush()

    def counted(self, words: int) -> np.ndarray:
        """Return the occurrences of each of a number of words, int64 [word]."""
        self._flush()
        found = np.zeros(words, np.int64)
        found[: len(self.counts)] = self.counts
        return found

    def sentences(self, ranks: np.ndarray) -> Iterator[Ids]:
        """Yield the sentences with their final ids, in parts.

        Args:
            ranks: the final id of each word by its number, int32 [word]; -1 for a word that is dropped.
        """
        self._flush()
        for file in (self._words, self._lengths):
            file.seek(0)
        while len(lengths := np.frombuffer(self._lengths.read(4 * _CHUNK), np.int32)):
            words = np.frombuffer(self._words.read(4 * int(lengths.sum(dtype=np.int64))), np.int32)
            yield _renumbered(words, lengths, ranks)

    def _flush(self) -> None:
        words = np.frombuffer(self._held, np.int32)
        ends = np.frombuffer(self._ends, np.int64)
        counts = np.bincount(words, minlength=len(self.counts))
        counts[: len(self.counts)] += self.counts
        self.counts = counts
        with disk_errors(self._folder, _HINT):
            self._words.write(words.data)
            self._lengths.write(np.diff(ends, prepend=self._written).astype(np.int32).data)
            for file in (self._words, self._lengths):
                file.flush()
        self._written += len(words)
        self._held, self._ends = array("i"), array("q")

    def _temporary(self) -> IO[bytes]:
        with disk_errors(self._folder, _HINT):
            return tempfile.TemporaryFile(dir=self._folder)


def _renumbered(words: np.ndarray, lengths: np.ndarray, ranks: np.ndarray) -> Ids:
    """Drop the words outside the vocabulary and the empty sentences; cut sentences that are too long."""
    ranked = ranks[words]
    kept = ranked >= 0
    ends = np.cumsum(lengths, dtype=np.int64)
    total = np.concatenate([[0], np.cumsum(kept)])
    remaining = total[ends] - total[ends - lengths]
    pieces = -(-remaining // LONGEST)
    owners = np.repeat(np.arange(len(remaining)), pieces)
    number = np.arange(len(owners)) - (np.cumsum(pieces) - pieces)[owners]
    return ranked[kept], np.minimum(remaining[owners] - number * LONGEST, LONGEST).astype(np.int32)
