"""The tokenizer of a model folder of Hugging Face, with its special tokens and its frame."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from dlcli.data.text import imported_vocabulary, pair_vocabulary, tokenizers
from dlcli.data.text.vocabularies import SpecialIds
from dlcli.errors import RunError
from dlcli.files import read_json, reason

_PAIR = ("source.spm", "target.spm", "vocab.json")
_HINT = "AutoTokenizer.from_pretrained(FOLDER).save_pretrained(FOLDER) writes tokenizer.json"


def read(folder: Path, config: Mapping[str, Any]) -> str:
    """Return the JSON that `dlcli.data.text.tokenizers.from_json` reads.

    Args:
        folder: with `tokenizer.json`, and usually `tokenizer_config.json`; or of Marian, with a model of sentencepiece
            for each language.
        config: entries of `config.json`, for the ids that no other file names.

    Raises:
        RunError: a file is missing or malformed, or there is no end token.
    """
    file = folder / "tokenizer.json"
    if all((folder / name).exists() for name in _PAIR):
        return _pair(folder, config)
    if not file.exists():
        raise RunError(f"{file} is missing, and the model has no use without its tokenizer", hint=_HINT)
    try:
        library = read_json(file)
        if (own := _own(library)) is not None:
            return own
        parsed = imported_vocabulary.parse(library)
        named = read_json(folder / "tokenizer_config.json") if (folder / "tokenizer_config.json").exists() else {}
        special = _special(parsed, named, config)
        text = imported_vocabulary.describe(library, special)
        imported_vocabulary.read({"library": library, "special": special._asdict()})
    except (OSError, ValueError) as error:
        raise RunError(f"{file} cannot be read as a tokenizer: {reason(error)}", hint=_HINT) from error
    return text


def _pair(folder: Path, config: Mapping[str, Any]) -> str:
    """Return the JSON of Marian's tokenizers, whose decoder starts with the padding token."""
    try:
        source, target = ((folder / name).read_bytes() for name in _PAIR[:2])
        vocabulary = read_json(folder / _PAIR[2])
        end: Any = vocabulary.get("</s>")
        padding = config.get("pad_token_id", vocabulary.get("<pad>"))
        start = config.get("decoder_start_token_id", padding)
        given = {"padding": padding, "unknown": vocabulary.get("<unk>"), "start": start, "end": end}
        missing = [name for name, value in given.items() if not isinstance(value, int)]
        if missing:
            raise ValueError(f"the ids of the special tokens {', '.join(missing)} must be whole numbers")
        special = SpecialIds(**given, first=end, prefix=(), suffix=(end,))
        text = pair_vocabulary.describe(source, target, vocabulary, special)
        pair_vocabulary.read(json.loads(text))
    except (OSError, ValueError) as error:
        raise RunError(f"{folder} has no tokenizers that can be read: {error}") from error
    return text


def _own(library: Mapping[str, Any]) -> str | None:
    """Return the JSON of a tokenizer that dlcli has trained and exported; None for one of another tool."""
    try:
        return tokenizers.from_json(json.dumps(library)).to_json()
    except ValueError:
        return None


def _special(library: Any, named: Mapping[str, Any], config: Mapping[str, Any]) -> SpecialIds:
    def find(*names: str) -> int:
        """Return the id of the first special token that a file names, -1 if none does."""
        for name in names:
            token = named.get(name)
            token = token.get("content") if isinstance(token, dict) else token
            found = library.token_to_id(token) if isinstance(token, str) else None
            if found is not None:
                return int(found)
        return -1

    start, end = find("bos_token", "cls_token"), find("eos_token", "sep_token")
    if end < 0 and isinstance(config.get("eos_token_id"), int):
        end = config["eos_token_id"]
    if end < 0:
        raise ValueError("tokenizer_config.json must have an eos_token or sep_token")
    prefix, suffix = _frame(library)
    unknown, padding = find("unk_token"), find("pad_token")
    first = start if start >= 0 and start in prefix else end
    return SpecialIds(
        padding=padding if padding >= 0 else end,
        unknown=-1 if unknown == end else unknown,
        start=start,
        end=end,
        first=first,
        prefix=prefix,
        suffix=suffix,
    )


def _frame(library: Any) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Return the ids that the tokenizer puts before and after a text."""
    text = "a"
    plain = library.encode(text, add_special_tokens=False).ids
    framed = library.encode(text, add_special_tokens=True).ids
    for start in range(len(framed) - len(plain) + 1):
        if framed[start : start + len(plain)] == plain:
            return tuple(framed[:start]), tuple(framed[start + len(plain) :])
    return (), ()
