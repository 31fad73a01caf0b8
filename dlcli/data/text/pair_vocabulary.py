"""Tokenizers of a translator with two models of sentencepiece, one for each language, and one vocabulary (Marian)."""

from __future__ import annotations

import base64
import binascii
import dataclasses
import json
import re
from collections.abc import Mapping, Sequence
from typing import Any, Literal

import tokenizers

from dlcli.data.text import sentencepiece
from dlcli.data.text.imported_vocabulary import read_special
from dlcli.data.text.vocabularies import LARGEST, SpecialIds

_FILES = ("source", "target")
_CODE = re.compile(r">>[^<>\s]+<<")  # a token that chooses the language of the translation


@dataclasses.dataclass(frozen=True)
class PairVocabulary:
    """The tokenizers of sources and targets.

    Attributes:
        library: the tokenizer of the `tokenizers` library for sources, whose tokens have their ids in `ids`.
        target_library: that of targets.
        ids: id of each token, from 0 on.
        entries: tokens by their ids.
        special: ids of the special tokens.
        text: the JSON that `read` accepts.
        files: content of `source.spm` and `target.spm`, and the ids of `vocab.json`, as bytes by file name.
    """

    library: tokenizers.Tokenizer
    target_library: tokenizers.Tokenizer
    ids: Mapping[str, int]
    entries: tuple[str, ...]
    special: SpecialIds
    text: str
    files: Mapping[str, bytes]
    byte_level: bool = False
    kind: Literal["imported"] = "imported"

    def ids_of(self, tokens: Sequence[str]) -> list[int]:
        """Return the ids of tokens of either library; also those that a model lacks may have one."""
        return [self.ids.get(each, self.special.unknown) for each in tokens]

    def decode(self, ids: Sequence[int]) -> str:
        """Return the text of ids."""
        return "".join(self.entries[each] for each in ids).replace(sentencepiece.SPACE, " ").strip()


def is_pair(found: Any) -> bool:
    """Return whether JSON is that of the tokenizers of a translator."""
    return isinstance(found, dict) and found.keys() == {*_FILES, "vocabulary", "special"}


def describe(source: bytes, target: bytes, vocabulary: Mapping[str, int], special: SpecialIds) -> str:
    """Return the JSON of two models of sentencepiece, the ids of their pieces, and the ids of the special tokens."""
    models = {name: base64.b64encode(each).decode() for name, each in zip(_FILES, (source, target), strict=True)}
    return json.dumps({**models, "vocabulary": vocabulary, "special": special._asdict()}, ensure_ascii=False)


def read(found: Mapping[str, Any]) -> PairVocabulary:
    """Return the tokenizers of the JSON that `describe` wrote.

    Raises:
        ValueError: it is malformed.
    """
    ids = _ids(found["vocabulary"])
    special = read_special(found["special"])
    if not all(0 <= each < len(ids) for each in (*special[:5], *special.prefix, *special.suffix)):
        raise ValueError("its special tokens must be in its vocabulary")
    contents = {name: _content(name, found[name]) for name in _FILES}
    models = {name: sentencepiece.parse(content) for name, content in contents.items()}
    known = models["source"].scores.keys() | models["target"].scores.keys()
    codes = tuple(each for each in ids if each not in known and _CODE.fullmatch(each))
    source, target = sentencepiece.library(models["source"], codes), sentencepiece.library(models["target"])
    entries = tuple(sorted(ids, key=ids.__getitem__))
    files = {f"{name}.spm": content for name, content in contents.items()}
    files["vocab.json"] = json.dumps(ids, ensure_ascii=False).encode()
    return PairVocabulary(source, target, ids, entries, special, json.dumps(dict(found), ensure_ascii=False), files)


def _ids(found: Any) -> dict[str, int]:
    if not isinstance(found, dict) or not 0 < len(found) <= LARGEST:
        raise ValueError(f"its vocabulary must have 1 to {LARGEST:,} tokens")
    if sorted(map(str, found.values())) != sorted(map(str, range(len(found)))) or not all(
        type(each) is int for each in found.values()
    ):
        raise ValueError("the ids of its vocabulary must count from 0")
    return found


def _content(name: str, found: Any) -> bytes:
    try:
        return base64.b64decode(found, validate=True)
    except (binascii.Error, TypeError, ValueError) as error:
        raise ValueError(f"its model of the {name} is malformed") from error
