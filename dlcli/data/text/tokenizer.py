"""A tokenizer: text to token ids and back.

The kinds of dlcli, and how they are trained and read, are in `dlcli.data.text.tokenizers`.
"""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from dlcli.data.text.imported_vocabulary import ImportedVocabulary
from dlcli.data.text.pair_vocabulary import PairVocabulary
from dlcli.data.text.tokenizer_pipelines import UNKNOWN, pieces, pipeline
from dlcli.data.text.vocabularies import SPECIAL, Vocabulary, readable_bytes
from dlcli.files import encode_utf8

if TYPE_CHECKING:
    import tokenizers

_PARALLEL = 64  # pieces that the library encodes in parallel
_VISIBLE = str.maketrans({" ": "␣", "\n": "↵", "\t": "⇥"})


class Tokenizer:
    """A trained tokenizer; equal JSON gives equal tokens."""

    def __init__(self, vocabulary: Vocabulary | ImportedVocabulary | PairVocabulary):
        self.kind: str = vocabulary.kind
        self.entries = vocabulary.entries
        self.special, self._byte_level = vocabulary.special, vocabulary.byte_level
        self._imported = None if isinstance(vocabulary, Vocabulary) else vocabulary
        self._pair = vocabulary if isinstance(vocabulary, PairVocabulary) else None
        self._library = pipeline(vocabulary) if isinstance(vocabulary, Vocabulary) else vocabulary.library
        self._codes = _codes(self.entries) if self.kind == "characters" else None

    def __len__(self) -> int:
        return len(self.entries)

    def encode(self, text: str) -> np.ndarray:
        """Return the ids of a text, uint32 [token].

        Raises:
            ValueError: the text contains lone surrogates, as a file name that is not UTF-8 does.
        """
        [ids] = self.encode_all([text])
        return ids

    def encode_targets(self, texts: Iterable[str]) -> Iterator[np.ndarray]:
        """Yield the ids of each text as the target of a translation, uint32 [token], in order."""
        return self._encoded(texts, self._pair.target_library) if self._pair else self.encode_all(texts)

    def encode_all(self, texts: Iterable[str]) -> Iterator[np.ndarray]:
        """Yield the ids of each text, uint32 [token], in order."""
        return self._encoded(texts, self._library)

    def _encoded(self, texts: Iterable[str], library: tokenizers.Tokenizer) -> Iterator[np.ndarray]:
        if (codes := self._codes) is not None:
            yield from (_characters(text, codes) for text in texts)
            return
        waiting: list[tuple[bool, str]] = []  # pieces, and whether each is the last of its text
        done: list[list[int]] = []
        for text in texts:
            encode_utf8(text)  # the library would reject a lone surrogate with an obscure error
            parts = [text] if self._imported else list(pieces(text))
            waiting += [(number == len(parts), part) for number, part in enumerate(parts, 1)]
            if len(waiting) >= _PARALLEL:
                yield from self._joined(library, waiting, done)
                waiting = []
        yield from self._joined(library, waiting, done)

    def framed(self, tokens: np.ndarray, limit: int) -> np.ndarray:
        """Return tokens as an encoder reads them, int32: at most `limit`, within the special tokens."""
        kept = tokens[: max(0, limit - len(self.special.prefix) - len(self.special.suffix))]
        return np.concatenate([self.special.prefix, kept, self.special.suffix]).astype(np.int32)

    def decode(self, ids: Sequence[int] | np.ndarray) -> str:
        """Return the text of ids without padding, start and end; unknown tokens appear as `<unk>`.

        `characters` (without unknown tokens) and `bpe` restore the encoded text; `words`, `wordpiece` and `unigram`
        do not preserve white space.
        """
        left_out = {*self.special[:5], *self.special.prefix, *self.special.suffix} - {self.special.unknown}
        kept = [int(each) for each in ids if each not in left_out]
        if self._pair:
            return self._pair.decode(kept)
        return self._library.decode(kept, skip_special_tokens=False)

    def pieces(self, ids: Sequence[int] | np.ndarray) -> list[str]:
        """Return the readable text of each id: ␣ is a space, ↵ a line end, ⟨E2⟩ a byte."""
        readable = self._readable
        return [readable[each] for each in np.asarray(ids).tolist()]

    @functools.cached_property
    def _readable(self) -> list[str]:
        entries = self.entries
        if self._byte_level:
            entries = tuple(entry if entry in SPECIAL else readable_bytes(entry) for entry in entries)
        return [entry.translate(_VISIBLE) for entry in entries]

    def to_json(self) -> str:
        """Return the JSON that `from_json` reads; that of an imported tokenizer names its special tokens."""
        return self._imported.text if self._imported else self._library.to_str()

    def library_json(self) -> str:
        """Return the JSON of the library's tokenizer."""
        return self._library.to_str()

    @property
    def pair_files(self) -> Mapping[str, bytes]:
        """The files of a tokenizer with a model of sentencepiece for each language, by name; of others, none."""
        return self._pair.files if self._pair else {}

    @property
    def digest(self) -> str:
        """SHA-256 of the JSON."""
        return hashlib.sha256(self.to_json().encode()).hexdigest()

    def _joined(
        self, library: tokenizers.Tokenizer, waiting: Sequence[tuple[bool, str]], done: list[list[int]]
    ) -> Iterator[np.ndarray]:
        encode = library.encode_batch if self._pair else library.encode_batch_fast  # the fast one has no tokens
        encodings = encode([piece for _, piece in waiting], add_special_tokens=False)
        for (last, _), encoding in zip(waiting, encodings, strict=True):
            done.append(self._pair.ids_of(encoding.tokens) if self._pair else encoding.ids)
            if last:
                found = np.concatenate([np.asarray(ids, np.uint32) for ids in done])
                yield (
                    np.where(found < len(self), found, self.special.unknown).astype(np.uint32) if self._pair else found
                )
                done.clear()


def _characters(text: str, ids: np.ndarray) -> np.ndarray:
    """Return the ids of the characters of a text; the library takes two seconds for a million characters."""
    encode_utf8(text)
    codes = np.frombuffer(text.encode("utf-32-le"), np.uint32)
    return ids[np.minimum(codes, len(ids) - 1)]


def _codes(entries: Sequence[str]) -> np.ndarray:
    """Return the id of each code point up to one that the vocabulary lacks, uint32 [code]."""
    known = {ord(entry): number for number, entry in enumerate(entries) if number >= len(SPECIAL)}
    codes = np.full(max(known, default=0) + 2, UNKNOWN, np.uint32)
    codes[list(known)] = list(known.values())
    return codes
