"""Running words of a text set as numbers: the vocabulary of its training part, and its sentences.

A sentence is a line of `dlcli.data.text.lines`; a longer one than `LONGEST` words is cut. Text is brought into
Unicode's composed form (NFC), so that a letter with an accent is the same however it was typed. Words that are no part
of the vocabulary are left out, so that their neighbours become each other's, as in word2vec.c. What a text is turned
into lies in the cache: numbers that are mapped into memory, and the vocabulary.
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
from dlcli.data.text import lines
from dlcli.data.text.columns import USUAL, Reading
from dlcli.data.text.coverage import LONGEST_WORD, Coverage
from dlcli.errors import DatasetError
from dlcli.interface import Facts

FORMAT = 2  # goes up when the same text gives other numbers than before
LONGEST = 1_000  # words of a sentence; word2vec.c cuts there too
SPLITS = ("train", "validation", "test")
Word = Annotated[str, Field(min_length=1, max_length=LONGEST_WORD)]

log = logging.getLogger(__name__)


class WordFacts(Facts):
    """What a model must know of its words.

    Attributes:
        words: the vocabulary, the most frequent first.
        counts: how often each stands in the training part.
        lower: whether text is turned into lower case.
    """

    words: Annotated[tuple[Word, ...], Field(min_length=2)]
    counts: tuple[Annotated[int, Field(ge=1, le=2**53)], ...]
    lower: bool

    @model_validator(mode="after")
    def _a_count_each(self) -> WordFacts:
        if len(self.counts) != len(self.words):
            raise ValueError(f"counts must hold {len(self.words)} values, one for each word")
        return self


@dataclasses.dataclass(frozen=True)
class Rules:
    r"""What a word is, and how often one must stand in the training part to be in the vocabulary.

    Attributes:
        pattern: of a word, as the `regex` library reads it: there `\w` has the combining marks that Hindi, Arabic
            and other scripts write vowels with, and `\p{Thai}` stands for a script.
        lower: whether text is turned into lower case.
        least: occurrences.
    """

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
    """A text set as numbers.

    Attributes:
        facts: what a model must know.
        splits: those that have a word of the vocabulary.
        digest: identifies the training part and the rules.
        coverage: how much of the training part its words are.
    """

    facts: WordFacts
    splits: Mapping[str, Sentences]
    digest: str
    coverage: Coverage


def read(dataset: str, rules: Rules, reading: Reading = USUAL) -> Corpus:
    """Turn a text set into numbers, or take them from the cache.

    Raises:
        UsageError: there is no set of this name.
        DatasetError: a file is missing or damaged, or too few words are left.
    """
    texts = lines.read(dataset, reading)
    if "train" not in texts:
        raise DatasetError(f"{dataset} must hold lines of text to train on, found none")
    digest = _digest(texts, rules)
    stem = cache.Stem(f"words-{Path(dataset).name}", f"{FORMAT}\n{digest}")
    try:
        return _load(stem, digest)
    except (OSError, ValueError, EOFError):
        pass
    log.info("counting the words of %s", dataset)
    stem.clear()
    _save(stem, *_numbered(dataset, texts, rules))
    with cache.kept():
        return _load(stem, digest)


def _digest(texts: Mapping[str, Sequence[str]], rules: Rules) -> str:
    digest = hashlib.sha256(repr(rules).encode())
    for split in SPLITS:
        digest.update(f"\n{split}\n".encode())
        digest.update("\n".join(texts.get(split, ())).encode("utf-8", "surrogatepass"))
    return digest.hexdigest()


class _Numbers(dict[str, int]):
    """Gives each new word the next number."""

    def __missing__(self, word: str) -> int:
        number = self[word] = len(self)
        return number


def _numbered(
    dataset: str, texts: Mapping[str, Sequence[str]], rules: Rules
) -> tuple[WordFacts, Coverage, dict[str, tuple[np.ndarray, np.ndarray]]]:
    """Return the vocabulary, how much of the text it is, and words and lengths of sentences of each split."""
    numbers = _Numbers()
    found = {split: _counted(texts[split], rules, numbers) for split in SPLITS if split in texts}
    names = list(numbers)
    counts = np.bincount(found["train"][0], minlength=len(names))
    coverage = Coverage.of(names, counts, (normalized(line, rules.lower) for line in texts["train"]))
    usable = np.where(np.fromiter(map(len, names), int, len(names)) <= LONGEST_WORD, counts, 0)
    kept = np.flatnonzero(usable >= rules.least).tolist()
    kept.sort(key=lambda number: (-counts[number], names[number]))
    if len(kept) < 2:
        raise _too_few(dataset, rules, coverage, usable)
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
    return facts, coverage, {split: each for split, each in encoded.items() if len(each[0])}


def _too_few(dataset: str, rules: Rules, coverage: Coverage, counts: np.ndarray) -> DatasetError:
    """Say why there is no vocabulary, from the counts of the words that might be in it, int [word]."""
    seen = np.sort(counts[counts > 0])
    if not coverage.matched:
        return DatasetError(
            f"{dataset} must have words that --pattern {rules.pattern!r} matches, found none among the "
            f"{coverage.visible:,} characters of its training part that are not white space",
            hint=r"give a --pattern of its words: '\w+' matches those of any language",
        )
    if len(seen) > 1:
        hint = f"--min-count {seen[-2]} keeps two words or more; or give more text"
    else:
        hint = coverage.remedy() or "give more text, or another --pattern"
    return DatasetError(
        f"{dataset} must have two words or more that stand {rules.least:,} times in its training part, "
        f"found {(seen >= rules.least).sum()} of {len(seen):,} different words",
        hint=hint,
    )


def _counted(texts: Sequence[str], rules: Rules, numbers: _Numbers) -> tuple[np.ndarray, np.ndarray]:
    """Return the words of all lines by their first numbers, and how many each line has."""
    find, number = regex.compile(rules.pattern).findall, numbers.__getitem__
    words, lengths = array("i"), array("i")
    for line in texts:
        before = len(words)
        words.extend(map(number, find(normalized(line, rules.lower))))
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


def _save(
    stem: cache.Stem, facts: WordFacts, coverage: Coverage, found: Mapping[str, tuple[np.ndarray, np.ndarray]]
) -> None:
    record: dict[str, Any] = {
        "facts": facts.model_dump(),
        "coverage": dataclasses.asdict(coverage),
        "checksums": {},
    }
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
    return Corpus(WordFacts.model_validate(record["facts"]), found, digest, Coverage(**record["coverage"]))


def _array(path: Path, checksum: int) -> np.ndarray:
    found = np.load(path, mmap_mode="r", allow_pickle=False).view(np.ndarray)
    if zlib.crc32(found) != checksum:
        raise ValueError(f"{path} is damaged")
    return found


def normalized(text: str, lower: bool) -> str:
    """Return a text in the form in which its words are counted and looked up."""
    return unicodedata.normalize("NFC", text.lower() if lower else text)
