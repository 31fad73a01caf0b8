"""Tables of texts larger than memory: the texts of each split, written once to a file of the cache.

    NAME.train.txt    documents in UTF-8, with the byte 0xFF between them, which no text in UTF-8 contains
    NAME.train.npy    the number of the row of each document, int64 [document]
    NAME.json         digests and sizes of the splits, and the problems of rows; written last

Rows are divided as those of a table in memory, by the numbers of those that have text.
"""

from __future__ import annotations

import contextlib
import dataclasses
import hashlib
import json
from array import array
from collections.abc import Callable, Iterator, Sequence
from typing import IO, Any, overload

import numpy as np

from dlcli import activity
from dlcli.data import cache, splits
from dlcli.data.problems import Problem, without_text
from dlcli.data.splits import ALIASES
from dlcli.data.text.file_pieces import SEPARATOR, Pieces, surveyed
from dlcli.data.text.large_texts import LargeDocuments
from dlcli.data.text.rows import refuse_few
from dlcli.data.text.sets import TextSet

FORMAT = 1  # increased when the same rows give other files than before
_REPORTED = 10_000  # rows between two reports of progress

Rows = Callable[[], Iterator[tuple[str, int, str]]]  # split, number and text of each row of a table, read once more


class Places(Sequence[str]):
    """Where the documents of a split come from."""

    def __init__(self, rows: np.ndarray, what: str):
        """Describe rows.

        Args:
            rows: their numbers, int64 [document].
            what: such as "train of set.parquet".
        """
        self._rows, self._what = rows, what

    def __len__(self) -> int:
        return len(self._rows)

    @overload
    def __getitem__(self, index: int) -> str: ...

    @overload
    def __getitem__(self, index: slice) -> Sequence[str]: ...

    def __getitem__(self, index: int | slice) -> str | Sequence[str]:
        if isinstance(index, slice):
            return Places(self._rows[index], self._what)
        return f"row {self._rows[index]} of {self._what}"


@dataclasses.dataclass(frozen=True, eq=False)
class UnpackedDocuments(LargeDocuments):
    """Documents that are read from a file of the cache.

    Attributes:
        known_digest: SHA-256 of the texts.
    """

    known_digest: str = ""

    @property
    def digest(self) -> str:
        """SHA-256 of the texts, equal to that of documents in memory."""
        return self.known_digest


def text_set(name: str, state: str, given: Sequence[str], rows: Rows) -> tuple[TextSet, list[Problem]]:
    """Return the set of a table, and the problems of its rows without text.

    Args:
        name: of the set.
        state: full description of the files of the table, which changes whenever they do.
        given: the splits of the table.
        rows: of the table.

    Raises:
        DatasetError: a file cannot be read.
        DiskError: the cache cannot be written.
    """
    stem = cache.Stem(f"rows-{name.rstrip('/').rpartition('/')[2]}", f"{FORMAT}\n{state}")
    record = _record(stem)
    if record is None:
        stem.clear()
        _write(stem, name, given, rows)
        if (record := _record(stem)) is None:
            raise cache.lost(stem.path("json"))
    found = {split: stem.path(f"{split}.txt") for split in ALIASES}
    documents = {}
    for split, pieces in zip(found, surveyed(list(found.values()), unpacked=True), strict=True):
        origin = split if split in given else "train"
        places = Places(np.load(stem.path(f"{split}.npy"), mmap_mode="r"), f"{origin} of {name}")
        documents[split] = UnpackedDocuments(Pieces(pieces), places=places, known_digest=record["digests"][split])
    return TextSet(name, documents), [without_text(place) for place in record["blank"]]


def _record(stem: cache.Stem) -> dict[str, Any] | None:
    """Return the record of the files if they are complete."""
    try:
        found: dict[str, Any] = json.loads(cache.unseal(stem.path("json").read_bytes()))
        sizes = {name: stem.path(name).stat().st_size for name in found["sizes"]}
    except (OSError, ValueError):
        return None
    return found if sizes == found["sizes"] else None


def _write(stem: cache.Stem, name: str, given: Sequence[str], rows: Rows) -> None:
    """Write the files of all splits."""
    counts, blank = dict.fromkeys(given, 0), []
    for split, number, text in rows():
        if text.strip():
            counts[split] += 1
        else:
            blank.append(f"row {number} of {split} of {name}")
    refuse_few(name, counts["train"], [split for split in ALIASES if split == "train" or split not in given])
    held_out = [
        (number, split) for split, each in splits.held_out_numbers(counts["train"], given).items() for number in each
    ]
    with contextlib.ExitStack() as files:
        writers = {split: _Writer(files.enter_context(cache.replacing(stem.path(f"{split}.txt")))) for split in ALIASES}
        following = iter([*sorted(held_out), (-1, "")])
        taken, other = next(following)
        train, done = 0, 0
        for split, number, text in rows():
            if not text.strip():
                continue
            if split == "train" and train == taken:
                writers[other].add(number, text)
                taken, other = next(following)
            else:
                writers[split].add(number, text)
            train, done = train + (split == "train"), done + 1
            if done % _REPORTED == 0:
                activity.report(f"reading the rows of {name}", done, sum(counts.values()))
        activity.report("")
    for split, writer in writers.items():
        with cache.replacing(stem.path(f"{split}.npy")) as file:
            np.save(file, np.frombuffer(writer.rows, np.int64))
    names = [f"{split}.{kind}" for split in ALIASES for kind in ("txt", "npy")]
    record = {
        "digests": {split: writer.digest.hexdigest() for split, writer in writers.items()},
        "sizes": {each: stem.path(each).stat().st_size for each in names},
        "blank": blank,
    }
    with cache.replacing(stem.path("json")) as file:
        file.write(cache.seal(json.dumps(record).encode()))


class _Writer:
    """Writes the documents of a split into a file.

    Attributes:
        rows: the number of the row of each document.
        digest: of the documents, as `Documents.digest` computes it.
    """

    def __init__(self, file: IO[bytes]):
        self._file, self.rows, self.digest = file, array("q"), hashlib.sha256()

    def add(self, row: int, text: str) -> None:
        """Write a document."""
        encoded = text.encode()
        self._file.write((SEPARATOR if self.rows else b"") + encoded)
        self.rows.append(row)
        self.digest.update(b"%d\n%s" % (len(encoded), encoded))
