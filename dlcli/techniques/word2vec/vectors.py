"""Questions to word vectors, and the files that other tools read."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import IO

import numpy as np

from dlcli import files
from dlcli.data.text.words import WordFacts, normalized
from dlcli.errors import UsageError
from dlcli.nearest import did_you_mean


class Vectors:
    """The words of a vocabulary by the directions of their vectors.

    Attributes:
        words: the vocabulary, the most frequent first.
        rows: float32 [word, feature].
        directions: `rows` of length 1; a vector of zeros stays.
    """

    def __init__(self, facts: WordFacts, rows: np.ndarray):
        self.facts, self.words, self.rows = facts, facts.words, rows
        self.directions = rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-12)
        self._numbers = {word: number for number, word in enumerate(facts.words)}

    def find(self, word: str) -> int | None:
        """Return the number of a word, or None where the vocabulary lacks it."""
        return self._numbers.get(normalized(word, self.facts.lower))

    def number(self, flag: str, word: str) -> int:
        """Return the number of a word that a flag names.

        Raises:
            UsageError: the vocabulary lacks it; the message has the nearest spelling.
        """
        if (number := self.find(word)) is not None:
            return number
        meant = did_you_mean(normalized(word, self.facts.lower), self.words)
        raise UsageError(f"{flag} needs words of the vocabulary, {len(self.words):,} in all, got {word!r}{meant}")

    def nearest(self, query: np.ndarray, left_out: Sequence[int], top: int) -> list[tuple[str, float]]:
        """Return the `top` words with the highest cosine to `query` [feature], but none of the numbers `left_out`."""
        cosines = self.directions @ (query / max(np.linalg.norm(query), 1e-12))
        cosines[list(left_out)] = -np.inf
        best = np.argsort(-cosines, kind="stable")[: min(top, len(cosines) - len(set(left_out)))]
        return [(self.words[number], float(cosines[number])) for number in best]

    def analogy(self, first: int, second: int, third: int) -> np.ndarray:
        """Return the direction [feature] of what is to `third` as `second` is to `first`: 3CosAdd.

        Reference: Levy and Goldberg, "Linguistic Regularities in Sparse and Explicit Word Representations", 2014,
        equation 1.
        """
        return self.directions[second] - self.directions[first] + self.directions[third]

    def write(self, path: Path) -> None:
        """Write all vectors in the format of word2vec.c, text or, for `.bin`, binary.

        Both begin with a line of the number of words and that of dimensions. A word's line in the text has the word
        and its numbers between spaces; in the binary file the word, a space, its numbers as little-endian float32,
        and a line feed.

        Raises:
            UsageError: a word has a space, which the format cannot hold.
            DiskError: the file cannot be written.
        """
        for word in self.words:
            if word.split() != [word]:
                raise UsageError(f"--vectors needs words without spaces, found {word!r}: see --pattern of the run")
        line = _binary if path.suffix == ".bin" else _text
        with files.atomic_write(path) as file:
            file.write(f"{self.rows.shape[0]} {self.rows.shape[1]}\n".encode())
            for word, row in zip(self.words, self.rows, strict=True):
                line(file, word, row)


def _text(file: IO[bytes], word: str, row: np.ndarray) -> None:
    # Nine digits tell any two float32 apart.
    file.write(f"{word} {' '.join(f'{value:.9g}' for value in row.tolist())}\n".encode())


def _binary(file: IO[bytes], word: str, row: np.ndarray) -> None:
    file.write(word.encode() + b" " + row.astype("<f4").tobytes() + b"\n")
