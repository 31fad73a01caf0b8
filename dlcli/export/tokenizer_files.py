"""The files of a tokenizer as `AutoTokenizer` of the transformers library reads them."""

from __future__ import annotations

from dlcli.data.text.tokenizers import END, PADDING, START, UNKNOWN, Tokenizer
from dlcli.data.text.vocabularies import SPECIAL
from dlcli.files import as_json


def tokenizer_files(tokenizer: Tokenizer, *, first: int = START, max_length: int | None = None) -> dict[str, bytes]:
    """Return `tokenizer.json` and `tokenizer_config.json`.

    Args:
        tokenizer: of the run.
        first: id of the token that precedes a text.
        max_length: tokens that the model processes at once; None: unlimited.
    """
    config = {
        "tokenizer_class": "PreTrainedTokenizerFast",
        "pad_token": SPECIAL[PADDING],
        "unk_token": SPECIAL[UNKNOWN],
        "bos_token": SPECIAL[first],
        "eos_token": SPECIAL[END],
        "clean_up_tokenization_spaces": False,
        "split_special_tokens": True,  # "<end>" in a text is five characters, as in dlcli
    }
    if max_length is not None:
        config["model_max_length"] = max_length
    return {"tokenizer.json": tokenizer.to_json().encode(), "tokenizer_config.json": as_json(config, indent=2).encode()}
