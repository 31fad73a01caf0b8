"""Tokenizers of other tools: the JSON of the `tokenizers` library, with the ids of the special tokens.

Unlike dlcli's own kinds, they keep their normalization, their special tokens, and the frame around a text, such as
`[CLS]` and `[SEP]`.
"""

from __future__ import annotations

import dataclasses
import json
from typing import Any, Literal

import tokenizers
from pydantic import BaseModel, ConfigDict, Field, StrictInt, ValidationError

from dlcli.data.text.vocabularies import LARGEST, SpecialIds

_Id = StrictInt
_Frame = tuple[StrictInt, ...]


class _Special(BaseModel):
    model_config = ConfigDict(extra="forbid")

    padding: _Id
    unknown: _Id
    start: _Id
    end: _Id
    first: _Id
    prefix: _Frame = Field(default=(), max_length=16)
    suffix: _Frame = Field(default=(), max_length=16)


@dataclasses.dataclass(frozen=True)
class ImportedVocabulary:
    """A tokenizer of another tool.

    Attributes:
        library: the tokenizer of the `tokenizers` library.
        entries: tokens by their ids; an id without a token is `<unused ID>`.
        special: ids of the special tokens.
        text: the JSON that `read` accepts.
        byte_level: whether entries stand for bytes, as in GPT-2.
    """

    library: tokenizers.Tokenizer
    entries: tuple[str, ...]
    special: SpecialIds
    text: str
    byte_level: bool
    kind: Literal["imported"] = "imported"


def is_imported(found: Any) -> bool:
    """Return whether JSON is that of an imported tokenizer."""
    return isinstance(found, dict) and found.keys() == {"library", "special"}


def describe(library: dict[str, Any], special: SpecialIds) -> str:
    """Return the JSON of a tokenizer: that of the library, and the ids of the special tokens."""
    return json.dumps({"library": library, "special": special._asdict()}, ensure_ascii=False)


def read(found: dict[str, Any]) -> ImportedVocabulary:
    """Return the tokenizer of the JSON that `describe` wrote.

    Raises:
        ValueError: it is malformed.
    """
    special = read_special(found["special"])
    library = parse(found["library"])
    known = library.get_vocab(with_added_tokens=True)
    size = max(known.values(), default=-1) + 1
    if not 0 < size <= LARGEST:
        raise ValueError(f"its ids must be below {LARGEST:,}, found {size - 1:,}")
    entries = [f"<unused {number}>" for number in range(size)]
    for entry, number in known.items():
        entries[number] = entry
    ids = (special.end, special.first, special.padding, *special.prefix, *special.suffix)
    if not all(0 <= each < size for each in ids) or not all(-1 <= each < size for each in special[:2]):
        raise ValueError("its special tokens must be in its vocabulary")
    byte_level = '"ByteLevel"' in json.dumps(found["library"].get("decoder"))
    return ImportedVocabulary(library, tuple(entries), special, json.dumps(found, ensure_ascii=False), byte_level)


def read_special(found: Any) -> SpecialIds:
    """Return the ids of the special tokens from JSON; raise `ValueError` if it is malformed."""
    try:
        return SpecialIds(**_Special.model_validate(found).model_dump())
    except ValidationError as error:
        problem = error.errors(include_url=False)[0]
        raise ValueError(f"its special.{'.'.join(map(str, problem['loc']))} is invalid: {problem['msg']}") from error


def parse(library: Any) -> tokenizers.Tokenizer:
    """Return the tokenizer of the library's JSON, without truncation and padding; special tokens in a text are text.

    Raises:
        ValueError: the library rejects it.
    """
    try:
        found = tokenizers.Tokenizer.from_str(json.dumps(library))
    except BaseException as error:  # a panic of the library is no `Exception`
        if isinstance(error, KeyboardInterrupt | SystemExit | MemoryError):
            raise
        raise ValueError(f"the tokenizers library rejects it: {str(error)[:200]}") from error
    found.no_truncation()
    found.no_padding()
    found.encode_special_tokens = True
    return found
