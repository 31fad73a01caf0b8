"""The tokens of a split, encoded once and cached.

A stream is `<end>`, the first document, `<end>`, the second document, and so on. Every token of every document thus
has a predecessor to be predicted from, and `<end>` separates the documents.

For each stream, the folder `data` of the cache contains `SLOT.KEY.ids` (uint16, or uint32 for vocabularies beyond
65,536 entries) and `SLOT.KEY.json`. The latter is written last and contains the checksum of the former, so that
incomplete files of a killed process are rebuilt.
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
from dlcli.data.text.tokenizers import Tokenizer

FORMAT = 1  # increased when the same text and tokenizer give other tokens than before
_DTYPES = {"uint16": np.uint16, "uint32": np.uint32}
_BUFFER = 2**20  # tokens written at a time

log = logging.getLogger(__name__)


class Record(BaseModel):
    """Description of the file of ids; the checksum is the CRC-32 of its bytes."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    tokens: int
    dtype: str
    checksum: int


@dataclasses.dataclass(frozen=True, eq=False)
class Stream:
    """The tokens of a split.

    Attributes:
        ids: uint16 or uint32 [token], memory-mapped.
        end: the token that precedes each document.
    """

    ids: np.ndarray
    end: int

    def __len__(self) -> int:
        return len(self.ids)

    @property
    def targets(self) -> int:
        """Number of tokens that can be predicted: all but the first."""
        return len(self.ids) - 1

    def documents(self) -> tuple[np.ndarray, np.ndarray]:
        """Return the offset and the number of tokens of each document, both int64 [document]."""
        marks = np.flatnonzero(self.ids == self.end)
        return marks + 1, np.diff(marks, append=len(self.ids)) - 1


def stream(texts: TextSet, split: str, tokenizer: Tokenizer) -> Stream:
    """Return the tokens of a split; the first call encodes them into the cache.

    Raises:
        DiskError: the cache cannot be written.
    """
    documents = texts.splits[split]
    name = f"{Path(texts.name).stem}-{hashlib.sha256(texts.name.encode('utf-8', 'surrogateescape')).hexdigest()[:8]}"
    slot = f"tokens-{name}-{split}-{tokenizer.kind}-{len(tokenizer)}"
    stem = cache.Stem(slot, f"{FORMAT}\n{documents.digest}\n{tokenizer.digest}")
    ids = _load(stem)
    if ids is None:
        log.info("encoding the %s split of %s: %s characters", split, texts.name, f"{documents.characters:,}")
        ids = _build(stem, documents.texts, tokenizer)
    return Stream(ids, tokenizer.special.end)


def _load(stem: cache.Stem) -> np.ndarray | None:
    """Map the cached ids into memory; return None if they are missing or damaged."""
    try:
        record = Record.model_validate_json(cache.unseal(stem.path("json").read_bytes()))
        ids = np.memmap(stem.path("ids"), _DTYPES[record.dtype], mode="r").view(np.ndarray)
    except (OSError, ValueError, KeyError):
        return None
    return ids if len(ids) == record.tokens and zlib.crc32(ids.data) == record.checksum else None


def _build(stem: cache.Stem, texts: Sequence[str], tokenizer: Tokenizer) -> np.ndarray:
    stem.clear()
    dtype = "uint16" if len(tokenizer) <= 2**16 else "uint32"
    count, checksum = 0, 0
    with cache.replacing(stem.path("ids")) as file:
        for part in _parts(texts, tokenizer):
            written = part.astype(_DTYPES[dtype])
            checksum = zlib.crc32(written.data, checksum)
            count += len(written)
            file.write(written.data)
    record = Record(tokens=count, dtype=dtype, checksum=checksum)
    with cache.replacing(stem.path("json")) as file:
        file.write(cache.seal(record.model_dump_json().encode()))
    with cache.expecting_files():
        return np.memmap(stem.path("ids"), _DTYPES[dtype], mode="r").view(np.ndarray)


def _parts(texts: Sequence[str], tokenizer: Tokenizer) -> Iterator[np.ndarray]:
    """Yield the stream in parts of at least `_BUFFER` tokens."""
    waiting: list[np.ndarray] = []
    for ids in tokenizer.encode_all(texts):
        waiting += [np.array([tokenizer.special.end], np.uint32), ids]
        if sum(map(len, waiting)) >= _BUFFER:
            yield np.concatenate(waiting)
            waiting = []
    if waiting:
        yield np.concatenate(waiting)
