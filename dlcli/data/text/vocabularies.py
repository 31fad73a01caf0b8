"""The vocabulary of a tokenizer, from JSON that nobody vouches for: what the library is handed is checked here.

The library ends the process, or takes what it is given, where a file is not what it expects.
"""

from __future__ import annotations

import dataclasses
import re
from typing import Any, Literal

from pydantic import BaseModel, Field, FiniteFloat, StrictInt, ValidationError
from tokenizers.pre_tokenizers import ByteLevel

from dlcli.options.common import TokenizerKind

SPECIAL = ("<pad>", "<unk>", "<start>", "<end>")
BYTES = sorted(ByteLevel.alphabet())  # a printable character for each byte, as GPT-2 has them
LARGEST = 2**18  # entries; more would not be read back, see `dlcli.files.LARGEST`
_LONGEST = 2**12  # characters of an entry


@dataclasses.dataclass(frozen=True)
class Vocabulary:
    """What training a tokenizer gives; empty before.

    Attributes:
        kind: of the tokenizer.
        entries: by their ids.
        merges: of `bpe`: pairs of entries, the first to be merged first.
        scores: of `unigram`: the log-probability of each entry.
    """

    kind: TokenizerKind
    entries: tuple[str, ...]
    merges: tuple[tuple[str, str], ...] = ()
    scores: tuple[float, ...] = ()


class _Numbered(BaseModel):
    vocab: dict[str, StrictInt] = Field(max_length=LARGEST)


class _Merging(_Numbered):
    merges: list[tuple[str, str]] = Field(max_length=LARGEST)


class _Scored(BaseModel):
    unk_id: Literal[1]  # the place of `<unk>`
    vocab: list[tuple[str, FiniteFloat]] = Field(max_length=LARGEST)


def read(kind: TokenizerKind, model: dict[str, Any]) -> Vocabulary:
    """Take the vocabulary out of the `model` of a tokenizer's JSON.

    Raises:
        ValueError: it is none, or not one of this kind.
    """
    shape = {"unigram": _Scored, "bpe": _Merging, "characters": _Merging}.get(kind, _Numbered)
    try:
        found = shape.model_validate(model)
    except ValidationError as error:
        problem = error.errors(include_url=False)[0]
        raise ValueError(f"its {'.'.join(map(str, problem['loc']))} is wrong: {problem['msg']}") from error
    scores: tuple[float, ...] = ()
    if isinstance(found, _Scored):
        entries, scores = tuple(entry for entry, _ in found.vocab), tuple(score for _, score in found.vocab)
    else:
        entries = tuple(sorted(found.vocab, key=found.vocab.__getitem__))
        _require(list(found.vocab[entry] for entry in entries) == list(range(len(entries))), "ids must count from 0 up")
    merges = tuple(found.merges) if isinstance(found, _Merging) else ()
    _check(kind, entries, merges)
    return Vocabulary(kind, entries, merges, scores)


def _check(kind: TokenizerKind, entries: tuple[str, ...], merges: tuple[tuple[str, str], ...]) -> None:
    known = set(entries)
    _require(entries[: len(SPECIAL)] == SPECIAL, f"its vocabulary must begin with {', '.join(SPECIAL)}")
    _require(len(known) == len(entries), "its entries must differ from each other")
    _require(all(0 < len(entry) <= _LONGEST for entry in entries), f"its entries must have 1 to {_LONGEST} characters")
    if kind == "characters":
        _require(not merges, "single characters must not merge")
        _require(all(len(entry) == 1 for entry in entries[len(SPECIAL) :]), "its entries must be single characters")
    if kind == "bpe":
        _require(known >= set(BYTES), "its entries must hold all bytes")
    for left, right in merges:
        _require({left, right, left + right} <= known, f"it merges {left!r} and {right!r}, which are not all entries")


def _require(holds: bool, message: str) -> None:
    if not holds:
        raise ValueError(message)


def of_bytes(piece: str) -> str:
    """Write out a piece of `bpe`: its characters, and bytes that are part of one in angle brackets."""
    raw = bytes(_BYTE_OF[character] for character in piece)
    return re.sub(
        "[\udc80-\udcff]", lambda half: f"⟨{ord(half[0]) - 0xDC00:02X}⟩", raw.decode(errors="surrogateescape")
    )


def _byte_of() -> dict[str, int]:
    """Return the byte of each character of the byte-level alphabet."""
    plain = [*range(33, 127), *range(161, 173), *range(174, 256)]
    others = [byte for byte in range(256) if byte not in plain]
    return {chr(byte): byte for byte in plain} | {chr(256 + number): byte for number, byte in enumerate(others)}


_BYTE_OF = _byte_of()
