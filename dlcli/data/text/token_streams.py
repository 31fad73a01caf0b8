"""The tokens of a split, encoded once and kept in the cache.

A stream is `<end>`, the first document, `<end>`, the second, and so on: `<end>` says that what follows is new. So every
token of every document has one before it to be predicted from, and the places of `<end>` part the documents.

For each stream, the folder `data` of the cache holds `SLOT.KEY.ids` (uint16, or uint32 for vocabularies beyond 65,536)
and `SLOT.KEY.json`, which is written last and has the checksum of the other: what a killed process left behind is made
anew.
"""

from __future__ import annotations

import dataclasses
import hashlib
import logging
import zlib
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from pydantic import BaseModel, ConfigDict

from dlcli.data import cache
from dlcli.data.text.sets import TextSet
from dlcli.data.text.tokenizers import END, Tokenizer

FORMAT = 1  # goes up when the same text and tokenizer give other tokens than before
_DTYPES = {"uint16": np.uint16, "uint32": np.uint32}
_BUFFER = 2**20  # tokens written at a time

log = logging.getLogger(__name__)


class Record(BaseModel):
    """What is known of the file of ids; the checksum is the CRC-32 of its bytes."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    tokens: int
    dtype: str
    checksum: int


@dataclasses.dataclass(frozen=True, eq=False)
class Stream:
    """The tokens of a split.

    Attributes:
        ids: uint16 or uint32 [token], mapped from the disk.
        characters: of the text, which turn a loss a token into one a character.
    """

    ids: np.ndarray
    characters: int

    def __len__(self) -> int:
        return len(self.ids)

    @property
    def targets(self) -> int:
        """Tokens that can be predicted: all but the first."""
        return len(self.ids) - 1

    def documents(self) -> tuple[np.ndarray, np.ndarray]:
        """Return where each document begins and how many tokens it has, int64 [document]."""
        marks = np.flatnonzero(self.ids == END)
        return marks + 1, np.diff(marks, append=len(self.ids)) - 1


def stream(texts: TextSet, split: str, tokenizer: Tokenizer) -> Stream:
    """Return the tokens of a split, from the cache or, the first time, encoded into it.

    Raises:
        DiskError: the cache cannot be written.
    """
    documents = texts.splits[split]
    whose = f"{Path(texts.name).stem}-{hashlib.sha256(texts.name.encode('utf-8', 'surrogateescape')).hexdigest()[:8]}"
    slot = f"tokens-{whose}-{split}-{tokenizer.kind}-{len(tokenizer)}"
    stem = cache.Stem(slot, f"{FORMAT}\n{documents.digest}\n{tokenizer.digest}")
    ids = _load(stem)
    if ids is None:
        log.info("encoding the %s part of %s: %s characters", split, texts.name, f"{documents.characters:,}")
        ids = _build(stem, documents.texts, tokenizer)
    return Stream(ids, documents.characters)


def _load(stem: cache.Stem) -> np.ndarray | None:
    """Map what the cache holds, or return None where something is missing or damaged."""
    try:
        record = Record.model_validate_json(cache.unseal(stem.path("json").read_bytes()))
        ids = np.memmap(stem.path("ids"), _DTYPES[record.dtype], mode="r").view(np.ndarray)
    except (OSError, ValueError, KeyError):
        return None
    return ids if len(ids) == record.tokens and zlib.crc32(ids) == record.checksum else None


def _build(stem: cache.Stem, texts: Sequence[str], tokenizer: Tokenizer) -> np.ndarray:
    stem.clear()
    dtype = "uint16" if len(tokenizer) <= 2**16 else "uint32"
    count, checksum = 0, 0
    with cache.replacing(stem.path("ids")) as file:
        for part in _parts(texts, tokenizer):
            written = part.astype(_DTYPES[dtype])
            checksum = zlib.crc32(written, checksum)
            count += len(written)
            file.write(written)
    record = Record(tokens=count, dtype=dtype, checksum=checksum)
    with cache.replacing(stem.path("json")) as file:
        file.write(cache.seal(record.model_dump_json().encode()))
    with cache.expecting_files():
        return np.memmap(stem.path("ids"), _DTYPES[dtype], mode="r").view(np.ndarray)


def _parts(texts: Sequence[str], tokenizer: Tokenizer) -> Iterator[np.ndarray]:
    """Yield the stream in parts of some size."""
    waiting: list[np.ndarray] = []
    for ids in tokenizer.encode_all(texts):
        waiting += [np.array([END], np.uint32), ids]
        if sum(map(len, waiting)) >= _BUFFER:
            yield np.concatenate(waiting)
            waiting = []
    if waiting:
        yield np.concatenate(waiting)
