"""Tables of texts larger than memory: the texts of each split, written once to a file of the cache.

    NAME.train.txt           documents in UTF-8, with the byte 0xFF between them, which no text in UTF-8 contains
    NAME.train.npy           the number of the row of each document and its place in the file, int64 [document, 2]
    NAME.train.labels.npy    the class of each document, int32 [document]; without labels empty
    NAME.json                digests and sizes of the splits, the classes, and the problems of rows; written last

Rows are divided as those of a table in memory, by the numbers of those that can be used.
"""

from __future__ import annotations

import dataclasses
import itertools
import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, overload

import numpy as np

from dlcli import files
from dlcli.data import cache
from dlcli.data.problems import Problem
from dlcli.data.splits import ALIASES
from dlcli.data.text.large import unpacking
from dlcli.data.text.large.file_pieces import SEPARATOR, Piece, Pieces, surveyed
from dlcli.data.text.large.large_texts import LargeDocuments
from dlcli.data.text.large.row_source import Source
from dlcli.data.text.sets import TextSet

FORMAT = 2  # increased when the same rows give other files than before


class Places(Sequence[str]):
    """Where the documents of a split come from."""

    def __init__(self, rows: np.ndarray, unit: str, what: str):
        """Describe rows.

        Args:
            rows: their numbers, int64 [document].
            unit: "row" or "line".
            what: such as "train of set.parquet".
        """
        self._rows, self._unit, self._what = rows, unit, what

    def __len__(self) -> int:
        return len(self._rows)

    @overload
    def __getitem__(self, index: int) -> str: ...

    @overload
    def __getitem__(self, index: slice) -> Sequence[str]: ...

    def __getitem__(self, index: int | slice) -> str | Sequence[str]:
        if isinstance(index, slice):
            return Places(self._rows[index], self._unit, self._what)
        return f"{self._unit} {self._rows[index]} of {self._what}"


class UnpackedTexts(Pieces):
    """The documents of a file of the cache, each of them whole."""

    def __init__(self, pieces: Sequence[Piece], path: Path, starts: np.ndarray):
        """Describe documents.

        Args:
            pieces: of the file.
            path: of the file.
            starts: the offset of each document, int64 [document].
        """
        super().__init__(pieces)
        self._path, self._starts = path, starts

    def __len__(self) -> int:
        return len(self._starts)

    def __getitem__(self, index: int) -> str:  # type: ignore[override]
        start = int(self._starts[index])
        following = range(len(self))[index] + 1
        with files.open_regular(self._path) as file:
            file.seek(start)
            data = file.read(int(self._starts[following]) - len(SEPARATOR) - start if following < len(self) else -1)
        return data.decode()

    def __iter__(self) -> Iterator[str]:
        held: list[str] = []
        for begins, text in itertools.chain.from_iterable(piece.texts() for piece in self.pieces):
            if begins and held:
                yield "".join(held)
                held.clear()
            held.append(text)
        if held:
            yield "".join(held)


@dataclasses.dataclass(frozen=True, eq=False)
class UnpackedDocuments(LargeDocuments):
    """Documents that are read from a file of the cache.

    Attributes:
        known_digest: SHA-256 of the texts and their labels.
    """

    known_digest: str = ""

    @property
    def digest(self) -> str:
        """SHA-256 of the texts and their labels, equal to that of documents in memory."""
        return self.known_digest


def text_set(source: Source) -> tuple[TextSet, list[Problem]]:
    """Return the set of a table, and the problems of its rows.

    Raises:
        DatasetError: a file cannot be read, or too few rows can be used.
        DiskError: the cache cannot be written.
    """
    name = source.name.rstrip("/").rpartition("/")[2]
    stem = cache.Stem(f"rows-{name}", f"{FORMAT}\n{source.state}\n{source.labelled}")
    record = _record(stem)
    if record is None:
        stem.clear()
        unpacking.write(stem, source)
        if (record := _record(stem)) is None:
            raise cache.lost(stem.path("json"))
    found = {split: stem.path(f"{split}.txt") for split in ALIASES}
    documents = {}
    for split, pieces in zip(found, surveyed(list(found.values()), unpacked=True), strict=True):
        rows = np.load(stem.path(f"{split}.npy"), mmap_mode="r")
        documents[split] = UnpackedDocuments(
            UnpackedTexts(pieces, found[split], rows[:, 1]),
            np.load(stem.path(f"{split}.labels.npy"), mmap_mode="r") if record["classes"] else None,
            Places(rows[:, 0], source.unit, source.parts.get(split, source.parts["train"])),
            known_digest=record["digests"][split],
        )
    texts = TextSet(source.name, documents, tuple(record["classes"]), record["labels"])
    return texts, [Problem(**each) for each in record["problems"]]


def _record(stem: cache.Stem) -> dict[str, Any] | None:
    """Return the record of the files if they are complete."""
    try:
        found: dict[str, Any] = json.loads(cache.unseal(stem.path("json").read_bytes()))
        sizes = {name: stem.path(name).stat().st_size for name in found["sizes"]}
    except (OSError, ValueError):
        return None
    return found if sizes == found["sizes"] else None
