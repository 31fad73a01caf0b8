"""The tokens of a text larger than memory: encoded once by several processes into shards, which are memory-mapped.

A shard is the tokens of some pieces in a row, in a file of its own. After a kill, only the shards that are not complete
are encoded. Processes that encode the same text at the same time, also those of one run, divide the shards among them.
"""

from __future__ import annotations

import bisect
import fcntl
import os
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence

import numpy as np

from dlcli import activity
from dlcli.data import cache
from dlcli.data.text import token_files
from dlcli.data.text.large import shard_workers
from dlcli.data.text.large.file_pieces import Piece
from dlcli.data.text.tokenizer import Tokenizer
from dlcli.files import disk_errors

SHARD = 2**25  # bytes of text in a shard, at least
_POLL = 0.5  # seconds between two looks at the shards of other processes


class Shards:
    """The tokens of several files as one array of integers, which is indexed by arrays of places."""

    def __init__(self, parts: Sequence[np.ndarray]):
        self._parts = parts
        self._ends = np.cumsum([len(part) for part in parts])

    def __len__(self) -> int:
        return int(self._ends[-1])

    def __getitem__(self, places: np.ndarray) -> np.ndarray:
        flat = places.ravel()
        numbers = np.searchsorted(self._ends, flat, side="right")
        found = np.empty(len(flat), self._parts[0].dtype)
        for number in np.unique(numbers):
            here, part = numbers == number, self._parts[number]
            found[here] = part[flat[here] - (self._ends[number] - len(part))]
        return found.reshape(places.shape)

    def places_of(self, token: int) -> np.ndarray:
        """Return where a token is, int64 [place], ascending."""
        starts = self._ends - [len(part) for part in self._parts]
        found = [np.flatnonzero(part == token) + start for part, start in zip(self._parts, starts, strict=True)]
        return np.concatenate(found)


def planned(pieces: Sequence[Piece]) -> list[list[Piece]]:
    """Return the pieces of each shard."""
    ends = np.cumsum([piece.end - piece.start for piece in pieces]).tolist()
    shards, start = [], 0
    while start < len(pieces):
        before = ends[start - 1] if start else 0
        end = min(bisect.bisect_left(ends, before + SHARD) + 1, len(pieces))
        shards.append(list(pieces[start:end]))
        start = end
    return shards


def load(stem: cache.Stem, pieces: Sequence[Piece], tokenizer: Tokenizer, name: str) -> Shards:
    """Return the tokens of a text; encode the shards that are not in the cache.

    Args:
        stem: of the files of the shards.
        pieces: of the text.
        tokenizer: for all of it.
        name: of the text, for the progress.

    Raises:
        DatasetError: a file has changed.
        DiskError: the cache cannot be written.
    """
    shards = planned(pieces)
    found = [token_files.load(stem, prefix(number)) for number in range(len(shards))]
    missing = [number for number, ids in enumerate(found) if ids is None]
    if missing:
        stem.clear()
        for number in missing:  # damaged ones
            stem.path(f"{prefix(number)}json").unlink(missing_ok=True)
        sizes = [sum(piece.end - piece.start for piece in shard) for shard in shards]
        with shard_workers.helping(stem, shards, tokenizer, len(missing) - 1):
            _encode_all(stem, shards, tokenizer, _Progress(stem, sizes, name))
    return Shards([token_files.required(stem, prefix(n)) if ids is None else ids for n, ids in enumerate(found)])


def encode(
    stem: cache.Stem,
    shards: Sequence[Sequence[Piece]],
    tokenizer: Tokenizer,
    report: Callable[[int], None] = lambda encoded: None,
) -> bool:
    """Encode the shards that no process has encoded or is encoding; return whether all are complete.

    Args:
        stem: of their files.
        shards: pieces of each.
        tokenizer: for all of them.
        report: called with the number of bytes encoded of the shard in progress.
    """
    complete = True
    for number, shard in enumerate(shards):
        if _is_complete(stem, number):
            continue
        path = stem.path(f"{prefix(number)}lock")
        with disk_errors(path):
            handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if not _is_complete(stem, number):  # another process may have completed it before the lock was free
                token_files.write(stem, _tokens(shard, tokenizer, report), len(tokenizer), prefix(number))
            path.unlink(missing_ok=True)
        except BlockingIOError:
            complete = False
        finally:
            os.close(handle)
        report(0)
    return complete


def prefix(number: int) -> str:
    """Return the prefix of the extensions of the files of a shard."""
    return f"{number:05d}."


class _Progress:
    """Reports how much of a text is encoded."""

    def __init__(self, stem: cache.Stem, sizes: Sequence[int], name: str):
        self._stem, self._sizes, self._what = stem, sizes, f"tokenizing {name} (MiB)"
        self._complete = 0

    def __call__(self, encoded: int = 0) -> None:
        if not encoded:
            self._complete = sum(size for number, size in enumerate(self._sizes) if _is_complete(self._stem, number))
        activity.report(self._what, (self._complete + encoded) // 2**20, sum(self._sizes) // 2**20)


def _encode_all(stem: cache.Stem, shards: Sequence[Sequence[Piece]], tokenizer: Tokenizer, report: _Progress) -> None:
    """Encode shards until all are complete; wait for those that other processes encode."""
    try:
        report()
        while not encode(stem, shards, tokenizer, report):
            time.sleep(_POLL)
    finally:
        activity.report("")


def _is_complete(stem: cache.Stem, number: int) -> bool:
    return stem.path(f"{prefix(number)}json").exists()


def _tokens(shard: Sequence[Piece], tokenizer: Tokenizer, report: Callable[[int], None]) -> Iterator[np.ndarray]:
    """Yield the tokens of a shard: those of each document, after `<end>` where it begins."""
    read: deque[tuple[bool, int]] = deque()  # of texts that are being encoded: whether a document begins, and the size

    def texts() -> Iterator[str]:
        for piece in shard:
            for begins, text in piece.texts():
                read.append((begins, len(text)))
                yield text

    characters, total = 0, max(1, sum(piece.characters for piece in shard))
    size = sum(piece.end - piece.start for piece in shard)
    for ids in tokenizer.encode_all(texts()):
        begins, length = read.popleft()
        if begins:
            yield np.array([tokenizer.special.end], np.uint32)
        yield ids
        characters += length
        report(size * characters // total)
