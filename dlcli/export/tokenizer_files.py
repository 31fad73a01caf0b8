"""The files of a tokenizer as `AutoTokenizer` of the transformers library reads them."""

from __future__ import annotations

from dlcli.data.text.tokenizer import Tokenizer
from dlcli.files import as_json


def tokenizer_files(
    tokenizer: Tokenizer, *, first: int | None = None, max_length: int | None = None
) -> dict[str, bytes]:
    """Return `tokenizer.json` and `tokenizer_config.json`; or the files of Marian's tokenizers.

    Args:
        tokenizer: of the run.
        first: id of the token that precedes a text; None: as the tokenizer's special tokens say.
        max_length: tokens that the model processes at once; None: unlimited.
    """
    if files := tokenizer.pair_files:
        special = tokenizer.special
        names = {"pad_token": special.padding, "unk_token": special.unknown, "eos_token": special.end}
        named = {name: tokenizer.entries[number] for name, number in names.items()}
        marian = {"tokenizer_class": "MarianTokenizer", **named, "model_max_length": max_length or 512}
        return {**files, "tokenizer_config.json": as_json(marian, indent=2).encode()}
    config = {
        "tokenizer_class": "PreTrainedTokenizerFast",
        **{
            name: tokenizer.entries[number]
            for name, number in {
                "pad_token": tokenizer.special.padding,
                "unk_token": tokenizer.special.unknown,
                "bos_token": _begins(tokenizer) if first is None else first,
                "eos_token": tokenizer.special.end,
            }.items()
            if number >= 0
        },
        "clean_up_tokenization_spaces": False,
        "split_special_tokens": True,  # "<end>" in a text is five characters, as in dlcli
    }
    if max_length is not None:
        config["model_max_length"] = max_length
    return {
        "tokenizer.json": tokenizer.library_json().encode(),
        "tokenizer_config.json": as_json(config, indent=2).encode(),
    }


def _begins(tokenizer: Tokenizer) -> int:
    special = tokenizer.special
    return special.start if special.start >= 0 else special.first
