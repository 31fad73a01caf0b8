"""Tokenizers: text to token ids and back, by characters, words or learnt pieces of words.

All are models of the `tokenizers` library and are kept as its own JSON. Each begins with the same special tokens:

- 0 `<pad>` fills up what is short,
- 1 `<unk>` stands for what the vocabulary lacks (never with `bpe`, which has all bytes),
- 2 `<start>` begins what a decoder writes,
- 3 `<end>` ends a text, and so stands before the next.

They come from the program alone: `<end>` in a text is five characters like any others.
"""

from __future__ import annotations

import functools
import hashlib
import json
import logging
import re
import sys
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, get_args

import numpy as np
import tokenizers
from tokenizers import Regex, decoders, models, pre_tokenizers, trainers

from dlcli.data import cache
from dlcli.data.text import vocabularies
from dlcli.data.text.vocabularies import BYTES, SPECIAL, Vocabulary, of_bytes
from dlcli.errors import DatasetError, RunError, UsageError
from dlcli.files import encode_utf8, read_json
from dlcli.options.common import LEAST_VOCABULARY, TokenizerKind
from dlcli.paths import expand_user

FORMAT = 2  # goes up when the same text gives other tokenizers than before
FILE = "tokenizer.json"  # in the run folder of a tokenizer
if TYPE_CHECKING:
    from dlcli.data.text.sets import Documents

log = logging.getLogger(__name__)

PADDING, UNKNOWN, START, END = range(len(SPECIAL))
KINDS: tuple[TokenizerKind, ...] = get_args(TokenizerKind)
_PIECE = 2**16  # characters that are encoded at a time
_COUNTED = 2**22  # characters that are counted at a time
_TOGETHER = 64  # pieces that the library encodes in parallel
_FOR_A_CHARACTER = 8  # entries of `wordpiece` for each character that it knows
# Every kind ends a token before a lone space, tab or line's end; of several in a row, bpe puts some together.
_CUT = re.compile(r"(?<=\S)(?=[ \t\n]\S)")
# Learning takes time with the square of what has no white space; no word of a language is as long.
_RUN = re.compile(r"\S{200}(?=\S)")
_VISIBLE = str.maketrans({" ": "␣", "\n": "↵", "\t": "⇥"})


class Tokenizer:
    """A trained tokenizer; equal JSON gives equal tokens."""

    def __init__(self, vocabulary: Vocabulary):
        self.kind = vocabulary.kind
        self.entries = vocabulary.entries
        self._library = _assembled(vocabulary)
        self._codes = _codes(self.entries) if self.kind == "characters" else None

    def __len__(self) -> int:
        return len(self.entries)

    def encode(self, text: str) -> np.ndarray:
        """Return the ids of a text, uint32 [token].

        Raises:
            ValueError: the text holds halves of characters, as a name that is not UTF-8 does.
        """
        [ids] = self.encode_all([text])
        return ids

    def encode_all(self, texts: Iterable[str]) -> Iterator[np.ndarray]:
        """Yield the ids of each text, uint32 [token], in order; long texts are cut where tokens end."""
        if self._codes is not None:
            yield from map(self._characters, texts)
            return
        waiting: list[tuple[bool, str]] = []  # whether a piece ends its text, and the piece
        done: list[list[int]] = []
        for text in texts:
            encode_utf8(text)  # the library would call a half of a character no text at all
            pieces = list(_pieces(text))
            waiting += [(number == len(pieces), piece) for number, piece in enumerate(pieces, 1)]
            if len(waiting) >= _TOGETHER:
                yield from self._joined(waiting, done)
                waiting = []
        yield from self._joined(waiting, done)

    def decode(self, ids: Sequence[int] | np.ndarray) -> str:
        """Return the text of ids; padding, start and end are left out, and `<unk>` stays to be seen.

        It is the text that was encoded with `characters` (if none was unknown) and `bpe`; `words`, `wordpiece` and
        `unigram` do not keep white space.
        """
        kept = [int(each) for each in ids if each not in (PADDING, START, END)]
        return self._library.decode(kept, skip_special_tokens=False)

    def pieces(self, ids: Sequence[int] | np.ndarray) -> list[str]:
        """Return what each id stands for, in a form to be read: ␣ is a space, ↵ a line's end, ⟨E2⟩ a byte."""
        readable = self._readable
        return [readable[each] for each in np.asarray(ids).tolist()]

    @functools.cached_property
    def _readable(self) -> list[str]:
        entries = self.entries
        if self.kind == "bpe":
            entries = tuple(piece if piece in SPECIAL else of_bytes(piece) for piece in entries)
        return [piece.translate(_VISIBLE) for piece in entries]

    def to_json(self) -> str:
        """Return it as the library writes it."""
        return self._library.to_str()

    @property
    def digest(self) -> str:
        """SHA-256 of its JSON."""
        return hashlib.sha256(self.to_json().encode()).hexdigest()

    def _characters(self, text: str) -> np.ndarray:
        # The library takes two seconds for a million characters.
        encode_utf8(text)
        codes = np.frombuffer(text.encode("utf-32-le"), np.uint32)
        return self._codes[np.minimum(codes, len(self._codes) - 1)]

    def _joined(self, waiting: Sequence[tuple[bool, str]], done: list[list[int]]) -> Iterator[np.ndarray]:
        encodings = self._library.encode_batch_fast([piece for _, piece in waiting], add_special_tokens=False)
        for (last, _), encoding in zip(waiting, encodings, strict=True):
            done.append(encoding.ids)
            if last:
                yield np.concatenate([np.asarray(ids, np.uint32) for ids in done])
                done.clear()


def train(kind: TokenizerKind, vocabulary_size: int, documents: Sequence[str]) -> Tokenizer:
    """Train a tokenizer; the same documents give the same one.

    Args:
        kind: `characters` and `words` take the most frequent ones; `bpe` merges bytes that often stand together,
            within words as GPT-2 cuts them; `wordpiece` and `unigram` cut at white space and punctuation before.
        vocabulary_size: entries at most, the special ones included.
        documents: to learn from.

    Raises:
        ValueError: the vocabulary is too small for the kind.
        UsageError: it is too small for the text.
        DatasetError: there is nothing to learn from.

    Reference: Sennrich et al., "Neural Machine Translation of Rare Words with Subword Units", 2016,
    arXiv:1508.07909, on bytes as Radford et al., "Language Models are Unsupervised Multitask Learners", 2019 (bpe);
    Schuster and Nakajima, "Japanese and Korean Voice Search", 2012 (wordpiece); Kudo, "Subword Regularization", 2018,
    arXiv:1804.10959 (unigram).
    """
    least = LEAST_VOCABULARY[kind]
    if vocabulary_size < least:
        raise ValueError(f"a vocabulary of {kind} must have {least} entries or more, got {vocabulary_size}")
    if not any(text.strip() for text in documents):
        raise DatasetError(f"a tokenizer of {kind} must have text to learn from, found none")
    refuse_too_small(kind, vocabulary_size, documents)
    if kind == "characters":
        entries = [*SPECIAL, *_most_frequent_characters(documents, vocabulary_size - len(SPECIAL))]
        return Tokenizer(Vocabulary(kind, tuple(entries)))
    library = _assembled(Vocabulary(kind, ()))
    trainer = _trainer(kind, vocabulary_size, documents)
    library.train_from_iterator(_learnable(documents), trainer)
    learnt = vocabularies.read(kind, json.loads(library.to_str())["model"])
    return Tokenizer(_settled(learnt) if kind == "unigram" else learnt)


def refuse_too_small(kind: TokenizerKind, vocabulary_size: int, documents: Sequence[str]) -> None:
    """Refuse a vocabulary that cannot hold what its kind must have of the text, before anything is learnt.

    Raises:
        UsageError: `unigram` has no place for all characters and a piece more, or every word would be unknown to
            `wordpiece`.
    """
    if kind == "unigram":
        least, purpose = _least_of_unigram(documents), "for the characters of this text"
    elif kind == "wordpiece":
        least, purpose = _least_of_wordpiece(documents, vocabulary_size), "to know a word of this text"
    else:
        return
    if vocabulary_size < least:
        raise UsageError(f"{kind} needs --vocabulary {least} or more {purpose}, got {vocabulary_size}")


def from_json(text: str) -> Tokenizer:
    """Read what `to_json` wrote. Only the vocabulary is taken from it, so a stranger's file can do no harm.

    Raises:
        ValueError: it is nothing that `to_json` writes.
    """
    try:
        found = json.loads(text)
    except RecursionError as error:
        raise ValueError("it is nested too deeply") from error
    frame = _frame(found)
    kind = next(
        (kind for kind in KINDS if _frame(json.loads(_assembled(Vocabulary(kind, ())).to_str())) == frame), None
    )
    if kind is None:
        raise ValueError(f"it must be a tokenizer of {', '.join(KINDS)}, as `dlcli train tokenizer` makes it")
    return Tokenizer(vocabularies.read(kind, found["model"]))


def load(path: Path) -> Tokenizer:
    """Read a tokenizer from its file, or from the folder that holds it as `tokenizer.json`.

    Raises:
        DatasetError: the file is missing or damaged, or no tokenizer of ours.
        RunError: likewise, where it should lie in a folder.
    """
    file, kind = (path / FILE, RunError) if path.is_dir() else (path, DatasetError)
    try:
        return from_json(json.dumps(read_json(file)))
    except FileNotFoundError:
        raise kind(f"{file} must be a tokenizer, and does not exist", hint="dlcli train tokenizer makes one") from None
    except (OSError, ValueError) as error:
        raise kind(f"{file} cannot be read as a tokenizer: {error}") from error


def resolve(choice: str | Path, vocabulary_size: int, documents: Documents) -> Tokenizer:
    """Return the tokenizer that an option names.

    Args:
        choice: a kind, to be trained on the documents, or the path of a file or run folder to `load`.
        vocabulary_size: entries at most of one that is trained.
        documents: of the training split. What was learnt from them is kept in the cache.

    Raises:
        UserError: as `train` and `load` have it.
    """
    if choice not in KINDS:
        return load(expand_user(choice))
    slot = f"tokenizer-{choice}-{vocabulary_size}-{documents.digest[:8]}"
    stem = cache.Stem(slot, f"{FORMAT}\n{documents.digest}")
    try:
        return from_json(cache.unseal(stem.path("json").read_bytes()).decode())
    except (OSError, ValueError):
        pass
    log.info("training a tokenizer: %s", choice)
    tokenizer = train(choice, vocabulary_size, documents.texts)
    with cache.replacing(stem.path("json")) as file:
        file.write(cache.seal(tokenizer.to_json().encode()))
    return tokenizer


def _assembled(vocabulary: Vocabulary) -> tokenizers.Tokenizer:
    """Make the library's tokenizer of a vocabulary; of an empty one, what it looks like before training."""
    kind, ids = vocabulary.kind, {entry: number for number, entry in enumerate(vocabulary.entries)}
    unknown = SPECIAL[UNKNOWN]
    match kind:
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


def _trainer(kind: TokenizerKind, vocabulary_size: int, documents: Sequence[str]) -> trainers.Trainer:
    common = {"vocab_size": vocabulary_size, "special_tokens": list(SPECIAL), "show_progress": False}
    match kind:
        case "words":
            return trainers.WordLevelTrainer(**common)
        case "bpe":
            return trainers.BpeTrainer(**common, initial_alphabet=BYTES)
        case "wordpiece":
            # Rare characters must not take the place of pieces; words that have them are unknown. The trainer
            # numbers characters within words as it meets them, in no fixed order, unless it is told before.
            alphabet = [
                each
                for each in _most_frequent_characters(documents, vocabulary_size // _FOR_A_CHARACTER)
                if not each.isspace()
            ]
            common["special_tokens"] += sorted(f"##{each}" for each in alphabet)
            return trainers.WordPieceTrainer(**common, initial_alphabet=alphabet, limit_alphabet=len(alphabet))
        case _:
            return trainers.UnigramTrainer(**common, unk_token=SPECIAL[UNKNOWN])


def _least_of_unigram(documents: Sequence[str]) -> int:
    """Return how many entries the special tokens, all characters and one more piece are.

    The library ends with an error where the characters do not fit, and goes beyond the size where nothing more does.
    """
    words = _words("unigram", [" ".join(_most_frequent_characters(documents, sys.maxunicode))])
    return len(SPECIAL) + len(set().union(*words)) + 1


def _least_of_wordpiece(documents: Sequence[str], enough: int) -> int:
    """Return the size from which on a word has known characters only; where `enough` will do, not the least of all."""
    ranked = _most_frequent_characters(documents, sys.maxunicode)
    ranks = {character: rank for rank, character in enumerate(ranked, 1)}
    enough = max(enough, next(_FOR_A_CHARACTER * ranks[each] for each in ranked if not each.isspace()))
    least = sys.maxsize
    for word in _words("wordpiece", documents):
        least = min(least, _FOR_A_CHARACTER * max(map(ranks.__getitem__, word)))
        if least <= enough:
            break
    return least


def _words(kind: TokenizerKind, documents: Sequence[str]) -> Iterator[str]:
    """Yield the words that a kind cuts a text into before it learns pieces of them."""
    cut = _assembled(Vocabulary(kind, ())).pre_tokenizer.pre_tokenize_str
    return (word for text in documents for piece in _pieces(text) for word, _ in cut(piece))


def _settled(learnt: Vocabulary) -> Vocabulary:
    """Put the entries of `unigram` in the one order that training leaves open, and drop the noise of parallel sums.

    Characters that are no piece of their own have scores below all others, handed out in no fixed order.
    """
    scored = dict(zip(learnt.entries, (round(score, 6) for score in learnt.scores), strict=True))
    special = {entry: scored.pop(entry) for entry in SPECIAL}
    lowest = min((score for entry, score in scored.items() if len(entry) > 1), default=0.0)
    late = sorted(entry for entry, score in scored.items() if score < lowest)
    scored |= dict(zip(late, sorted((scored[entry] for entry in late), reverse=True), strict=True))
    ordered = {**special, **dict(sorted(scored.items(), key=lambda item: (-item[1], item[0])))}
    return Vocabulary("unigram", tuple(ordered), scores=tuple(ordered.values()))


def _frame(found: dict) -> dict:
    """Return what a tokenizer's JSON says beside its vocabulary."""
    if not isinstance(found, dict) or not isinstance(model := found.get("model"), dict):
        return {}
    # A word is unknown by its number in `unigram`, which an empty vocabulary does not have.
    rest = {name: value for name, value in model.items() if name not in ("vocab", "merges", "unk_id")}
    return {**{name: value for name, value in found.items() if name not in ("added_tokens", "version")}, "model": rest}


def _pieces(text: str) -> Iterator[str]:
    """Cut a text into pieces of some length, such that their tokens are those of the whole."""
    start = 0
    while cut := _CUT.search(text, start + _PIECE):
        yield text[start : cut.end()]
        start = cut.end()
    yield text[start:]


def _learnable(documents: Sequence[str]) -> Iterator[str]:
    """Yield what is learnt from, in pieces; long runs without white space, such as base64 or Chinese, are cut."""
    for piece in (piece for text in documents for piece in _pieces(text)):
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


def _codes(entries: Sequence[str]) -> np.ndarray:
    """Return the id of each code point up to one that the vocabulary lacks, uint32 [code]."""
    known = {ord(entry): number for number, entry in enumerate(entries) if number >= len(SPECIAL)}
    codes = np.full(max(known, default=0) + 2, UNKNOWN, np.uint32)
    codes[list(known)] = list(known.values())
    return codes
