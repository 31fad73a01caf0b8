"""Pipelines of the `tokenizers` library: pre-tokenizer, model and decoder of each kind of tokenizer."""

from __future__ import annotations

import re
from collections.abc import Iterator

import tokenizers
from tokenizers import Regex, decoders, models, pre_tokenizers

from dlcli.data.text.vocabularies import SPECIAL, Vocabulary
from dlcli.options.text import TokenizerKind

PADDING, UNKNOWN, START, END = range(len(SPECIAL))
_PIECE = 2**16  # characters that are encoded at a time
# Every kind ends a token before a single space, tab or line end; bpe merges some sequences of several.
_BOUNDARY = re.compile(r"(?<=\S)(?=[ \t\n]\S)")


def pipeline(vocabulary: Vocabulary) -> tokenizers.Tokenizer:
    """Return the library's tokenizer with a vocabulary; with an empty one, the tokenizer before training."""
    ids = {entry: number for number, entry in enumerate(vocabulary.entries)}
    unknown = SPECIAL[UNKNOWN]
    match vocabulary.kind:
        case "characters":
            library = tokenizers.Tokenizer(models.BPE(vocab=ids, merges=[], unk_token=unknown))
            library.decoder = decoders.Fuse()
        case "words":
            library = tokenizers.Tokenizer(models.WordLevel(vocab=ids, unk_token=unknown))
            library.pre_tokenizer = pre_tokenizers.Split(Regex(r"\w+|[^\w\s]+"), "removed", invert=True)
        case "bpe":
            library = tokenizers.Tokenizer(models.BPE(vocab=ids, merges=list(vocabulary.merges)))
            library.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
            library.decoder = decoders.ByteLevel()
        case "wordpiece":
            library = tokenizers.Tokenizer(models.WordPiece(vocab=ids, unk_token=unknown))
            library.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
            library.decoder = decoders.WordPiece("##", cleanup=False)
        case "unigram":
            scored = list(zip(vocabulary.entries, vocabulary.scores, strict=True))
            library = tokenizers.Tokenizer(models.Unigram(scored, UNKNOWN, False) if scored else models.Unigram())
            marked = pre_tokenizers.Metaspace(prepend_scheme="always", split=False)
            parts = [pre_tokenizers.WhitespaceSplit(), marked, pre_tokenizers.Punctuation("isolated")]
            library.pre_tokenizer = pre_tokenizers.Sequence(parts)
            library.decoder = decoders.Metaspace(prepend_scheme="always")
    if ids:
        library.add_special_tokens(list(SPECIAL))
        library.encode_special_tokens = True
    return library


def empty_pipeline(kind: TokenizerKind) -> tokenizers.Tokenizer:
    """Return the library's tokenizer of a kind before training."""
    return pipeline(Vocabulary(kind, ()))


def boundary(text: str, start: int = 1) -> int | None:
    """Return the first place from `start` on where every kind ends a token; None if there is none."""
    found = _BOUNDARY.search(text, start)
    return found.end() if found else None


def pieces(text: str) -> Iterator[str]:
    """Cut a long text into pieces whose tokens are those of the whole text."""
    start = 0
    while (cut := boundary(text, start + _PIECE)) is not None:
        yield text[start:cut]
        start = cut
    yield text[start:]
