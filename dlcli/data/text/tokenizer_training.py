"""Training of tokenizers.

Reference: Sennrich et al., "Neural Machine Translation of Rare Words with Subword Units", 2016, arXiv:1508.07909, on
bytes as in Radford et al., "Language Models are Unsupervised Multitask Learners", 2019 (bpe); Schuster and Nakajima,
"Japanese and Korean Voice Search", 2012 (wordpiece); Kudo, "Subword Regularization", 2018, arXiv:1804.10959 (unigram).
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from tokenizers import trainers

from dlcli.data.text import vocabularies
from dlcli.data.text.tokenizer_pipelines import UNKNOWN, empty_pipeline, pieces
from dlcli.data.text.vocabularies import BYTES, SPECIAL, Vocabulary
from dlcli.errors import DatasetError, UsageError
from dlcli.options.text import MIN_VOCABULARY, TokenizerKind

_COUNTED = 2**22  # characters that are counted at a time
_PER_CHARACTER = 8  # entries of `wordpiece` for each character in its alphabet
# Training time grows with the square of the length of a run without white space; no word of a language is this long.
_RUN = re.compile(r"\S{200}(?=\S)")


def learn(kind: TokenizerKind, vocabulary_size: int, documents: Sequence[str]) -> Vocabulary:
    """Return the vocabulary of a kind of tokenizer; equal documents give equal vocabularies.

    Args:
        kind: `characters` and `words` keep the most frequent ones; `bpe` merges frequent pairs of bytes within words
            as GPT-2 defines them; `wordpiece` and `unigram` first split at white space and punctuation.
        vocabulary_size: largest number of entries, special tokens included.
        documents: training texts.

    Raises:
        ValueError: the vocabulary is too small for the kind.
        UsageError: the vocabulary is too small for the text.
        DatasetError: there is no text.
    """
    least = MIN_VOCABULARY[kind]
    if vocabulary_size < least:
        raise ValueError(f"a {kind} tokenizer needs a vocabulary of at least {least} entries, got {vocabulary_size}")
    if not any(text.strip() for text in documents):
        raise DatasetError(f"a {kind} tokenizer needs text to train on, found none")
    refuse_too_small(kind, vocabulary_size, documents)
    if kind == "characters":
        return Vocabulary(kind, (*SPECIAL, *_most_frequent_characters(documents, vocabulary_size - len(SPECIAL))))
    library = empty_pipeline(kind)
    library.train_from_iterator(_training_pieces(documents), _trainer(kind, vocabulary_size, documents))
    vocabulary = vocabularies.read(kind, json.loads(library.to_str())["model"])
    return _deterministic(vocabulary) if kind == "unigram" else vocabulary


def refuse_too_small(kind: TokenizerKind, vocabulary_size: int, documents: Sequence[str]) -> None:
    """Raise an error if the vocabulary is too small for the text, before training starts.

    Raises:
        UsageError: `unigram` cannot include all characters and one more piece, or every word would be unknown to
            `wordpiece`.
    """
    if kind == "unigram":
        least, purpose = _least_of_unigram(documents), "to include the characters of this text"
    elif kind == "wordpiece":
        least, purpose = _least_of_wordpiece(documents, vocabulary_size), "to encode any word of this text"
    else:
        return
    if vocabulary_size < least:
        raise UsageError(f"{kind} needs --vocab-size {least} or more {purpose}, got {vocabulary_size}")


def _trainer(kind: TokenizerKind, vocabulary_size: int, documents: Sequence[str]) -> trainers.Trainer:
    special = list(SPECIAL)
    common: dict[str, Any] = {"vocab_size": vocabulary_size, "show_progress": False}
    match kind:
        case "words":
            return trainers.WordLevelTrainer(**common, special_tokens=special)
        case "bpe":
            return trainers.BpeTrainer(**common, special_tokens=special, initial_alphabet=BYTES)
        case "wordpiece":
            # A limited alphabet leaves room for pieces; words with other characters are unknown. The trainer gives
            # ids to characters within words in no fixed order, unless they are special tokens.
            characters = _most_frequent_characters(documents, vocabulary_size // _PER_CHARACTER)
            alphabet = [each for each in characters if not each.isspace()]
            special += sorted(f"##{each}" for each in alphabet)
            return trainers.WordPieceTrainer(
                **common, special_tokens=special, initial_alphabet=alphabet, limit_alphabet=len(alphabet)
            )
        case _:
            return trainers.UnigramTrainer(**common, special_tokens=special, unk_token=SPECIAL[UNKNOWN])


def _least_of_unigram(documents: Sequence[str]) -> int:
    """Return the number of special tokens, characters and one more piece.

    The library fails if the characters do not fit, and exceeds the size if nothing more fits.
    """
    words = _words("unigram", [" ".join(_most_frequent_characters(documents, sys.maxunicode))])
    return len(SPECIAL) + len(set().union(*words)) + 1


def _least_of_wordpiece(documents: Sequence[str], enough: int) -> int:
    """Return a size for which at least one word has only known characters.

    The search stops at the first word for which `enough` entries suffice.
    """
    ranked = _most_frequent_characters(documents, sys.maxunicode)
    ranks = {character: rank for rank, character in enumerate(ranked, 1)}
    enough = max(enough, next(_PER_CHARACTER * ranks[each] for each in ranked if not each.isspace()))
    least = sys.maxsize
    for word in _words("wordpiece", documents):
        least = min(least, _PER_CHARACTER * max(map(ranks.__getitem__, word)))
        if least <= enough:
            break
    return least


def _words(kind: TokenizerKind, documents: Sequence[str]) -> Iterator[str]:
    """Yield the words that a kind splits a text into before it learns their pieces."""
    split = empty_pipeline(kind).pre_tokenizer.pre_tokenize_str
    return (word for text in documents for piece in pieces(text) for word, _ in split(piece))


def _deterministic(vocabulary: Vocabulary) -> Vocabulary:
    """Sort the entries of `unigram`, whose order is not fixed, and round off the noise of parallel sums.

    Characters that are not pieces get the lowest scores, in no fixed order.
    """
    scored = dict(zip(vocabulary.entries, (round(score, 6) for score in vocabulary.scores), strict=True))
    special = {entry: scored.pop(entry) for entry in SPECIAL}
    lowest = min((score for entry, score in scored.items() if len(entry) > 1), default=0.0)
    last = sorted(entry for entry, score in scored.items() if score < lowest)
    scored |= dict(zip(last, sorted((scored[entry] for entry in last), reverse=True), strict=True))
    ordered = {**special, **dict(sorted(scored.items(), key=lambda item: (-item[1], item[0])))}
    return Vocabulary("unigram", tuple(ordered), scores=tuple(ordered.values()))


def _training_pieces(documents: Sequence[str]) -> Iterator[str]:
    """Yield the documents in pieces; long runs without white space, such as base64 or Chinese, are cut."""
    for piece in (piece for text in documents for piece in pieces(text)):
        start = 0
        for run in _RUN.finditer(piece):
            yield piece[start : run.end()]
            start = run.end()
        yield piece[start:]


def _most_frequent_characters(documents: Sequence[str], most: int) -> list[str]:
    text = "".join(documents)
    counts = np.zeros(sys.maxunicode + 1, np.int64)
    for start in range(0, len(text), _COUNTED):
        codes = np.frombuffer(text[start : start + _COUNTED].encode("utf-32-le"), np.uint32)
        counts += np.bincount(codes, minlength=len(counts))
    order = np.argsort(-counts, kind="stable")[: min(most, np.count_nonzero(counts))]
    return [chr(code) for code in order.tolist()]
