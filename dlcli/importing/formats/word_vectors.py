"""Word vectors: word2vec in text or binary, fastText's .vec, GloVe."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from pathlib import Path
from typing import IO

import numpy as np

from dlcli.errors import RunError
from dlcli.importing.imported import Imported
from dlcli.importing.options import Import
from dlcli.notices import warn

_FASTTEXT = b"\xba\x16\x4f\x2f"  # first bytes of a fastText model
_LONGEST_LINE = 2**20  # bytes
_LONGEST_WORD = 255  # characters


def recognizes(path: Path) -> bool:
    """Return whether a file begins as one of the formats does."""
    if not path.is_file():
        return False
    with path.open("rb") as file:
        first = file.readline(_LONGEST_LINE)
    return first.startswith(_FASTTEXT) or _sizes(first) is not None or _entry(first) is not None


def read(path: Path, options: Import) -> Imported:
    """Return the vectors as a run of word2vec. The formats have no counts, so each word counts once.

    Raises:
        RunError: the file is damaged, or a model of fastText with character n-grams.
    """
    words, vectors = _unique(path, _entries(path, options.max_words))
    example = next((word for word in words if word.isalpha() and len(word) > 3), words[0])
    return Imported(
        "word2vec",
        {"vector_size": vectors.shape[1]},
        {"words": words, "counts": [1] * len(words), "lower": all(word == word.lower() for word in words)},
        {"input_vectors": vectors},
        unused=("word counts, which the format does not have", "vectors of predicted words, which it does not have"),
        incomplete=True,
        example=example,
        commands=(("predict", "word2vec", "--nearest", example), ("viz", "embeddings")),
    )


def _entries(path: Path, limit: int | None) -> Iterator[tuple[str, np.ndarray]]:
    with path.open("rb") as file:
        first = file.readline(_LONGEST_LINE)
        if first.startswith(_FASTTEXT):
            raise RunError(f"{path} must be vectors, found a fastText model", hint="import the .vec file beside it")
        sizes = _sizes(first)
        start = 0 if sizes is None else len(first)
        if sizes is not None and _entry(file.readline(_LONGEST_LINE)) is None:
            file.seek(start)
            yield from itertools.islice(_binary(path, file, *sizes), limit)
            return
        file.seek(start)
        yield from itertools.islice(_text(path, file), limit)


def _text(path: Path, file: IO[bytes]) -> Iterator[tuple[str, np.ndarray]]:
    """Yield the entries of lines with a word and its numbers; the first line gives how many numbers."""
    size = None
    for number, line in enumerate(iter(lambda: file.readline(_LONGEST_LINE), b""), 1):
        entry = _entry(line, size)
        if entry is None:
            raise RunError(f"{path} must have a word and its numbers per line, found {line[:60]!r} in entry {number}")
        size = len(entry[1])
        yield entry


def _binary(path: Path, file: IO[bytes], count: int, size: int) -> Iterator[tuple[str, np.ndarray]]:
    """Yield `count` entries of word2vec's binary format: a word, a space, and little-endian float32 [size]."""
    for number in range(1, count + 1):
        word = bytearray()
        while (byte := file.read(1)) not in (b" ", b""):
            word += byte if byte != b"\n" else b""
            if len(word) > 4 * _LONGEST_WORD:
                raise RunError(f"{path} must have words of at most {_LONGEST_WORD} characters, found entry {number}")
        numbers = file.read(4 * size)
        if len(numbers) < 4 * size:
            raise RunError(f"{path} must have {count:,} entries, found {number - 1:,}")
        yield word.decode("utf-8", "replace"), np.frombuffer(numbers, "<f4")


def _unique(path: Path, entries: Iterator[tuple[str, np.ndarray]]) -> tuple[list[str], np.ndarray]:
    """Return the words and their vectors, float32 [word, feature]; a repeated or unusable word is left out."""
    found: dict[str, np.ndarray] = {}
    skipped = 0
    for word, vector in entries:
        if not 0 < len(word) <= _LONGEST_WORD or word in found or not np.isfinite(vector).all():
            skipped += 1
        else:
            found[word] = vector
    if skipped:
        warn(f"{skipped:,} entries of {path} are left out: a repeated, empty or too long word, or an infinite number")
    if len(found) < 2:
        raise RunError(f"{path} must have at least two word vectors, found {len(found)}")
    return list(found), np.stack(list(found.values())).astype(np.float32)


def _sizes(line: bytes) -> tuple[int, int] | None:
    """Return the numbers of a first line such as "400000 100", or None."""
    parts = line.split()
    return (int(parts[0]), int(parts[1])) if len(parts) == 2 and all(part.isdigit() for part in parts) else None


def _entry(line: bytes, size: int | None = None) -> tuple[str, np.ndarray] | None:
    """Return the word and the vector of a line of text, or None; a word of GloVe may contain spaces.

    Args:
        line: with its line end.
        size: numbers of a vector; None: as many as the line ends with.
    """
    parts = line.rstrip().split(b" ")
    count = size or sum(1 for _ in itertools.takewhile(_is_number, reversed(parts[1:])))
    if not 0 < count < len(parts):
        return None
    try:
        return b" ".join(parts[:-count]).decode(), np.array(parts[-count:], np.float32)
    except ValueError:
        return None


def _is_number(part: bytes) -> bool:
    try:
        float(part)
    except ValueError:
        return False
    return True
