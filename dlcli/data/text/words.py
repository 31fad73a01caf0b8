"""The words of a text set as ids: the vocabulary of the training split, and the sentences of each split.

A sentence is a line of `dlcli.data.text.lines`; a sentence of more than `LONGEST` words is cut. Text is normalized to
Unicode NFC, so that an accented letter is the same however it was typed. Words outside the vocabulary are dropped, so
that their neighbours become adjacent, as in word2vec.c. The result is cached: the ids as memory-mapped arrays, the
vocabulary as JSON. The text may be larger than memory; the different words, and the vocabulary, must fit into it.
"""

from __future__ import annotations

import contextlib
import dataclasses
import json
import unicodedata
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated

import numpy as np
import regex
from pydantic import Field, model_validator

from dlcli import activity, files
from dlcli.data import cache
from dlcli.data.splits import ALIASES
from dlcli.data.text import lines, token_files
from dlcli.data.text.columns import DEFAULT, ReadOptions
from dlcli.data.text.coverage import LONGEST_WORD, Coverage
from dlcli.data.text.lines import Lines
from dlcli.data.text.word_spool import LONGEST as LONGEST
from dlcli.data.text.word_spool import Spool
from dlcli.errors import DatasetError
from dlcli.interface import Facts

FORMAT = 3  # increased when the same text gives other ids than before
_REPORTED = 10**6  # characters between two reports of progress
Word = Annotated[str, Field(min_length=1, max_length=LONGEST_WORD)]


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
        words: uint16 or uint32 [word], ids in the vocabulary.
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
        DiskError: the cache cannot be written.
    """
    found = lines.read(dataset, read_options)
    digest = found.digest(repr(options))
    stem = cache.Stem(f"words-{Path(dataset).name}", f"{FORMAT}\n{digest}")
    if (corpus := _load(stem, digest)) is not None:
        return corpus
    with activity.logged(f"counting the words of {dataset}"):
        stem.clear()
        _build(stem, dataset, found, options)
    if (corpus := _load(stem, digest)) is None:
        raise cache.lost(stem.path("json"))
    return corpus


def normalized(text: str, lower: bool) -> str:
    """Return a text in the form in which its words are counted and looked up."""
    return unicodedata.normalize("NFC", text.lower() if lower else text)


class _WordIds(dict[str, int]):
    """Gives each new word the next id, in the order of first occurrence."""

    def __missing__(self, word: str) -> int:
        number = self[word] = len(self)
        return number


def _build(stem: cache.Stem, dataset: str, found: Lines, options: VocabularyOptions) -> None:
    """Count the words of a text set, and write its vocabulary and the ids of each split into the cache."""
    ids = _WordIds()
    with contextlib.ExitStack() as spooled:
        spools = {split: spooled.enter_context(Spool(stem.folder)) for split in ALIASES}
        visible = _find(found, options, ids, spools)
        if spools["train"].lines == 0:
            raise DatasetError(f"{dataset} must contain lines of text to train on, found none")
        names = list(ids)
        counts = spools["train"].counted(len(names))
        coverage = Coverage.of(names, counts, visible)
        kept = _vocabulary(dataset, options, names, counts, coverage)
        facts = WordFacts(
            words=tuple(names[number] for number in kept), counts=tuple(counts[kept].tolist()), lower=options.lower
        )
        _require_storable(dataset, facts)
        ranks = np.full(len(names), -1, np.int32)
        ranks[kept] = np.arange(len(kept), dtype=np.int32)
        for split, spool in spools.items():
            _write(stem, split, spool, ranks, len(kept))
    record = {"facts": facts.model_dump(), "coverage": dataclasses.asdict(coverage)}
    with cache.replacing(stem.path("json")) as file:  # written last
        file.write(cache.seal(json.dumps(record).encode()))


def _find(found: Lines, options: VocabularyOptions, ids: _WordIds, spools: Mapping[str, Spool]) -> int:
    """Find the words of all lines; return the number of characters of `train` that are not white space."""
    matches, number = regex.compile(options.pattern).findall, ids.__getitem__
    visible = unreported = reported = 0
    for split, line in found:
        text = normalized(line, options.lower)
        spools[split].extend(map(number, matches(text)))
        visible += sum(map(len, text.split())) if split == "train" else 0
        unreported += len(text)
        if unreported >= _REPORTED:
            reported, unreported = reported + unreported, 0
            activity.report("counting words (million characters)", reported // _REPORTED)
    return visible


def _vocabulary(
    dataset: str, options: VocabularyOptions, names: Sequence[str], counts: np.ndarray, coverage: Coverage
) -> list[int]:
    """Return the numbers of the words of the vocabulary, most frequent first."""
    usable = np.where(np.fromiter(map(len, names), int, len(names)) <= LONGEST_WORD, counts, 0)
    kept: list[int] = np.flatnonzero(usable >= options.min_count).tolist()
    kept.sort(key=lambda number: (-counts[number], names[number]))
    if len(kept) < 2:
        raise _too_few_words(dataset, options, coverage, usable)
    return kept


def _require_storable(dataset: str, facts: WordFacts) -> None:
    """Raise an error if the vocabulary is larger than a file of a run folder may be."""
    if (size := len(facts.model_dump_json(indent=2))) > files.LARGEST:
        raise DatasetError(
            f"the vocabulary of {dataset} must take at most {files.LARGEST / 2**20:.0f} MiB, but its "
            f"{len(facts.words):,} words take {size / 2**20:.0f} MiB",
            hint="raise --min-count",
        )


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


def _write(stem: cache.Stem, split: str, spool: Spool, ranks: np.ndarray, vocabulary: int) -> None:
    """Write the ids of the words of a split, and where each sentence starts."""
    token_files.write(stem, (words for words, _ in spool.sentences(ranks)), vocabulary, f"{split}.words.")
    token_files.write_starts(stem, (lengths for _, lengths in spool.sentences(ranks)), f"{split}.starts.")


def _load(stem: cache.Stem, digest: str) -> Corpus | None:
    """Return the text set of the cached files; None if one is missing or damaged."""
    try:
        record = json.loads(cache.unseal(stem.path("json").read_bytes()))
        facts, coverage = WordFacts.model_validate(record["facts"]), Coverage(**record["coverage"])
    except (OSError, ValueError):
        return None
    splits = {}
    for split in ALIASES:
        words, starts = (token_files.load(stem, f"{split}.{kind}.") for kind in ("words", "starts"))
        if words is None or starts is None:
            return None
        if len(words):
            splits[split] = Sentences(words, starts)
    return Corpus(facts, splits, digest, coverage)
