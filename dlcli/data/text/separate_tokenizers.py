"""Two tokenizers of a translator, one for sources and one for targets, with one range of ids.

The ids of the special tokens come first, then those of the other entries of the source tokenizer, then those of the
target tokenizer: each language has its own vocabulary and, in the one table of embeddings, its own embeddings.
"""

from __future__ import annotations

import functools
import json
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import numpy as np

from dlcli.data.text.tokenizer import Tokenizer
from dlcli.data.text.vocabularies import SPECIAL

_NAMES = ("source", "target")


class SeparateTokenizers(Tokenizer):
    """A tokenizer that encodes sources with one tokenizer and targets with another."""

    def __init__(self, source: Tokenizer, target: Tokenizer):
        """Combine two trained tokenizers of dlcli's kinds."""
        self._source, self._target = source, target
        self.kind, self.special = source.kind, source.special
        self.entries = (*source.entries, *target.entries[len(SPECIAL) :])
        self._imported = self._pair = None

    @property
    def _shift(self) -> int:
        """What is added to the ids of the target tokenizer's entries."""
        return len(self._source) - len(SPECIAL)

    def encode_all(self, texts: Iterable[str]) -> Iterator[np.ndarray]:
        """Yield the ids of each source, uint32 [token], in order."""
        return self._source.encode_all(texts)

    def encode_targets(self, texts: Iterable[str]) -> Iterator[np.ndarray]:
        """Yield the ids of each target, uint32 [token], in order."""
        for ids in self._target.encode_all(texts):
            yield np.where(ids < len(SPECIAL), ids, ids + self._shift).astype(np.uint32)

    def decode(self, ids: Sequence[int] | np.ndarray) -> str:
        """Return the text of the ids of a target, or of a source if no id is one of the target tokenizer."""
        found = np.asarray(ids, np.int64)
        of_target = found >= len(self._source)
        if not of_target.any():
            return self._source.decode(found)
        kept = of_target | (found < len(SPECIAL))  # a model that has learned little may mix the two
        return self._target.decode(np.where(of_target, found - self._shift, found)[kept])

    @functools.cached_property
    def _readable(self) -> list[str]:
        return [*self._source._readable, *self._target._readable[len(SPECIAL) :]]

    def to_json(self) -> str:
        """Return the JSON that `dlcli.data.text.tokenizers.from_json` reads."""
        parts = zip(_NAMES, (self._source, self._target), strict=True)
        return json.dumps({name: json.loads(each.to_json()) for name, each in parts}, ensure_ascii=False)


def is_separate(found: Any) -> bool:
    """Return whether JSON is that of `SeparateTokenizers`."""
    return isinstance(found, dict) and found.keys() == set(_NAMES)
