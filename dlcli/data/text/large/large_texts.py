"""Text sets whose files are larger than memory: raw texts, and folders of documents."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np

from dlcli.data import splits, text_files
from dlcli.data.problems import Problem, without_text
from dlcli.data.splits import ALIASES
from dlcli.data.text.large import decompressed
from dlcli.data.text.large.file_pieces import Piece, Pieces, digests, surveyed
from dlcli.data.text.sets import Documents, TextSet
from dlcli.files import size_text
from dlcli.notices import warn

LARGE = 2**28  # bytes of text files that are read as a whole; larger ones are read in pieces
_SAMPLE = 2**25  # bytes of text that a tokenizer is trained on


@dataclasses.dataclass(frozen=True, eq=False)
class LargeDocuments(Documents):
    """Documents that are read from their files, in pieces.

    Attributes:
        texts: of the pieces; a document begins where a piece says so.
    """

    texts: Pieces

    def __len__(self) -> int:
        return len(self.places)

    @property
    def digest(self) -> str:
        """SHA-256 of the texts, equal to that of documents in memory."""
        return self.texts.digest

    @property
    def characters(self) -> int:
        """Number of characters of all texts."""
        return self.texts.characters

    @functools.cached_property
    def sample(self) -> Sequence[str]:
        """Pieces to train a tokenizer on, evenly spread."""
        total = sum(each.end - each.start for each in self.texts.pieces)
        if total > _SAMPLE:
            warn(f"the tokenizer is trained on {size_text(_SAMPLE)} of {size_text(total)} of text, evenly spread")
        return self.texts.sample(_SAMPLE)

    def blank(self) -> list[str]:
        """Return the places of documents without text; there are none."""
        return []

    def keys(self) -> Iterator[tuple[str, object]]:
        """Yield the place of each document, and a value that is equal for equal documents."""
        yield from zip(self.places, digests(self.texts.pieces), strict=True)


def is_large(paths: Sequence[Path]) -> bool:
    """Return whether text files are too large to be read as a whole."""
    found = [path for path in paths if text_files.extension(path) == text_files.RAW and path.is_file()]
    return len(found) == len(paths) and sum(map(decompressed.size, found)) > LARGE


def raw(name: str, paths: Mapping[str, Path]) -> TextSet:
    """Return the set of the raw text of each split; a missing validation split is cut off the training text.

    Raises:
        DatasetError: a file is not UTF-8, or cannot be read.
    """
    plain = decompressed.plain(list(paths.values()))
    parts = {split: Pieces(each) for split, each in zip(paths, surveyed(plain), strict=True)}
    if "validation" not in parts:
        train, validation = parts["train"].cut(int(splits.RAW_TRAIN * parts["train"].characters))
        parts |= {"train": train, "validation": validation}
    return _set(name, {split: (each, [f"{split} of {name}"]) for split, each in parts.items()})


def folder(name: str, path: Path, chosen: Sequence[Path]) -> tuple[TextSet, list[Problem]]:
    """Return the set of a folder of documents, divided by their names, and the problems of those without text.

    Args:
        name: of the set.
        path: of the folder.
        chosen: the files of the documents.

    Raises:
        DatasetError: a file is not UTF-8, or cannot be read.
    """
    names = [each.relative_to(path).as_posix() for each in chosen]
    found = list(zip(names, surveyed(decompressed.plain(chosen)), strict=True))
    problems = [without_text(place) for place, pieces in found if not any(map(_has_text, pieces))]
    without = {each.where for each in problems}
    found = [each for each in found if each[0] not in without]
    parts = splits.hashed([place for place, _ in found])
    return _set(name, {split: _taken(found, indices) for split, indices in parts.items()}), problems


def _taken(found: Sequence[tuple[str, list[Piece]]], indices: np.ndarray) -> tuple[Pieces, list[str]]:
    chosen = [found[int(index)] for index in indices]
    return Pieces([piece for _, pieces in chosen for piece in pieces]), [place for place, _ in chosen]


def _has_text(piece: Piece) -> bool:
    return piece.characters > 2**12 or bool(piece.read().strip())


def _set(name: str, parts: Mapping[str, tuple[Pieces, list[str]]]) -> TextSet:
    in_order = [split for split in ALIASES if split in parts]
    return TextSet(name, {split: LargeDocuments(parts[split][0], places=parts[split][1]) for split in in_order})
