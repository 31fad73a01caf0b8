"""The tokens of a split, encoded once and cached.

A stream is `<end>`, the first document, `<end>`, the second document, and so on. Every token of every document thus
has a predecessor to be predicted from, and `<end>` separates the documents.

For each stream, the folder `data` of the cache contains `SLOT.KEY.ids` (uint16, or uint32 for vocabularies beyond
65,536 entries) and its record; for a text larger than memory, a pair of files per shard (see `token_shards`).
"""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from dlcli import activity
from dlcli.data import cache
from dlcli.data.text import token_files
from dlcli.data.text.large import token_shards
from dlcli.data.text.large.large_texts import LargeDocuments
from dlcli.data.text.large.token_shards import Shards
from dlcli.data.text.sets import TextSet
from dlcli.data.text.tokenizer import Tokenizer

FORMAT = 1  # increased when the same text and tokenizer give other tokens than before
_BUFFER = 2**20  # tokens written at a time


@dataclasses.dataclass(frozen=True, eq=False)
class Stream:
    """The tokens of a split.

    Attributes:
        ids: uint16 or uint32 [token], memory-mapped; of a text larger than memory in shards.
        end: the token that precedes each document.
    """

    ids: np.ndarray | Shards
    end: int

    def __len__(self) -> int:
        return len(self.ids)

    @property
    def targets(self) -> int:
        """Number of tokens that can be predicted: all but the first."""
        return len(self.ids) - 1

    def documents(self) -> tuple[np.ndarray, np.ndarray]:
        """Return the offset, int64 [document], and the number of tokens, int32 [document], of each document."""
        ids = self.ids
        starts = ids.places_of(self.end) if isinstance(ids, Shards) else np.flatnonzero(ids == self.end)
        starts += 1
        lengths = np.empty(len(starts), np.int32)
        lengths[:-1] = np.diff(starts) - 1
        lengths[-1:] = len(ids) - starts[-1:]
        return starts, lengths


def stream(texts: TextSet, split: str, tokenizer: Tokenizer) -> Stream:
    """Return the tokens of a split; the first call encodes them into the cache.

    Raises:
        DiskError: the cache cannot be written.
    """
    documents = texts.splits[split]
    name = f"{Path(texts.name).stem}-{hashlib.sha256(texts.name.encode('utf-8', 'surrogateescape')).hexdigest()[:8]}"
    slot = f"tokens-{name}-{split}-{tokenizer.kind}-{len(tokenizer)}"
    stem = cache.Stem(slot, f"{FORMAT}\n{documents.digest}\n{tokenizer.digest}")
    ids: np.ndarray | Shards | None = token_files.load(stem)
    if ids is not None:
        return Stream(ids, tokenizer.special.end)
    with activity.logged(f"encoding the {split} split of {texts.name}: {documents.characters:,} characters"):
        if isinstance(documents, LargeDocuments):
            ids = token_shards.load(stem, documents.texts.pieces, tokenizer, f"the {split} split of {texts.name}")
            return Stream(ids, tokenizer.special.end)
        stem.clear()
        token_files.write(stem, _parts(documents.texts, tokenizer), len(tokenizer))
    return Stream(token_files.required(stem), tokenizer.special.end)


def _parts(texts: Sequence[str], tokenizer: Tokenizer) -> Iterator[np.ndarray]:
    """Yield the stream in parts of at least `_BUFFER` tokens."""
    waiting: list[np.ndarray] = []
    size = 0
    for ids in tokenizer.encode_all(texts):
        waiting += [np.array([tokenizer.special.end], np.uint32), ids]
        size += 1 + len(ids)
        if size >= _BUFFER:
            yield np.concatenate(waiting)
            waiting, size = [], 0
    if waiting:
        yield np.concatenate(waiting)
