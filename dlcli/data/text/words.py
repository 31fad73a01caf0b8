"""The words of a text set as ids: the vocabulary of the training split, and the sentences of each split.

A sentence is a line of `dlcli.data.text.lines`; a sentence of more than `LONGEST` words is cut. Text is normalized to
Unicode NFC, so that an accented letter is the same however it was typed. Words outside the vocabulary are dropped, so
that their neighbours become adjacent, as in word2vec.c. The result is cached: the ids as memory-mapped arrays, the
vocabulary as JSON.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import logging
import unicodedata
import zlib
from array import array
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import regex
from pydantic import Field, model_validator

from dlcli import files
from dlcli.data import cache
from dlcli.data.splits import ALIASES
from dlcli.data.text import lines
from dlcli.data.text.columns import DEFAULT, ReadOptions
from dlcli.data.text.coverage import LONGEST_WORD, Coverage
from dlcli.errors import DatasetError
from dlcli.interface import Facts

FORMAT = 2  # increased when the same text gives other ids than before
LONGEST = 1_000  # words per sentence; the limit of word2vec.c
Word = Annotated[str, Field(min_length=1, max_length=LONGEST_WORD)]

log = logging.getLogger(__name__)


class WordFacts(Facts):
    """The vocabulary of a word embedding.

    Attributes:
        words: the vocabulary, most frequent first.
        counts: occurrences of each word in the training split.
        lower: whether text is lowercased.
    """

    words: Annotated[tuple[Word, ...], Field(min_length=2)]
    counts: tuple[Annotated[int, Field(ge=1, le=2**53)], ...]
    lower: bool

    @model_validator(mode="after")
    def _one_count_per_word(self) -> WordFacts:
        if len(self.counts) != len(self.words):
            raise ValueError(f"counts must contain {len(self.words)} values, one per word")
        return self


@dataclasses.dataclass(frozen=True)
class VocabularyOptions:
    r"""Which words make up the vocabulary.

    Attributes:
        pattern: regular expression of a word, for the `regex` library: `\w` includes the combining marks that Hindi,
            Arabic and other scripts write vowels with, and `\p{Thai}` matches a script.
        lower: whether text is lowercased.
        min_count: occurrences in the training split below which a word is dropped.
    """

    pattern: str
    lower: bool
    min_count: int


@dataclasses.dataclass(frozen=True, eq=False)
class Sentences:
    """The sentences of a split, concatenated.

    Attributes:
        words: int32 [word], ids in the vocabulary.
        starts: int64 [sentence + 1], the offset of each sentence, and the total number of words.
    """

    words: np.ndarray
    starts: np.ndarray

    def __len__(self) -> int:
        return len(self.starts) - 1


@dataclasses.dataclass(frozen=True, eq=False)
class Corpus:
    """A text set as word ids.

    Attributes:
        facts: the vocabulary.
        splits: the sentences of each split that contains a word of the vocabulary.
        digest: identifies the text and the options.
        coverage: how much of the training split the words cover.
    """

    facts: WordFacts
    splits: Mapping[str, Sentences]
    digest: str
    coverage: Coverage


def read(dataset: str, options: VocabularyOptions, read_options: ReadOptions = DEFAULT) -> Corpus:
    """Return a text set as word ids, from the cache if it is there.

    Raises:
        UsageError: there is no data set of this name.
        DatasetError: a file is missing or damaged, or fewer than two words remain.
    """
    texts = lines.read(dataset, read_options)
    if "train" not in texts:
        raise DatasetError(f"{dataset} must contain lines of text to train on, found none")
    digest = _digest(texts, options)
    stem = cache.Stem(f"words-{Path(dataset).name}", f"{FORMAT}\n{digest}")
    try:
        return _load(stem, digest)
    except (OSError, ValueError, EOFError):
        pass
    log.info("counting the words of %s", dataset)
    stem.clear()
    _save(stem, *_build(dataset, texts, options))
    with cache.expecting_files():
        return _load(stem, digest)


def normalized(text: str, lower: bool) -> str:
    """Return a text in the form in which its words are counted and looked up."""
    return unicodedata.normalize("NFC", text.lower() if lower else text)


def _digest(texts: Mapping[str, Sequence[str]], options: VocabularyOptions) -> str:
    digest = hashlib.sha256(repr(options).encode())
    for split in ALIASES:
        digest.update(f"\n{split}\n".encode())
        digest.update("\n".join(texts.get(split, ())).encode("utf-8", "surrogatepass"))
    return digest.hexdigest()


class _WordIds(dict[str, int]):
    """Gives each new word the next id, in the order of first occurrence."""

    def __missing__(self, word: str) -> int:
        number = self[word] = len(self)
        return number


Ids = tuple[np.ndarray, np.ndarray]  # the ids of all words of a split, and the number of words of each sentence


def _build(
    dataset: str, texts: Mapping[str, Sequence[str]], options: VocabularyOptions
) -> tuple[WordFacts, Coverage, dict[str, Ids]]:
    """Return the vocabulary, its coverage, and the ids of each split."""
    ids = _WordIds()
    found = {split: _matched(texts[split], options, ids) for split in ALIASES if split in texts}
    names = list(ids)
    counts = np.bincount(found["train"][0], minlength=len(names))
    coverage = Coverage.of(names, counts, (normalized(line, options.lower) for line in texts["train"]))
    usable = np.where(np.fromiter(map(len, names), int, len(names)) <= LONGEST_WORD, counts, 0)
    kept = np.flatnonzero(usable >= options.min_count).tolist()
    kept.sort(key=lambda number: (-counts[number], names[number]))
    if len(kept) < 2:
        raise _too_few_words(dataset, options, coverage, usable)
    facts = WordFacts(
        words=tuple(names[number] for number in kept), counts=tuple(counts[kept].tolist()), lower=options.lower
    )
    if (size := len(facts.model_dump_json(indent=2))) > files.LARGEST:
        raise DatasetError(
            f"the vocabulary of {dataset} must take at most {files.LARGEST / 2**20:.0f} MiB, but its {len(kept):,} "
            f"words take {size / 2**20:.0f} MiB",
            hint="raise --min-count",
        )
    ranks = np.full(len(names), -1, np.int32)
    ranks[kept] = np.arange(len(kept), dtype=np.int32)
    encoded = {split: _encoded(*each, ranks) for split, each in found.items()}
    return facts, coverage, {split: each for split, each in encoded.items() if len(each[0])}


def _too_few_words(dataset: str, options: VocabularyOptions, coverage: Coverage, counts: np.ndarray) -> DatasetError:
    """Explain why there is no vocabulary, from the counts of all candidate words, int [word]."""
    counts = np.sort(counts[counts > 0])
    if not coverage.matched:
        return DatasetError(
            f"{dataset} must contain words that --pattern {options.pattern!r} matches, found none among the "
            f"{coverage.visible:,} characters of its training split (white space not counted)",
            hint=r"give a --pattern that matches its words: '\w+' matches words of any language",
        )
    if len(counts) > 1:
        hint = f"--min-count {counts[-2]} keeps at least two words; or give more text"
    else:
        hint = coverage.remedy() or "give more text, or another --pattern"
    return DatasetError(
        f"{dataset} must contain at least two words that occur {options.min_count:,} times in its training split, "
        f"found {(counts >= options.min_count).sum()} among {len(counts):,} different words",
        hint=hint,
    )


def _matched(texts: Sequence[str], options: VocabularyOptions, ids: _WordIds) -> Ids:
    """Find the words of all lines."""
    find, number = regex.compile(options.pattern).findall, ids.__getitem__
    words, lengths = array("i"), array("i")
    for line in texts:
        before = len(words)
        words.extend(map(number, find(normalized(line, options.lower))))
        lengths.append(len(words) - before)
    return np.frombuffer(words, np.int32), np.frombuffer(lengths, np.int32)


def _encoded(words: np.ndarray, lengths: np.ndarray, ranks: np.ndarray) -> Ids:
    """Drop the words outside the vocabulary and the empty sentences; cut sentences that are too long."""
    ranked = ranks[words]
    kept = ranked >= 0
    ends = np.cumsum(lengths)
    total = np.concatenate([[0], np.cumsum(kept)])
    remaining = total[ends] - total[ends - lengths]
    pieces = -(-remaining // LONGEST)
    owners = np.repeat(np.arange(len(remaining)), pieces)
    number = np.arange(len(owners)) - (np.cumsum(pieces) - pieces)[owners]
    return ranked[kept], np.minimum(remaining[owners] - number * LONGEST, LONGEST).astype(np.int32)


def _save(stem: cache.Stem, facts: WordFacts, coverage: Coverage, ids: Mapping[str, Ids]) -> None:
    record: dict[str, Any] = {
        "facts": facts.model_dump(),
        "coverage": dataclasses.asdict(coverage),
        "checksums": {},
    }
    for split, arrays in ids.items():
        record["checksums"][split] = [zlib.crc32(each.data) for each in arrays]
        for ending, each in zip(("words", "lengths"), arrays, strict=True):
            with cache.replacing(stem.path(f"{split}.{ending}.npy")) as file:
                np.save(file, each)
    with cache.replacing(stem.path("json")) as file:  # written last: it has the checksums of the others
        file.write(cache.seal(json.dumps(record).encode()))


def _load(stem: cache.Stem, digest: str) -> Corpus:
    """Read the cached files.

    Raises:
        OSError, ValueError, EOFError: a file is missing or damaged.
    """
    record = json.loads(cache.unseal(stem.path("json").read_bytes()))
    splits = {}
    for split, checksums in record["checksums"].items():
        words, lengths = (
            _array(stem.path(f"{split}.{ending}.npy"), checksum)
            for ending, checksum in zip(("words", "lengths"), checksums, strict=True)
        )
        splits[split] = Sentences(words, np.concatenate([[0], np.cumsum(lengths, dtype=np.int64)]))
    return Corpus(WordFacts.model_validate(record["facts"]), splits, digest, Coverage(**record["coverage"]))


def _array(path: Path, checksum: int) -> np.ndarray:
    found = np.load(path, mmap_mode="r", allow_pickle=False).view(np.ndarray)
    if zlib.crc32(found.data) != checksum:
        raise ValueError(f"{path} is damaged")
    return found
