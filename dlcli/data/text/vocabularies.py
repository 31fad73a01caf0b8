"""The vocabulary of a tokenizer, read from untrusted JSON.

The `tokenizers` library may abort the process, or accept the input, if a file is malformed. Everything that is passed
to it is therefore checked here.
"""

from __future__ import annotations

import dataclasses
import re
from typing import Any, Literal, NamedTuple

from pydantic import BaseModel, Field, FiniteFloat, StrictInt, ValidationError
from tokenizers.pre_tokenizers import ByteLevel

from dlcli.options.text import TokenizerKind

SPECIAL = ("<pad>", "<unk>", "<start>", "<end>")


class SpecialIds(NamedTuple):
    """Ids of the special tokens; -1 where a tokenizer has none.

    Attributes:
        padding: fills up short sequences.
        unknown: replaces what the vocabulary lacks.
        start: precedes the output of a decoder.
        end: ends a text.
        first: precedes a text that a language model reads.
        prefix: precede a text that an encoder reads.
        suffix: follow it.
    """

    padding: int
    unknown: int
    start: int
    end: int
    first: int
    prefix: tuple[int, ...] = ()
    suffix: tuple[int, ...] = ()

    @property
    def never_generated(self) -> list[int]:
        """The ids that a language model does not generate."""
        return sorted({self.padding, self.unknown, self.start} - {self.end, self.first, -1})


OWN = SpecialIds(padding=0, unknown=1, start=2, end=3, first=3)  # of the kinds that dlcli trains
BYTES = sorted(ByteLevel.alphabet())  # a printable character for each byte, as in GPT-2
LARGEST = 2**18  # entries; JSON of more would exceed `dlcli.files.LARGEST`
_LONGEST = 2**12  # characters of an entry


@dataclasses.dataclass(frozen=True)
class Vocabulary:
    """The result of training a tokenizer; empty before.

    Attributes:
        kind: kind of the tokenizer.
        entries: tokens by their ids.
        merges: for `bpe`, pairs of entries in the order in which they are merged.
        scores: for `unigram`, the log-probability of each entry.
    """

    kind: TokenizerKind
    entries: tuple[str, ...]
    merges: tuple[tuple[str, str], ...] = ()
    scores: tuple[float, ...] = ()

    @property
    def special(self) -> SpecialIds:
        """Ids of the special tokens."""
        return OWN

    @property
    def byte_level(self) -> bool:
        """Whether entries stand for bytes."""
        return self.kind == "bpe"


class _WithIds(BaseModel):
    vocab: dict[str, StrictInt] = Field(max_length=LARGEST)


class _WithMerges(_WithIds):
    merges: list[tuple[str, str]] = Field(max_length=LARGEST)


class _WithScores(BaseModel):
    unk_id: Literal[1]  # the id of `<unk>`
    vocab: list[tuple[str, FiniteFloat]] = Field(max_length=LARGEST)


_SCHEMAS: dict[TokenizerKind, type[_WithIds | _WithScores]] = {
    "characters": _WithMerges,
    "words": _WithIds,
    "bpe": _WithMerges,
    "wordpiece": _WithIds,
    "unigram": _WithScores,
}


def read(kind: TokenizerKind, model: dict[str, Any]) -> Vocabulary:
    """Return the vocabulary in the `model` of a tokenizer's JSON.

    Raises:
        ValueError: it is malformed, or of another kind.
    """
    try:
        found = _SCHEMAS[kind].model_validate(model)
    except ValidationError as error:
        problem = error.errors(include_url=False)[0]
        raise ValueError(f"its {'.'.join(map(str, problem['loc']))} is invalid: {problem['msg']}") from error
    scores: tuple[float, ...] = ()
    if isinstance(found, _WithScores):
        entries, scores = tuple(entry for entry, _ in found.vocab), tuple(score for _, score in found.vocab)
    else:
        entries = tuple(sorted(found.vocab, key=found.vocab.__getitem__))
        _require([found.vocab[entry] for entry in entries] == list(range(len(entries))), "ids must count from 0")
    merges = tuple(found.merges) if isinstance(found, _WithMerges) else ()
    _check(kind, entries, merges)
    return Vocabulary(kind, entries, merges, scores)


def _check(kind: TokenizerKind, entries: tuple[str, ...], merges: tuple[tuple[str, str], ...]) -> None:
    known = set(entries)
    _require(entries[: len(SPECIAL)] == SPECIAL, f"its vocabulary must begin with {', '.join(SPECIAL)}")
    _require(len(known) == len(entries), "its entries must be different")
    _require(all(0 < len(entry) <= _LONGEST for entry in entries), f"its entries must have 1 to {_LONGEST} characters")
    if kind == "characters":
        _require(not merges, "single characters must not be merged")
        _require(all(len(entry) == 1 for entry in entries[len(SPECIAL) :]), "its entries must be single characters")
    if kind == "bpe":
        _require(known >= set(BYTES), "its entries must include all bytes")
    for left, right in merges:
        _require({left, right, left + right} <= known, f"it merges {left!r} and {right!r}, which are not all entries")


def _require(condition: bool, message: str) -> None:
    if not condition:
        raise ValueError(message)


def readable_bytes(entry: str) -> str:
    """Return an entry of `bpe` as text; bytes of incomplete characters appear as ⟨C3⟩."""
    if not _BYTE_OF.keys() >= set(entry):  # a special token of an imported tokenizer
        return entry
    raw = bytes(_BYTE_OF[character] for character in entry)
    return re.sub(
        "[\udc80-\udcff]", lambda half: f"⟨{ord(half[0]) - 0xDC00:02X}⟩", raw.decode(errors="surrogateescape")
    )


def _byte_of() -> dict[str, int]:
    """Return the byte of each character of the byte-level alphabet."""
    printable = [*range(33, 127), *range(161, 173), *range(174, 256)]
    others = [byte for byte in range(256) if byte not in printable]
    return {chr(byte): byte for byte in printable} | {chr(256 + number): byte for number, byte in enumerate(others)}


_BYTE_OF = _byte_of()
