"""Word vectors: nearest words, analogies, and files in word2vec's format."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import IO

import numpy as np

from dlcli import files
from dlcli.data.text.words import WordFacts, normalized
from dlcli.errors import UsageError
from dlcli.nearest import did_you_mean


class WordVectors:
    """The words of a vocabulary with their vectors.

    Attributes:
        words: the vocabulary, most frequent first.
        vectors: float32 [word, feature].
        unit_vectors: `vectors` normalized to length 1; zero vectors stay zero.
        unknown: the vector, float [feature], of a word outside the vocabulary, or None.
    """

    def __init__(
        self, facts: WordFacts, vectors: np.ndarray, unknown: Callable[[str], np.ndarray | None] = lambda word: None
    ):
        self.facts, self.words, self.vectors, self.unknown = facts, facts.words, vectors, unknown
        self.unit_vectors = _unit(vectors)
        self._ids = {word: index for index, word in enumerate(facts.words)}

    def find(self, word: str) -> int | None:
        """Return the id of a word; None if it is not in the vocabulary."""
        return self._ids.get(normalized(word, self.facts.lower))

    def unit_vector(self, word: str) -> np.ndarray | None:
        """Return the vector of a word, float [feature], normalized to length 1; None if it has none."""
        if (found := self.find(word)) is not None:
            return self.unit_vectors[found]
        vector = self.unknown(normalized(word, self.facts.lower))
        return None if vector is None else _unit(vector)

    def require_unit_vector(self, flag: str, word: str) -> np.ndarray:
        """Return the vector of a word, float [feature], given by an option, normalized to length 1.

        Raises:
            UsageError: the word has no vector; the message suggests the nearest spelling.
        """
        if (found := self.unit_vector(word)) is not None:
            return found
        return self.unit_vectors[self.require(flag, word)]

    def require(self, flag: str, word: str) -> int:
        """Return the id of a word, given by an option.

        Raises:
            UsageError: the word is not in the vocabulary; the message suggests the nearest spelling.
        """
        if (found := self.find(word)) is not None:
            return found
        suggestion = did_you_mean(normalized(word, self.facts.lower), self.words)
        raise UsageError(f"{flag} needs a word of the vocabulary ({len(self.words):,} words), got {word!r}{suggestion}")

    def nearest(self, query: np.ndarray, exclude: Sequence[int], top: int) -> list[tuple[str, float]]:
        """Return the `top` words with the highest cosine similarity to a vector.

        Args:
            query: the vector, float [feature].
            exclude: ids of words to leave out.
            top: number of words.
        """
        cosines = self.unit_vectors @ (query / max(np.linalg.norm(query), 1e-12))
        cosines[list(exclude)] = -np.inf
        best = np.argsort(-cosines, kind="stable")[: min(top, len(cosines) - len(set(exclude)))]
        return [(self.words[index], float(cosines[index])) for index in best]

    def write(self, path: Path) -> None:
        """Write all vectors in word2vec's format: text, or binary if the extension is `.bin`.

        Both start with a line of the number of words and the vector size. In the text format, each line has a word
        and its vector, separated by spaces; in the binary format, each entry is the word, a space, the vector as
        little-endian float32, and a line feed.

        Raises:
            UsageError: a word has a space, which the format does not allow.
            DiskError: the file cannot be written.
        """
        require_no_spaces(self.words)
        write_entry = _write_binary if path.suffix == ".bin" else _write_text
        with files.atomic_write(path) as file:
            file.write(f"{self.vectors.shape[0]} {self.vectors.shape[1]}\n".encode())
            for word, vector in zip(self.words, self.vectors, strict=True):
                write_entry(file, word, vector)


def analogy(first: np.ndarray, second: np.ndarray, third: np.ndarray) -> np.ndarray:
    """Return the query vector, float [feature], of what is to `third` as `second` is to `first` (3CosAdd).

    Reference: Levy and Goldberg, "Linguistic Regularities in Sparse and Explicit Word Representations", 2014,
    equation 1.
    """
    return second - first + third


def _unit(vectors: np.ndarray) -> np.ndarray:
    return vectors / np.maximum(np.linalg.norm(vectors, axis=-1, keepdims=True), 1e-12)


def require_no_spaces(words: Sequence[str]) -> None:
    """Raise `UsageError` if a word has a space, which files of word vectors do not allow."""
    for word in words:
        if word.split() != [word]:
            raise UsageError(f"the format needs words without spaces, found {word!r}: see --pattern of the run")


def _write_text(file: IO[bytes], word: str, vector: np.ndarray) -> None:
    # Nine digits distinguish any two float32.
    file.write(f"{word} {' '.join(f'{value:.9g}' for value in vector.tolist())}\n".encode())


def _write_binary(file: IO[bytes], word: str, vector: np.ndarray) -> None:
    file.write(word.encode() + b" " + vector.astype("<f4").tobytes() + b"\n")
