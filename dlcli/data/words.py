"""Running words of a text set as numbers: the vocabulary of its training part, and its sentences.

A sentence is a line; a longer one than `LONGEST` words is cut. A raw text (a single `.txt` file) is a set of lines
here, divided by `dlcli.data.splits`; other text sets have their splits. Words that are no part of the vocabulary are
left out, so that their neighbours become each other's, as in word2vec.c.

What a text is turned into lies in the cache: numbers that are mapped into memory, and the vocabulary.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import logging
import re
import zlib
from array import array
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

import numpy as np
from pydantic import Field, model_validator

from dlcli import files
from dlcli.data import cache, splits, text, text_files
from dlcli.errors import DatasetError
from dlcli.paths import expanded
from dlcli.types import Facts

FORMAT = 1  # goes up when the same text gives other numbers than before
LONGEST = 1_000  # words of a sentence; word2vec.c cuts there too
SPLITS = ("train", "validation", "test")
Word = Annotated[str, Field(min_length=1, max_length=1_000)]

log = logging.getLogger(__name__)


class WordFacts(Facts):
    """What a model must know of its words.

    Attributes:
        words: the vocabulary, the most frequent first.
        counts: how often each stands in the training part.
        lower: whether text is turned into lower case.
    """

    words: Annotated[tuple[Word, ...], Field(min_length=2)]
    counts: tuple[Annotated[int, Field(ge=1)], ...]
    lower: bool

    @model_validator(mode="after")
    def _a_count_each(self) -> WordFacts:
        if len(self.counts) != len(self.words):
            raise ValueError(f"counts must hold {len(self.words)} values, one for each word")
        return self


@dataclasses.dataclass(frozen=True)
class Rules:
    """What a word is, and how often one must stand in the training part to be in the vocabulary."""

    pattern: str
    lower: bool
    least: int


@dataclasses.dataclass(frozen=True, eq=False)
class Sentences:
    """The sentences of a split, one after the other.

    Attributes:
        words: int32 [word], numbers in the vocabulary.
        starts: int64 [sentence + 1], where each begins, and where the last ends.
    """

    words: np.ndarray
    starts: np.ndarray

    def __len__(self) -> int:
        return len(self.starts) - 1


@dataclasses.dataclass(frozen=True, eq=False)
class Corpus:
    """A text set as numbers; `digest` identifies the training part and the rules."""

    facts: WordFacts
    splits: Mapping[str, Sentences]
    digest: str


def read(dataset: str, rules: Rules) -> Corpus:
    """Turn a text set into numbers, or take them from the cache.

    Raises:
        UsageError: there is no set of this name.
        DatasetError: a file is missing or damaged, or too few words are left.
    """
    lines = {split: found for split, found in _lines(dataset).items() if found}
    if "train" not in lines:
        raise DatasetError(f"{dataset} must hold lines of text to train on, found none")
    digest = _digest(lines, rules)
    stem = cache.Stem(f"words-{Path(dataset).name}", f"{FORMAT}\n{digest}")
    try:
        return _load(stem, digest)
    except (OSError, ValueError, EOFError):
        pass
    log.info("counting the words of %s", dataset)
    stem.clear()
    _save(stem, *_numbered(dataset, lines, rules))
    return _load(stem, digest)


def _lines(dataset: str) -> dict[str, list[str]]:
    """Return the lines of each split."""
    path = expanded(dataset)
    if text_files.is_text(path) and text_files.ending(path) == text_files.RAW:
        lines = text_files.read(path).splitlines()
        return {split: [lines[place] for place in places] for split, places in splits.numbered(len(lines)).items()}
    texts = text.open(dataset)
    return {
        split: [line for document in documents.texts for line in document.splitlines()]
        for split, documents in texts.splits.items()
    }


def _digest(lines: Mapping[str, Sequence[str]], rules: Rules) -> str:
    digest = hashlib.sha256(repr(rules).encode())
    for split in SPLITS:
        digest.update(f"\n{split}\n".encode())
        digest.update("\n".join(lines.get(split, ())).encode("utf-8", "surrogatepass"))
    return digest.hexdigest()


class _Numbers(dict[str, int]):
    """Gives each new word the next number."""

    def __missing__(self, word: str) -> int:
        number = self[word] = len(self)
        return number


def _numbered(
    dataset: str, lines: Mapping[str, Sequence[str]], rules: Rules
) -> tuple[WordFacts, dict[str, tuple[np.ndarray, np.ndarray]]]:
    """Return the vocabulary, and words and lengths of sentences of each split."""
    numbers = _Numbers()
    found = {split: _counted(lines[split], rules, numbers) for split in SPLITS if split in lines}
    names = list(numbers)
    counts = np.bincount(found["train"][0], minlength=len(names))
    kept = np.flatnonzero(counts >= rules.least).tolist()
    kept.sort(key=lambda number: (-counts[number], names[number]))
    if len(kept) < 2:
        raise DatasetError(
            f"{dataset} must have two words or more that stand {rules.least} times in its training part, "
            f"found {len(kept)} of {len(names):,} different words",
            hint="lower --min-count, or give more text",
        )
    facts = WordFacts(
        words=tuple(names[number] for number in kept), counts=tuple(counts[kept].tolist()), lower=rules.lower
    )
    if (size := len(facts.model_dump_json(indent=2))) > files.LARGEST:
        raise DatasetError(
            f"the vocabulary of {dataset} must take at most {files.LARGEST / 2**20:.0f} MiB, and its {len(kept):,} "
            f"words take {size / 2**20:.0f}",
            hint="raise --min-count",
        )
    ranks = np.full(len(names), -1, np.int32)
    ranks[kept] = np.arange(len(kept), dtype=np.int32)
    encoded = {split: _encoded(*each, ranks) for split, each in found.items()}
    return facts, {split: each for split, each in encoded.items() if len(each[0])}


def _counted(lines: Sequence[str], rules: Rules, numbers: _Numbers) -> tuple[np.ndarray, np.ndarray]:
    """Return the words of all lines by their first numbers, and how many each line has."""
    find, number = re.compile(rules.pattern).findall, numbers.__getitem__
    words, lengths = array("i"), array("i")
    for line in lines:
        before = len(words)
        words.extend(map(number, find(line.lower() if rules.lower else line)))
        lengths.append(len(words) - before)
    return np.frombuffer(words, np.int32), np.frombuffer(lengths, np.int32)


def _encoded(words: np.ndarray, lengths: np.ndarray, ranks: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Drop words that are not in the vocabulary, and sentences without a word; cut those that are too long."""
    ranked = ranks[words]
    kept = ranked >= 0
    ends = np.cumsum(lengths)
    total = np.concatenate([[0], np.cumsum(kept)])
    left = total[ends] - total[ends - lengths]
    pieces = -(-left // LONGEST)
    owners = np.repeat(np.arange(len(left)), pieces)
    number = np.arange(len(owners)) - (np.cumsum(pieces) - pieces)[owners]
    return ranked[kept], np.minimum(left[owners] - number * LONGEST, LONGEST).astype(np.int32)


def _save(stem: cache.Stem, facts: WordFacts, found: Mapping[str, tuple[np.ndarray, np.ndarray]]) -> None:
    record: dict[str, Any] = {"facts": facts.model_dump(), "checksums": {}}
    for split, arrays in found.items():
        record["checksums"][split] = [zlib.crc32(each) for each in arrays]
        for ending, each in zip(("words", "lengths"), arrays, strict=True):
            with cache.replacing(stem.path(f"{split}.{ending}.npy")) as file:
                np.save(file, each)
    with cache.replacing(stem.path("json")) as file:  # last: it vouches for the others
        body = json.dumps(record).encode()
        file.write(b"%d\n%s" % (zlib.crc32(body), body))


def _load(stem: cache.Stem, digest: str) -> Corpus:
    """Read what the cache holds; raise OSError, ValueError or EOFError where it is missing or damaged."""
    checksum, _, body = stem.path("json").read_bytes().partition(b"\n")
    if int(checksum) != zlib.crc32(body):
        raise ValueError("the vocabulary is damaged")
    record = json.loads(body)
    found = {}
    for split, checksums in record["checksums"].items():
        words, lengths = (
            _array(stem.path(f"{split}.{ending}.npy"), checksum)
            for ending, checksum in zip(("words", "lengths"), checksums, strict=True)
        )
        found[split] = Sentences(words, np.concatenate([[0], np.cumsum(lengths, dtype=np.int64)]))
    return Corpus(WordFacts.model_validate(record["facts"]), found, digest)


def _array(path: Path, checksum: int) -> np.ndarray:
    found = np.load(path, mmap_mode="r", allow_pickle=False).view(np.ndarray)
    if zlib.crc32(found) != checksum:
        raise ValueError(f"{path} is damaged")
    return found


def spoken(facts: WordFacts, word: str) -> str:
    """Return a word as the vocabulary would have it."""
    return word.lower() if facts.lower else word
