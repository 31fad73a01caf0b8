"""Reads models of sentencepiece (`.spm`, `.model`), which are protocol buffers, into the `tokenizers` library.

Only unigram models (Kudo 2018, arXiv:1804.10959) are read. The messages are those of sentencepiece_model.proto,
https://github.com/google/sentencepiece/blob/master/src/sentencepiece_model.proto.
"""

from __future__ import annotations

import dataclasses
import struct
from collections.abc import Iterable, Iterator, Mapping, Sequence

import tokenizers
from tokenizers import AddedToken, Regex, models, normalizers, pre_tokenizers

SPACE = "▁"  # stands for a space in a piece
_VARINT, _FIXED_64, _BYTES, _FIXED_32 = 0, 1, 2, 5  # wire types
_NORMAL, _USER_DEFINED, _BYTE = 1, 4, 6  # types of pieces
_UNIGRAM = 1  # type of a model


@dataclasses.dataclass(frozen=True)
class Model:
    """A unigram model.

    Attributes:
        scores: log-probability of each normal piece.
        characters: the compiled rules that normalize characters; b"" for none.
        collapse: whether white space is removed at both ends, and is one space elsewhere.
        prefix: whether a space precedes the text.
    """

    scores: Mapping[str, float]
    characters: bytes
    collapse: bool
    prefix: bool


def parse(content: bytes) -> Model:
    """Return the model in a file.

    Raises:
        ValueError: it is malformed, no unigram model, or has pieces of bytes or of the user.
    """
    fields = list(_fields(content))
    scores = dict(_pieces(value for number, value in fields if number == 1))
    trainer, normalizer = (_message(dict(fields).get(number, b"")) for number in (2, 3))
    if trainer.get(3, _UNIGRAM) != _UNIGRAM:
        raise ValueError("it must be a unigram model of sentencepiece")
    if not scores:
        raise ValueError("it has no pieces")
    characters = normalizer.get(2, b"")
    if not isinstance(characters, bytes):
        raise ValueError("its rules of characters are malformed")
    return Model(scores, characters, bool(normalizer.get(4, 1)), bool(normalizer.get(3, 1)))


def _pieces(messages: Iterable[int | bytes]) -> Iterator[tuple[str, float]]:
    """Yield each normal piece and its score."""
    for message in messages:
        piece, score, kind = _piece(_message(message))
        if kind in (_USER_DEFINED, _BYTE):
            raise ValueError(f"its piece {piece!r} must be a normal one")
        if kind == _NORMAL:
            yield piece, score


def library(model: Model, codes: Sequence[str] = ()) -> tokenizers.Tokenizer:
    """Return the library's tokenizer of a model; its tokens are pieces, and its ids have no meaning.

    Args:
        model: the pieces and their scores.
        codes: tokens that are recognized before the text is normalized.
    """
    # The first entry, the unknown token, has a name that no text contains, since spaces are replaced.
    found = tokenizers.Tokenizer(models.Unigram([(" ", 0.0), *model.scores.items()], 0, False))
    rules: list[normalizers.Normalizer] = [normalizers.Precompiled(model.characters)] if model.characters else []
    if model.collapse:
        rules += [normalizers.Replace(Regex("^ +| +$"), ""), normalizers.Replace(Regex(" {2,}"), " ")]
    found.normalizer = normalizers.Sequence(rules)
    scheme = "always" if model.prefix else "never"
    found.pre_tokenizer = pre_tokenizers.Metaspace(SPACE, prepend_scheme=scheme, split=False)
    if codes:
        found.add_tokens([AddedToken(code, normalized=False) for code in codes])
    return found


def _piece(fields: Mapping[int, int | bytes]) -> tuple[str, float, int]:
    name, score, kind = fields.get(1), fields.get(2, b"\0\0\0\0"), fields.get(3, _NORMAL)
    if not isinstance(name, bytes) or not isinstance(score, bytes) or len(score) != 4 or not isinstance(kind, int):
        raise ValueError("a piece is malformed")
    return name.decode(), struct.unpack("<f", score)[0], kind


def _message(value: int | bytes) -> dict[int, int | bytes]:
    """Return the last value of each field of a message."""
    if not isinstance(value, bytes):
        raise ValueError("a message is malformed")
    return dict(_fields(value))


def _fields(content: bytes) -> Iterator[tuple[int, int | bytes]]:
    """Yield the number and the value of each field: an integer, or bytes."""
    place = 0
    while place < len(content):
        key, place = _varint(content, place)
        kind = key & 7
        if kind == _VARINT:
            value, place = _varint(content, place)
            yield key >> 3, value
            continue
        if kind == _BYTES:
            size, place = _varint(content, place)
        elif kind in (_FIXED_32, _FIXED_64):
            size = 4 if kind == _FIXED_32 else 8
        else:
            raise ValueError("it is no model of sentencepiece")
        if place + size > len(content):
            raise ValueError("it ends within a field")
        yield key >> 3, content[place : place + size]
        place += size


def _varint(content: bytes, place: int) -> tuple[int, int]:
    value = 0
    for shift in range(0, 70, 7):
        if place >= len(content):
            raise ValueError("it ends within a number")
        byte = content[place]
        place += 1
        value |= (byte & 127) << shift
        if byte < 128:
            return value, place
    raise ValueError("it has a number of more than 64 bits")
